"""What a training of a network begins with: the network, the linear head on it, and maps that another one left."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fenlei.backbones import load_backbone
from fenlei.modelfile import Head
from fenlei.training.candidate import Candidate
from fenlei.training.finetune.settings import TuneSettings
from fenlei.training.finetune.student import Student, make_student
from fenlei.training.finetune.training import Maps
from fenlei.training.fit_winner import fit_candidate
from fenlei.training.journal import Journal
from fenlei.training.look import Picture
from fenlei.training.progress import Stage, Watch
from fenlei.training.view import View
from fenlei.training.workshop import Workshop


class Beginning:
    """For one search.

    Args:
        classes: how many there are.
        workshop: where networks are.
        journal: what was judged.
        watch: progress and stop.
        cache: the workspace's cache folder.
    """

    def __init__(self, classes: int, workshop: Workshop, journal: Journal, watch: Watch, cache: Path) -> None:
        self._classes, self._workshop, self._journal = classes, workshop, journal
        self._watch, self._cache = watch, cache
        self._maps: tuple[tuple[View, int, int], Maps] | None = None

    def maps(self, candidate: Candidate, settings: TuneSettings) -> Maps:
        """Kept maps go from one training of the same stages to the next."""
        key = candidate.view, settings.stages, settings.mirrored
        if self._maps is None or self._maps[0] != key:
            self._maps = key, {}
        return self._maps[1]

    def student(self, candidate: Candidate, head: Head, settings: TuneSettings) -> Student:
        """The network of a candidate, with this head on it.

        Raises:
            FenleiError: it cannot be learned on.
        """
        view = candidate.view
        size = self._workshop.backbone(view).size
        return make_student(load_backbone(view.backbones[0], size=size, cache=self._cache), head, settings)

    def head(self, candidate: Candidate, pictures: Sequence[Picture], truth: NDArray[np.int64]) -> Head:
        """The linear head to begin with, learned from the same pictures and no others.

        Raises:
            Cancelled, Enough: someone asked to stop.
        """
        member = candidate.members[0]
        known = self._journal.find(member)
        if known is None or known[1] is None:
            raise ValueError("fine-tuning from a head that was not judged")
        step = partial(self._watch.step, Stage.FIT, 0, 1)
        return fit_candidate(member, known[1], pictures, truth, self._classes, self._workshop, step)
