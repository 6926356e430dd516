"""Turn many pictures into features: decoding and inference overlap, every core is busy, memory stays bounded."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from contextlib import suppress
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from fenlei.contract.errors import FenleiError
from fenlei.inference.cores import usable_cores
from fenlei.inference.engine import Engine, EngineClosed

Embedded = tuple[int, NDArray[np.float32] | FenleiError, NDArray[np.uint8] | None]
"""Index of the source; its features (d,) or why it has none; the pixels (h, w, 3) the engine saw, None if none."""

_Prepared = tuple[int, NDArray[np.uint8] | FenleiError]
"""Index of the source; its pixels, or why it has none."""

Payload = TypeVar("Payload")
"""What a source gives and `prepare` takes: the bytes of a picture file, or pixels that need no decoding."""

_AHEAD = 64
"""Pictures that are prepared while the engine is being opened."""

_WAIT = 0.1
"""Seconds between looks at `cancelled` while every worker is busy with one picture."""


class Unreadable(FenleiError):
    """The bytes of a picture could not be had."""


def embed(
    sources: Sequence[Callable[[], Payload]],
    prepare: Callable[[Payload], NDArray[np.uint8]],
    engine: Engine | Future[Engine],
    *,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Generator[Embedded, None, None]:
    """Yield the features of every source as they come, each with its index.

    Each worker thread takes the next source, reads it, prepares it and runs it; decoding and inference both let go
    of Python's lock, so while one worker decodes another infers. Which worker takes which picture changes from run
    to run; what comes out for an index does not. At most three pictures per worker are in memory, however slow the
    reader of this iterator is; and 64 more where the engine is still being opened, which are prepared meanwhile.

    Args:
        sources: each gives one picture when called, usually the bytes of its file; called once, on a worker's thread.
        prepare: what a source gave to pixels (h, w, 3) as the engine takes them. Its FenleiErrors belong to
            the picture.
        engine: runs the pixels, or will do so as soon as it is open. It stays open. Where it cannot be opened, every
            picture yields that error.
        workers: threads; None takes one more than the cores this process may use, so that a core whose worker
            is between two pictures has another to go on with.
        progress: called on the reader's thread with (pictures done, pictures in all) before each is yielded.
        cancelled: asked before each picture, from any thread. Once it is true no further picture is begun and the
            iteration ends early, without an error: who cancels knows.

    Yields:
        (index, features or error, prepared pixels or None). A picture that cannot be read, prepared or run yields
        its error and hurts no other.

    Raises:
        EngineClosed: the engine was closed meanwhile.
        Exception: anything `prepare` or a source raises that is neither a FenleiError nor an OSError.
    """
    pipeline = _Pipeline(sources, prepare, engine, max(1, workers or usable_cores() + 1), cancelled or _never)
    try:
        for done, item in enumerate(pipeline.run(), start=1):
            if progress is not None:
                progress(done, len(sources))
            yield item
    finally:
        pipeline.stop()


class _Pipeline(Generic[Payload]):
    """The threads of one `embed`, and the little they share."""

    def __init__(
        self,
        sources: Sequence[Callable[[], Payload]],
        prepare: Callable[[Payload], NDArray[np.uint8]],
        engine: Engine | Future[Engine],
        workers: int,
        cancelled: Callable[[], bool],
    ) -> None:
        self._sources = sources
        self._prepare = prepare
        self._engine = engine if isinstance(engine, Future) else _there(engine)
        self._ahead: deque[_Prepared] = deque()  # while the engine is being opened
        self._cancelled = cancelled
        self._next = iter(range(len(sources)))
        self._next_lock = threading.Lock()
        room = 3 * workers + (0 if self._engine.done() else _AHEAD)
        self._room = threading.Semaphore(room)  # pictures begun and not yet handed over
        self._stopping = threading.Event()
        self._out: queue.SimpleQueue[Embedded | BaseException | None] = queue.SimpleQueue()
        count = min(workers, len(sources))
        self._threads = [
            threading.Thread(target=self._work, name=f"fenlei-embed-{number}", daemon=True) for number in range(count)
        ]

    def run(self) -> Iterator[Embedded]:
        for thread in self._threads:
            thread.start()
        working = len(self._threads)
        while working:
            try:
                item = self._out.get(timeout=_WAIT)
            except queue.Empty:
                continue  # an interrupt of the main thread arrives between two waits on every platform
            if item is None:
                working -= 1
            elif isinstance(item, BaseException):
                raise item
            else:
                self._room.release()
                yield item

    def stop(self) -> None:
        """Let every worker end after the picture it holds, and wait for that."""
        self._stopping.set()
        self._room.release(len(self._threads) or 1)
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def _work(self) -> None:
        try:
            while (picture := self._taken()) is not None:
                self._out.put(self._run(*picture))
        except BaseException as exc:  # noqa: BLE001 - carried to the reader's thread and raised there
            self._out.put(exc)
        finally:
            self._out.put(None)

    def _taken(self) -> _Prepared | None:
        """The next picture, once there is an engine to run it; until then others are prepared. None when all are."""
        while True:
            opened = self._engine.done()
            if opened:
                with suppress(IndexError):
                    return self._ahead.popleft()
            began = self._room.acquire(blocking=opened)
            if self._stopping.is_set() or self._cancelled():
                return None
            index = None
            if began:
                with self._next_lock:
                    index = next(self._next, None)
            if index is not None:
                prepared = self._prepared(index)
                if self._engine.done():
                    return prepared
                self._ahead.append(prepared)
            elif not opened:
                wait_for([self._engine])
            elif not self._ahead:
                return None

    def _prepared(self, index: int) -> _Prepared:
        try:
            return index, self._prepare(self._sources[index]())
        except EngineClosed:
            raise
        except FenleiError as exc:
            return index, exc
        except OSError as exc:
            return index, _unreadable(index, exc)

    def _run(self, index: int, pixels: NDArray[np.uint8] | FenleiError) -> Embedded:
        if isinstance(pixels, FenleiError):
            return index, pixels, None
        try:
            return index, self._engine.result().infer(pixels[None])[0], pixels
        except EngineClosed:
            raise
        except FenleiError as exc:
            return index, exc, pixels


def _there(engine: Engine) -> Future[Engine]:
    opened: Future[Engine] = Future()
    opened.set_result(engine)
    return opened


def _unreadable(index: int, exc: OSError) -> Unreadable:
    error = Unreadable(f"Picture {index + 1} cannot be read: {exc.strerror or exc}.")
    error.__cause__ = exc
    return error


def _never() -> bool:
    return False
