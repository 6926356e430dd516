"""Where tuned networks lie in the cache, by everything that decides them, and what each fold leaves them to learn."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from fenlei.inference.gpu import CPU
from fenlei.training.board import Entry
from fenlei.training.candidate import Candidate
from fenlei.training.errors import TrainingError
from fenlei.training.finetune.choice import as_judged, by_folds, is_anew
from fenlei.training.finetune.kept import folder_of
from fenlei.training.finetune.training import divided
from fenlei.training.look import Picture
from fenlei.training.recipe import TUNED
from fenlei.training.task import Task
from fenlei.training.workshop import Workshop

EPOCHS = "stopped"
"""Under this name, what was judged says after how many epochs it was at its best."""


def ended_by(fold: int) -> str:
    """Under this name, what was judged says the same of the network that a fold judged."""
    return f"{EPOCHS} {fold + 1}"


LEAST_HELD_OUT = 20
"""Pictures below which one fold cannot tell whether tuning helps."""


class Naming:
    """For one search.

    Args:
        task: the training part.
        workshop: where networks are.
        cache: the workspace's cache folder; `tuning/` is below it.
    """

    def __init__(self, task: Task, workshop: Workshop, cache: Path) -> None:
        self._task, self._workshop, self._cache = task, workshop, cache

    def fold(self, number: int) -> tuple[int, NDArray[np.bool_], NDArray[np.bool_]]:
        """A fold that judges: its number of the division, who is learned from, who is held out.

        Raises:
            TrainingError: there are too few pictures.
        """
        parts = self._task.folds.parts()
        if number >= len(parts):
            raise TrainingError("There are too few pictures to hold some out, so nothing could tell whether it helps.")
        held_out = int(parts[number][2].sum())
        if held_out < LEAST_HELD_OUT:
            raise TrainingError(
                f"There are too few pictures: {held_out} could judge whether it helps, and at least {LEAST_HELD_OUT} "
                "are needed to tell."
            )
        return parts[number]

    def rows_judged(self, fold: int = 0) -> NDArray[np.int64]:
        """Of the task, what a network learns from that a fold judges."""
        return divided(np.flatnonzero(self.fold(fold)[1]), self._task.truth, self._task.groups, self._task.seed)[0]

    def judged(self, candidate: Candidate, fold: int = 0) -> str:
        """The key of the network that a fold judges."""
        rows, candidate = self.rows_judged(fold), as_judged(candidate)
        return self._key(candidate, [self._task.pictures[row] for row in rows], self._task.truth[rows], None)

    def shipped(self, entry: Entry, pictures: Sequence[Picture], truth: NDArray[np.int64]) -> str:
        """The key of the network that ships where these pictures may be learned from."""
        if not is_anew(entry.candidate):
            return self.judged(entry.candidate)
        return self._key(entry.candidate, pictures, truth, int(entry.judged.setting[EPOCHS]))

    def folder(self, key: str) -> Path:
        """Where its files lie."""
        return folder_of(self._cache, key)

    def folder_judged(self, candidate: Candidate, fold: int = 0) -> Path:
        """Where the files lie of the network that a fold judges."""
        return self.folder(self.judged(candidate, fold))

    def _key(
        self, candidate: Candidate, pictures: Sequence[Picture], truth: NDArray[np.int64], epochs: int | None
    ) -> str:
        """SHA-256, hex, of everything that decides the network; how many folds judge it does not."""
        view, candidate = candidate.view, by_folds(candidate, 1)
        digest = hashlib.sha256(f"{TUNED} {self._workshop.backbone(view).digest} {epochs} ".encode())
        if self._workshop.runs_on != CPU:  # it gave what the head was learned from, and what is told of the network
            digest.update(self._workshop.runs_on.encode())
        for each in (candidate, *candidate.members):  # not by their views, which may name a path of this machine
            digest.update(msgspec.json.encode([each.kind, each.copies, each.setting], order="deterministic"))
        digest.update(f"{self._task.classes} {self._workshop.spec(view).digest}".encode())
        if self._task.weights is not None:  # what is aimed at decides when to end
            digest.update(self._task.aim.encode())
        for picture, label in zip(pictures, truth.tolist(), strict=True):
            digest.update(picture.digest + int(label).to_bytes(8, "little"))
        return digest.hexdigest()
