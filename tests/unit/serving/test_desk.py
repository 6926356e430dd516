"""The desk: bounded, at once, fair to neighbours, and it forgets callers who left."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import Any

import pytest

from fenlei.serving import desk as desk_module
from fenlei.serving.desk import Desk, Ticket
from fenlei.serving.errors import CallerGone, Overloaded

WAIT = 10.0


class Gate:
    """Work that stands still until it is let go."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.go = threading.Event()

    def work(self, ticket: Ticket[str]) -> str:
        self.begun.release()
        assert self.go.wait(WAIT)
        ticket.check()
        return "done"


@pytest.fixture
def make() -> Iterator[Callable[..., Desk]]:
    desks: list[Desk] = []

    def factory(**options: Any) -> Desk:
        desks.append(Desk(**options))
        return desks[-1]

    yield factory
    for desk in desks:
        assert desk.close(WAIT)


def quick(ticket: Ticket[str]) -> str:
    return "quick"


def test_a_job_is_done_and_its_result_delivered_once(make: Callable[..., Desk]) -> None:
    results: SimpleQueue[object] = SimpleQueue()
    make(workers=1, places=4).submit(quick, results.put)
    assert results.get(timeout=WAIT) == "quick"
    assert results.empty()


def test_a_full_desk_is_busy_at_once_and_says_when_to_come_back(make: Callable[..., Desk]) -> None:
    desk, gate = make(workers=1, places=2), Gate()
    results: SimpleQueue[object] = SimpleQueue()
    for _ in range(3):
        desk.submit(gate.work, results.put)
    assert gate.begun.acquire(timeout=WAIT)
    with pytest.raises(Overloaded) as caught:
        desk.submit(quick, results.put)
    assert caught.value.reason == "queue"
    assert caught.value.retry_after >= 1
    gate.go.set()
    assert [results.get(timeout=WAIT) for _ in range(3)] == ["done"] * 3


def test_the_time_to_come_back_grows_with_what_jobs_take(make: Callable[..., Desk]) -> None:
    desk, gate = make(workers=1, places=8), Gate()
    desk._seconds = 0.9  # as if jobs had taken this long
    for _ in range(9):
        desk.submit(gate.work, lambda _: None)
    assert gate.begun.acquire(timeout=WAIT)
    assert desk.retry_after == 9
    gate.go.set()


def test_what_a_job_raises_goes_to_its_own_caller_only(make: Callable[..., Desk]) -> None:
    desk = make(workers=1, places=4)
    results: SimpleQueue[object] = SimpleQueue()

    def broken(ticket: Ticket[str]) -> str:
        raise ValueError("mine")

    desk.submit(broken, results.put)
    desk.submit(quick, results.put)
    assert isinstance(results.get(timeout=WAIT), ValueError)
    assert results.get(timeout=WAIT) == "quick"


def test_a_waiting_job_whose_caller_left_is_never_begun_and_frees_its_place(make: Callable[..., Desk]) -> None:
    desk, gate = make(workers=1, places=1), Gate()
    results: SimpleQueue[object] = SimpleQueue()
    begun: list[int] = []
    desk.submit(gate.work, results.put)
    assert gate.begun.acquire(timeout=WAIT)
    left = desk.submit(lambda ticket: begun.append(1), results.put)
    assert desk.depth == 1
    left.cancel()
    assert desk.depth == 0
    desk.submit(quick, results.put)  # the place is free again
    gate.go.set()
    assert [results.get(timeout=WAIT), results.get(timeout=WAIT)] == ["done", "quick"]
    assert begun == []


def test_a_running_job_sees_that_its_caller_left_and_delivers_nothing(make: Callable[..., Desk]) -> None:
    desk, gate = make(workers=1, places=1), Gate()
    results: SimpleQueue[object] = SimpleQueue()
    seen: SimpleQueue[bool] = SimpleQueue()

    def work(ticket: Ticket[str]) -> str:
        try:
            return gate.work(ticket)
        except CallerGone:
            seen.put(True)
            raise

    ticket = desk.submit(work, results.put)
    assert gate.begun.acquire(timeout=WAIT)
    ticket.cancel()
    gate.go.set()
    assert seen.get(timeout=WAIT)
    desk.submit(quick, results.put)
    assert results.get(timeout=WAIT) == "quick"


def test_a_job_that_waited_too_long_is_refused_instead_of_begun(make: Callable[..., Desk]) -> None:
    desk = make(workers=1, places=1, patience=-1.0)  # whatever it waited, it was too long
    results: SimpleQueue[object] = SimpleQueue()
    desk.submit(quick, results.put)
    outcome = results.get(timeout=WAIT)
    assert isinstance(outcome, Overloaded)
    assert outcome.reason == "deadline"


def test_closing_finishes_what_is_in_the_house_and_refuses_the_rest() -> None:
    desk, gate = Desk(workers=1, places=4), Gate()
    results: SimpleQueue[object] = SimpleQueue()
    desk.submit(gate.work, results.put)
    desk.submit(quick, results.put)
    assert gate.begun.acquire(timeout=WAIT)
    assert not desk.close(0.0)
    with pytest.raises(Overloaded) as caught:
        desk.submit(quick, results.put)
    assert caught.value.reason == "draining"
    gate.go.set()
    assert desk.close(WAIT)
    assert [results.get(timeout=WAIT), results.get(timeout=WAIT)] == ["done", "quick"]


def test_workers_work_side_by_side(make: Callable[..., Desk]) -> None:
    desk = make(workers=2, places=0)
    results: SimpleQueue[object] = SimpleQueue()
    meeting = threading.Barrier(2, timeout=WAIT)
    for _ in range(2):
        desk.submit(lambda ticket: meeting.wait(), results.put)
    assert sorted([results.get(timeout=WAIT), results.get(timeout=WAIT)]) == [0, 1]  # type: ignore[type-var]


def test_a_caller_whose_ear_is_gone_does_not_hurt_the_next(make: Callable[..., Desk], caplog: Any) -> None:
    desk = make(workers=1, places=4)
    results: SimpleQueue[object] = SimpleQueue()

    def deaf(_: object) -> None:
        raise RuntimeError("the loop is closed")

    desk.submit(quick, deaf)
    desk.submit(quick, results.put)
    assert results.get(timeout=WAIT) == "quick"
    assert "answer_not_delivered" in caplog.text


def test_a_desk_that_comes_to_rest_tidies_up_once(make: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_module, "IDLE_SECONDS", 0.01)
    rests: SimpleQueue[object] = SimpleQueue()
    gate = Gate()
    desk = make(workers=2, places=4, idle=lambda: rests.put("rest"))
    desk.submit(gate.work, lambda _: None)
    desk.submit(quick, lambda _: None)
    assert gate.begun.acquire(timeout=WAIT)
    assert rests.empty()  # one is still at work
    gate.go.set()
    assert rests.get(timeout=WAIT) == "rest"
    desk.submit(quick, lambda _: None)
    assert rests.get(timeout=WAIT) == "rest"
    with pytest.raises(Empty):
        rests.get(timeout=0.1)  # ten times as long as it takes to come to rest
