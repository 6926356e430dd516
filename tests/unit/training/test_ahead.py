"""Who waits for work that is done beside does what nobody has begun yet."""

from __future__ import annotations

import threading
from collections.abc import Callable

from fenlei.training.ahead import Ahead, Begun, take_all

PATIENCE = 20.0


def begun(ahead: Ahead, work: Callable[[], str]) -> Begun[str]:
    return Begun(work, ahead.begin(work))


def name() -> str:
    return threading.current_thread().name


def test_the_pieces_begun_last_are_done_by_who_waits_while_the_first_is_done_beside() -> None:
    started, others_done = threading.Event(), threading.Event()

    def first() -> str:
        started.set()
        assert others_done.wait(PATIENCE)
        return name()

    def second() -> str:
        others_done.set()  # the third was before it: the last is taken first
        return name()

    with Ahead() as ahead:
        pieces = [begun(ahead, work) for work in (first, second, name)]
        assert started.wait(PATIENCE)
        beside, *here = take_all(pieces)
    assert beside.startswith("fenlei-ahead")
    assert here == [name(), name()]


def test_what_is_done_is_done_once_however_often_it_is_taken() -> None:
    done: list[str] = []

    def work() -> str:
        done.append(name())
        return name()

    with Ahead() as ahead:
        piece = begun(ahead, work)
        assert take_all([piece]) == [piece.take()] == done
