"""Slots are given in the order of asking, and closing waits for the guests."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from fenlei.inference import EngineClosed
from fenlei.inference.slots import Slots


def waiting(slots: Slots[str], number: int) -> None:
    """Return once this many callers wait."""
    with slots._changed:
        assert slots._changed.wait_for(lambda: len(slots._queue) == number, timeout=30)


def test_an_idle_thing_is_given_at_once() -> None:
    slots = Slots(["a", "b"])
    assert {slots.take(), slots.take_idle()} == {"a", "b"}
    assert slots.take_idle() is None


def test_who_asks_first_is_served_first() -> None:
    slots = Slots(["only"])
    slots.take()
    served: list[int] = []

    def ask(number: int) -> None:
        thing = slots.take()
        served.append(number)
        slots.give(thing)

    threads = []
    for number in range(6):
        threads.append(threading.Thread(target=ask, args=(number,)))
        threads[-1].start()
        waiting(slots, number + 1)
    slots.give("only")
    for thread in threads:
        thread.join(30)
    assert served == list(range(6))


def test_nobody_takes_an_idle_thing_past_those_who_wait() -> None:
    slots = Slots(["only"])
    slots.take()
    with ThreadPoolExecutor(1) as pool:
        patient = pool.submit(slots.take)
        waiting(slots, 1)
        with slots._changed:  # the thing is back and the one who waits has not woken yet
            slots._idle.append("only")
            stolen = slots.take_idle()
        slots.give("another")
        assert stolen is None
        assert patient.result(timeout=30) == "only"


def test_closing_waits_for_calls_and_refuses_new_ones() -> None:
    slots = Slots(["only"])
    entered, leave = threading.Event(), threading.Event()

    def stay() -> None:
        with slots.call():
            entered.set()
            assert leave.wait(30)

    with ThreadPoolExecutor(2) as pool:
        guest = pool.submit(stay)
        assert entered.wait(30)
        closing = pool.submit(slots.close)
        with slots._changed:
            assert slots._changed.wait_for(lambda: slots._closed, timeout=30)
        with pytest.raises(EngineClosed), slots.call():
            pass
        assert not closing.done()
        leave.set()
        guest.result(timeout=30)
        closing.result(timeout=30)
    slots.close()
