"""What a first model needs whatever its head is, found out on another core while other things are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from fenlei.training.one_thread import one_thread
from fenlei.training.view import View


@dataclass(frozen=True)
class Shown:
    """The pictures that will travel in the model file, and what a network makes of them.

    Attributes:
        view: of which the features are.
        files: whatever the view.
        features: (m, d) of those files.
    """

    view: View
    files: Sequence[bytes]
    features: NDArray[np.float32]


@dataclass(frozen=True)
class Measured:
    """What the rule for the unknown is set by.

    Attributes:
        view: of which the features are.
        distances: see `unknown.held_out_distances`.
    """

    view: View
    distances: Sequence[NDArray[np.float64]]


class Ahead(AbstractContextManager["Ahead"]):
    """Does one piece of work after another beside the search, each once.

    From when it begins to measure until that is asked for, matrices are multiplied on one thread everywhere: the limit
    is the process's, and two threads that set it and set it back in turn would leave it at what the other one had set.
    """

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._shown: Future[Shown] | None = None
        self._measured: Future[Measured] | None = None
        self._limit = ExitStack()

    def show(self, work: Callable[[], Shown]) -> None:
        """Begin with the pictures that travel."""
        self._shown = self._begun().submit(work)

    def measure(self, work: Callable[[], Measured]) -> None:
        """Begin to measure, while heads are judged."""
        self._limit.enter_context(one_thread())
        self._measured = self._begun().submit(work)

    def shown(self) -> Shown | None:
        """What `show` began, as soon as that is done; None where nothing was.

        Raises:
            FenleiError: the work cannot be done.
        """
        return None if self._shown is None else self._shown.result()

    def measured(self, view: View) -> Measured | None:
        """What `measure` began, as soon as that is done; None where it is of another view, or nothing was.

        Raises:
            FenleiError: the work cannot be done.
        """
        if self._measured is None:
            return None
        found = self._measured.result()
        self._limit.close()
        return found if found.view == view else None

    def _begun(self) -> ThreadPoolExecutor:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="fenlei-ahead")
        return self._pool

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        self._limit.close()
