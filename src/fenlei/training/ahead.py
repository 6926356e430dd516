"""What a first model needs whatever its head is, found out on another core while heads are judged."""

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
class Foreseen:
    """What was found out.

    Attributes:
        view: of which the features are.
        files: pictures that will travel in the model file.
        features: (m, d) of those files.
        distances: what the rule for the unknown is set by; see `unknown.held_out_distances`.
    """

    view: View
    files: Sequence[bytes]
    features: NDArray[np.float32]
    distances: Sequence[NDArray[np.float64]]


class Ahead(AbstractContextManager["Ahead"]):
    """Does one piece of work beside the search.

    As long as it runs, matrices are multiplied on one thread everywhere: the limit is the process's, and two threads
    that set it and set it back in turn would leave it at what the other one had set.
    """

    def __init__(self) -> None:
        self._work: Future[Foreseen] | None = None
        self._open = ExitStack()

    def begin(self, work: Callable[[], Foreseen]) -> None:
        """Begin it, once."""
        self._open.enter_context(one_thread())
        pool = self._open.enter_context(ThreadPoolExecutor(1, thread_name_prefix="fenlei-ahead"))
        self._work = pool.submit(work)

    def of(self, view: View) -> Foreseen | None:
        """What was found out, as soon as that is done; None where it is of another view, or was never begun.

        Raises:
            FenleiError: the work cannot be done.
        """
        if self._work is None:
            return None
        found = self._work.result()
        self._open.close()
        return found if found.view == view else None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()
