"""A candidate is judged as long as there is time for what comes of it; then it makes room for others."""

from __future__ import annotations

import time
from typing import cast

import pytest

from fenlei.training.head import Judged
from fenlei.training.in_time import judged_in_time
from fenlei.training.progress import Cancelled, Enough, Stage, Watch
from fenlei.training.timetable import Timetable

JUDGED = cast(Judged, object())


class Clock:
    """A clock that stands still, beside the one that a watch looks at."""

    def __init__(self) -> None:
        self.now = time.monotonic()

    def __call__(self) -> float:
        return self.now


def asking(watch: Watch) -> Judged:
    watch.step(Stage.EMBED, 1, 2)
    return JUDGED


def test_it_ends_where_too_little_time_is_left_to_make_a_model_of_it_and_the_search_goes_on() -> None:
    clock, watch = Clock(), Watch()
    table = Timetable(60, clock=clock)
    watch.may_end_early(table.deadline)
    assert judged_in_time(lambda: asking(watch), watch, table, 61.0) is None
    assert judged_in_time(lambda: asking(watch), watch, table, 30.0) is JUDGED
    watch.step(Stage.FIT, 0, 1)  # the end of the search is where it was
    assert judged_in_time(lambda: asking(watch), watch, table, 0.0) is JUDGED


def test_the_end_of_the_search_and_those_who_ask_for_it_are_obeyed() -> None:
    clock, asked = Clock(), [False]
    watch, table = Watch(enough=lambda: asked[0]), Timetable(60, clock=clock)
    watch.may_end_early(table.deadline)
    asked[0] = True
    with pytest.raises(Enough):
        judged_in_time(lambda: asking(watch), watch, table, 1.0)
    asked[0] = False
    clock.now += 61
    with pytest.raises(Enough):
        judged_in_time(lambda: asking(watch), watch, table, 61.0)
    stopped = Watch(cancelled=lambda: True)
    with pytest.raises(Cancelled):
        judged_in_time(lambda: asking(stopped), stopped, Timetable(60), 1.0)


def test_without_a_budget_nothing_ends() -> None:
    watch = Watch()
    assert judged_in_time(lambda: asking(watch), watch, Timetable(None), 1e9) is JUDGED
