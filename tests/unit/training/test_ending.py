"""What is left of the making of the last model is known better with every piece of it that is done."""

from __future__ import annotations

import pytest

from fenlei.training.ending import Ending, Piece


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def expected(clock: Clock) -> Ending:
    """Two seconds of a curve, ten maps of half a second, one second for the report."""
    ending = Ending(clock=clock)
    ending.expect(Piece.CURVE, 2.0)
    ending.expect(Piece.MAPS, 0.5, 10, most=6.0)
    ending.expect(Piece.FINISHING, 1.0)
    return ending


def test_before_it_begins_all_of_it_is_left_however_late_it_is_and_more_is_kept_aside() -> None:
    clock = Clock()
    ending = expected(clock)
    clock.now += 60
    assert ending.left == 8.0
    assert ending.aside == 1.25 * 2 + 6 + 1.25


def test_what_goes_on_counts_down_and_what_is_over_counts_no_more_whatever_it_took() -> None:
    clock = Clock()
    ending = expected(clock)
    ending.begin(Piece.CURVE)
    clock.now += 0.5
    assert ending.left == 7.5
    clock.now += 10
    assert ending.left == 6.0  # no less than what comes after it
    ending.begin(Piece.MAPS)
    assert ending.left == 6.0
    ending.begin(Piece.FINISHING)  # maps are left out
    assert ending.left == 1.0
    clock.now += 0.75
    ending.end()
    assert ending.left == 0.0
    assert ending.took == {Piece.CURVE: 10.5, Piece.MAPS: 0.0, Piece.FINISHING: 0.75}


def test_the_rest_of_the_steps_is_reckoned_by_those_that_are_done() -> None:
    clock = Clock()
    ending = expected(clock)
    ending.begin(Piece.MAPS, 4)  # fewer than were expected
    assert ending.left == 4 * 0.5 + 1
    clock.now += 1
    ending.step(1, 4)  # and each takes twice as long
    assert 2.5 < ending.left - 1 < 3
    before = ending.left
    clock.now += 0.25
    assert ending.left == pytest.approx(before - 0.25)
    clock.now += 1.75
    ending.step(3, 4)
    assert ending.left - 1 == pytest.approx(1, rel=0.1)
    ending.step(4, 4)
    assert ending.left == 1


def test_a_first_step_that_is_not_like_the_others_does_not_speak_for_all_of_them() -> None:
    clock = Clock()
    ending = expected(clock)
    ending.expect(Piece.CURVE, 4.0)
    ending.begin(Piece.CURVE)
    clock.now += 0.5
    ending.step(1, 50)
    assert ending.left < 4 + 5 + 1 + 4  # by itself it would promise 25 seconds
    for done in range(2, 51):
        clock.now += 0.08
        ending.step(done, 50)
        assert ending.left == pytest.approx((50 - done) * 0.08 + 5 + 1, rel=0.4)


def test_whoever_listens_is_told_whenever_more_is_known() -> None:
    heard: list[float] = []
    clock = Clock()
    ending = Ending(lambda: heard.append(ending.left), clock)
    ending.expect(Piece.MAPS, 1.0, 3)
    ending.step(1, 3)  # of nothing
    assert not heard
    ending.begin(Piece.MAPS)
    for done in (1, 2):
        clock.now += 2
        ending.step(done, 3)
    assert heard[0] == 3.0
    assert heard[1:] == pytest.approx([4.0, 2.0], rel=0.2)
