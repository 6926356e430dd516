"""What a first model needs, found out on another core while other things are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from fenlei.training.one_thread import one_thread
from fenlei.training.view import View

Found = TypeVar("Found")


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

    From the first piece on until what was measured is asked for, matrices are multiplied on one thread everywhere: the
    limit is the process's, and two threads that set it and set it back in turn would leave it at what the other one
    had set.
    """

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._shown: Future[Shown] | None = None
        self._measured: Future[Measured | None] | None = None
        self._limit = ExitStack()

    def begin(self, work: Callable[[], Found]) -> Future[Found]:
        """Do this when what was begun before is done."""
        if self._pool is None:
            self._limit.enter_context(one_thread())
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="fenlei-ahead")
        return self._pool.submit(work)

    def show(self, work: Callable[[], Shown]) -> None:
        """Begin with the pictures that travel."""
        self._shown = self.begin(work)

    def measure(self, work: Callable[[], Measured | None]) -> None:
        """Begin to measure, while heads are judged; in place of what was begun to be measured before. None: there is
        no use in it any more."""
        if self._measured is not None:
            self._measured.cancel()
        self._measured = self.begin(work)

    def shown(self) -> Shown | None:
        """What `show` began, as soon as that is done; None where nothing was.

        Raises:
            FenleiError: the work cannot be done.
        """
        return None if self._shown is None else self._shown.result()

    def measured(self, view: View) -> Measured | None:
        """What `measure` began last, as soon as that is done; None where it is of another view, or nothing was.

        Raises:
            FenleiError: the work cannot be done.
        """
        found = None if self._measured is None else self._measured.result()
        self._limit.close()
        return found if found is not None and found.view == view else None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        self._limit.close()
