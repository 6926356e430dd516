"""When a search ends, and that what is told of the time left from its middle on comes true."""

from __future__ import annotations

import pytest

from fenlei.training.ending import Piece
from fenlei.training.timetable import Timetable


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def expect(table: Timetable, seconds: float) -> None:
    """What comes after the search takes so long, and no longer."""
    table.ending.expect(Piece.STARTS, seconds, most=seconds)


def told(
    budget: float, bests: list[float], plan: float, *, before: float = 0.0
) -> tuple[float, list[tuple[float, float]]]:
    """A search that finds better ones and is through with its plan at these seconds: when it ends, and (second, seconds
    left) as told on the way."""
    clock = Clock()
    table = Timetable(budget, before=before, moved=before, clock=clock)
    expect(table, 2.0)
    heard: list[tuple[float, float]] = []
    while table.room > 0:
        clock.now += 0.5
        if any(abs(table.spent - each) < 0.01 for each in bests):
            table.something_moved()
        if table.planning and table.spent >= plan:
            table.something_moved()
            table.planning = False
        outlook = table.outlook()
        assert outlook is not None
        heard.append((outlook.spent, outlook.left))
    return table.spent + table.ending.left, heard


@pytest.mark.parametrize(
    ("budget", "bests", "plan", "end"),
    [
        (600, [5.0], 40.0, 82.0),  # nothing moved for as long again
        (600, [5.0, 70.0], 40.0, 142.0),
        (600, [5.0, 70.0, 130.0], 40.0, 262.0),
        (600, [5.0, 200.0], 40.0, 82.0),  # too late: it had ended
        (100, [5.0], 40.0, 100.0),  # an early end would save less than half
        (100, [5.0, 90.0], 10.0, 22.0),
        (100, [5.0], 300.0, 100.0),  # the budget ends before the plan does
    ],
)
def test_it_ends_early_where_nothing_moves_and_the_told_end_stands_from_the_middle_on(
    budget: float, bests: list[float], plan: float, end: float
) -> None:
    ended, heard = told(budget, bests, plan)
    assert ended == pytest.approx(end, abs=0.6)
    for spent, left in heard:
        if spent > ended / 2:
            assert spent + left == pytest.approx(ended, abs=0.6), f"at {spent}"


def test_what_was_spent_before_counts_and_what_is_asked_for_anew_gets_as_long_again() -> None:
    ended, _ = told(100, [], 1.0, before=90.0)
    assert ended == 100
    ended, _ = told(1000, [], 61.0, before=60.0)
    assert ended == pytest.approx(2 * 61 + 2, abs=0.6)


def test_without_a_budget_nothing_is_told_and_nothing_ends_it() -> None:
    table = Timetable(None)
    assert table.outlook() is None
    assert table.deadline is None
    assert table.room == float("inf")


def test_the_deadline_is_on_the_clock_of_this_process_and_the_last_seconds_are_for_the_model() -> None:
    clock = Clock()
    table = Timetable(30, before=10, clock=clock)
    expect(table, 3.0)
    assert table.deadline == 100 + 30 - 10 - 3
    clock.now = 117.5
    assert table.room == pytest.approx(-0.5)
    table.over()
    clock.now = 118.5
    assert table.outlook() == (28.5, 2.0)


@pytest.mark.parametrize("took", [10.0, 200.0, 300.0])
def test_what_a_last_stage_does_not_need_goes_to_others_and_the_end_stands(took: float) -> None:
    clock = Clock()
    table = Timetable(600, clock=clock)
    expect(table, 5.0)
    table.last = 300.0
    clock.now += 40
    assert table.room == 600 - 300 - 5 - 40  # what comes before leaves that time
    table.planning = False
    clock.now += 200
    table.last_stage()
    ends = {round(outlook.spent + outlook.left) for outlook in [table.outlook()] if outlook is not None}
    clock.now += took
    table.last_stage_over()
    assert table.room == 300 - took
    outlook = table.outlook()
    assert outlook is not None
    assert {round(outlook.spent + outlook.left)} == ends == {545}


@pytest.mark.parametrize("after", [1.0, 9.0])
def test_the_end_that_was_told_stands_whatever_becomes_the_best_in_the_last_stage(after: float) -> None:
    clock = Clock()
    table = Timetable(600, clock=clock)
    expect(table, 5.0)
    table.last = 300.0
    table.planning = False
    clock.now += 100
    table.last_stage()
    ends = []

    def told() -> None:
        outlook = table.outlook()
        assert outlook is not None
        ends.append(outlook.spent + outlook.left)

    told()
    clock.now += 200
    expect(table, after)  # a best of which a model is made sooner, or later
    told()
    table.last_stage_over()
    told()
    assert table.room == 405 - after - 300
    assert ends == [405.0, 405.0, 405.0]


def test_the_last_stage_has_what_was_set_aside_for_it_and_no_more() -> None:
    clock = Clock()
    table = Timetable(600, clock=clock)
    expect(table, 10.0)
    table.last = 120.0
    assert table.left_of_last == 590.0
    clock.now += 100
    table.last_stage()
    assert table.left_of_last == 120.0
    clock.now += 70
    assert table.left_of_last == 50.0
    assert table.room_for_last == 420.0
    clock.now += 60
    assert table.left_of_last == -10.0


def test_a_search_leaves_what_is_kept_aside_for_the_last_model_and_tells_what_that_will_take() -> None:
    clock = Clock()
    table = Timetable(600, clock=clock)
    table.ending.expect(Piece.STARTS, 4.0, most=10.0)
    assert table.room == 590.0
    assert table.outlook() == (0.0, 594.0)
    clock.now += 590
    table.over()
    clock.now += 1
    table.ending.expect(Piece.MAPS, 2.0, 3)  # by now there are known to be some
    assert table.outlook() == (591.0, 3.0 + 6.0)
