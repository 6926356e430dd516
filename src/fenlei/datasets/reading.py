"""Read and examine many files ahead, in their order, without holding more than a little at once."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from fenlei.contract.errors import FenleiError
from fenlei.datasets.examine import Facts, examine
from fenlei.datasets.importers import FoundFile
from fenlei.inference.cores import usable_cores

AHEAD_FILES = 256
AHEAD_BYTES = 64 * 1024 * 1024
"""Read and waiting; beyond it no further file is begun."""


@dataclass(frozen=True)
class Examined:
    """A picture that was read and can be used."""

    file: FoundFile
    data: bytes
    facts: Facts


@dataclass(frozen=True)
class Unusable:
    """A file that was read, or could not be, and cannot be used; the sentence says why."""

    file: FoundFile
    reason: str


Outcome = Examined | Unusable


def examined(files: Iterable[FoundFile]) -> Iterator[Outcome]:
    """Read and examine files in threads; they come out in the order they go in."""
    waiting: deque[Future[Outcome]] = deque()
    held = _Held(AHEAD_BYTES)

    def work(number: int, file: FoundFile) -> Outcome:
        held.wait_for_room(number)
        outcome = _examine(file)
        held.add(_size(outcome))
        return outcome

    def first() -> Outcome:
        outcome = waiting.popleft().result()
        held.hand_on(_size(outcome))
        return outcome

    with ThreadPoolExecutor(max(2, usable_cores()), thread_name_prefix="fenlei-import") as pool:
        try:
            for number, file in enumerate(files):
                if len(waiting) >= AHEAD_FILES:
                    yield first()
                waiting.append(pool.submit(work, number, file))
            while waiting:
                yield first()
        finally:
            for each in waiting:
                each.cancel()
            held.let_all_go()


class _Held:
    """Bytes that were read and nobody took yet. Whoever is next in line may always read, so that nobody waits in
    vain; the others wait until there is room."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._bytes = 0
        self._next = 0
        self._over = False
        self._changed = threading.Condition()

    def wait_for_room(self, number: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._over or self._bytes < self._most or number == self._next)

    def add(self, size: int) -> None:
        with self._changed:
            self._bytes += size

    def hand_on(self, size: int) -> None:
        with self._changed:
            self._bytes -= size
            self._next += 1
            self._changed.notify_all()

    def let_all_go(self) -> None:
        with self._changed:
            self._over = True
            self._changed.notify_all()


def _size(outcome: Outcome) -> int:
    return len(outcome.data) if isinstance(outcome, Examined) else 0


def _examine(file: FoundFile) -> Outcome:
    try:
        data = file.read()
        if not data:
            return Unusable(file, "the file is empty")
        return Examined(file, data, examine(data))
    except (FenleiError, OSError) as exc:
        return Unusable(file, str(exc).removeprefix(f"{file.name} "))
