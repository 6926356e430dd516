"""What a first model needs, found out on another core while other things are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from fenlei.backbones import Backbone
from fenlei.modelfile import Distances, Sealed
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


class Begun(Generic[Found]):
    """A piece of work that somebody does beside the search, or whoever needs it."""

    def __init__(self, work: Callable[[], Found], future: Future[Found]) -> None:
        self._work: Callable[[], Found] | None = work
        self._future = future

    def take(self) -> Found:
        """What it gave, as soon as it is done; where it was not begun, it is done at once on the caller's thread.

        Raises:
            FenleiError: the work cannot be done.
        """
        self.hurry()
        self._work = None  # and whatever it works on
        return self._future.result()

    def hurry(self) -> None:
        """Do it at once on the caller's thread, where it was not begun."""
        if self._work is not None and self._future.cancel():
            self._future = Future()
            self._future.set_result(self._work())
            self._work = None

    def drop(self) -> None:
        """Nobody needs it any more."""
        self._future.cancel()


def take_all(pieces: Sequence[Begun[Found]]) -> list[Found]:
    """What all of these gave: those that were begun last are done here, while the others are done beside.

    Raises:
        FenleiError: one cannot be done.
    """
    for piece in reversed(pieces):
        piece.hurry()
    return [piece.take() for piece in pieces]


@dataclass(frozen=True)
class Measured:
    """What the usual rule for the unknown is made of, by the names of its distances.

    Attributes:
        view: of which the features are.
        distances: what each measures of known pictures; see `unknown.held_out_distance`.
        learned: each of them, learned from all that learn.
    """

    view: View
    distances: Sequence[Begun[NDArray[np.float64]]]
    learned: Sequence[Begun[Distances]]


class Ahead(AbstractContextManager["Ahead"]):
    """Does one piece of work after another beside the search, each once.

    From the first piece on until a model was made of it (`free`), matrices are multiplied on one thread everywhere: the
    limit is the process's, and two threads that set it and set it back in turn would leave it at what the other one
    had set.
    """

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._shown: Future[Shown] | None = None
        self._measured: Measured | None = None
        self._sealed: tuple[str, Future[Sealed]] | None = None
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

    def seal(self, backbone: Backbone) -> None:
        """Begin to read the network that goes into the model file."""
        self._sealed = backbone.digest, self.begin(partial(Sealed.of, backbone.network))

    def sealed(self, backbone: Backbone) -> bytes:
        """The bytes of a network: what `seal` began, where it is that one; else they are read now. Nobody needs them
        a second time soon, so they are not held.

        Raises:
            OSError: they cannot be read.
        """
        begun, self._sealed = self._sealed, None
        return begun[1].result() if begun is not None and begun[0] == backbone.digest else backbone.network.read_bytes()

    def measure(
        self,
        view: View,
        distances: Sequence[Callable[[], NDArray[np.float64]]],
        learned: Sequence[Callable[[], Distances]],
    ) -> None:
        """Begin to measure, while heads are judged; in place of what was begun to be measured before."""
        self.forget()
        self._measured = Measured(
            view,
            [Begun(work, self.begin(work)) for work in distances],
            [Begun(work, self.begin(work)) for work in learned],
        )

    def forget(self) -> None:
        """What was begun to be measured is of no use; what has not been done of it is not done any more."""
        if self._measured is not None:
            for distance in self._measured.distances:
                distance.drop()
            for learned in self._measured.learned:
                learned.drop()

    def shown(self) -> Shown | None:
        """What `show` began, as soon as that is done; None where nothing was.

        Raises:
            FenleiError: the work cannot be done.
        """
        return None if self._shown is None else self._shown.result()

    def measured(self, view: View) -> Measured | None:
        """What `measure` began last; None where it is of another view, or nothing was."""
        return self._measured if self._measured is not None and self._measured.view == view else None

    def free(self) -> None:
        """What was measured has been taken: matrices may be multiplied on several threads again."""
        self._limit.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        self._limit.close()
