"""The pictures that travel with a model: made small and shown to a network while all others run through it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial

from fenlei.training.ahead import Ahead, Shown
from fenlei.training.look import Picture
from fenlei.training.parity import features_of_files, parity_files, travellers
from fenlei.training.view import View
from fenlei.training.workshop import Workshop


class Travelling:
    """Begins at once with those that travel if every file can be used.

    Args:
        ahead: does the work.
        view: of the network that they are shown to.
        workshop: where that is; its engine is opened while the files are made.
        labels: class names in class order.
        only_drawn: whether no picture may travel.
        seed: of drawn ones.
        pictures: that were read.
    """

    def __init__(
        self,
        ahead: Ahead,
        view: View,
        workshop: Workshop,
        labels: Sequence[str],
        *,
        only_drawn: bool,
        seed: int,
        pictures: Sequence[Picture],
    ) -> None:
        self._ahead, self._view, self._labels = ahead, view, labels
        self._only_drawn, self._seed = only_drawn, seed
        self._begun = pictures
        files = self._made(pictures)
        ahead.seal(workshop.backbone(view))
        self._spec, self._engine = workshop.spec(view), workshop.engine_soon(view)
        self._show(files)

    def settle(self, pictures: Sequence[Picture]) -> None:
        """These can be used; where others would have travelled, begin anew."""
        if travellers(pictures, self._labels) != travellers(self._begun, self._labels):
            self._show(self._made(pictures))

    def _made(self, pictures: Sequence[Picture]) -> Future[list[bytes]]:
        return self._ahead.begin(
            partial(parity_files, pictures, self._labels, only_drawn=self._only_drawn, seed=self._seed)
        )

    def _show(self, made: Future[list[bytes]]) -> None:
        def show() -> Shown:
            files = made.result()  # one piece of work is done after another
            engine = self._engine.result() if isinstance(self._engine, Future) else self._engine
            return Shown(self._view, files, features_of_files(files, self._spec, engine))

        self._ahead.show(show)
