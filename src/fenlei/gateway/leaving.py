"""Models whose place was taken: let go of when the last request that began on them has ended."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from fenlei.serving.endpoint import Endpoint

log = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = 0.05


@dataclass(frozen=True)
class _Leaver:
    endpoint: Endpoint
    release: Callable[[], None]


class Leaving:
    """A thread that waits for endpoints which nobody is sent to any more. Safe from many threads."""

    def __init__(self) -> None:
        """The thread starts with the first model that leaves."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._leavers: list[_Leaver] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Name the event loop on which requests are let in."""
        self._loop = loop

    @property
    def count(self) -> int:
        """How many models are still waited for."""
        return len(self._leavers)

    def add(self, endpoint: Endpoint, release: Callable[[], None]) -> None:
        """Call `release` once nobody is in this endpoint; the door must not send anybody there any more."""
        with self._changed:
            self._leavers.append(_Leaver(endpoint, release))
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="fenlei-leaving", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Wait for nobody any more; what is left is the process's end to clean up."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._leavers and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                leavers = list(self._leavers)
            if self._everybody_is_counted():
                for leaver in leavers:
                    if leaver.endpoint.idle:
                        self._let_go(leaver)
            with self._changed:
                if self._leavers and not self._closed:
                    self._changed.wait(LOOK_AGAIN_SECONDS)

    def _everybody_is_counted(self) -> bool:
        """Whether whoever looked at the door before this call has been counted by the endpoint it was sent to.

        Looking and being counted is one stretch of the event loop; a callback that has run came after it.
        """
        if self._loop is None or self._loop.is_closed():
            return True
        passed = threading.Event()
        try:
            self._loop.call_soon_threadsafe(passed.set)
        except RuntimeError:  # it was closed in this moment
            return True
        return passed.wait(5.0)

    def _let_go(self, leaver: _Leaver) -> None:
        try:
            leaver.release()
        except Exception:
            log.exception("model_not_released")
        with self._changed:
            self._leavers.remove(leaver)
