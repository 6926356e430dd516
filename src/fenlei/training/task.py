"""What a search is to learn, and by which folds everything is chosen."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from msgspec import UNSET, UnsetType
from numpy.typing import NDArray

from fenlei.training.aim import Aim, picture_weights
from fenlei.training.folds import Folds
from fenlei.training.look import Picture


@dataclass(frozen=True)
class Task:
    """What is to be learned: the training part.

    Attributes:
        pictures: (n).
        truth: (n,) class numbers.
        groups: (n,) duplicate groups.
        classes: number of classes.
        seed: decides whatever is random; every candidate meets the same folds.
        folds: of these pictures.
        aim: what is to be raised.
        aim_by: who chose it; see `aim.who_chose`.
    """

    pictures: Sequence[Picture]
    truth: NDArray[np.int64]
    groups: NDArray[np.int64]
    classes: int
    seed: int
    folds: Folds
    aim: Aim
    aim_by: str | UnsetType = UNSET

    @property
    def weights(self) -> NDArray[np.float64] | None:
        """(n,) how much a picture's loss counts, mean 1; None where all count alike."""
        return None if self.aim is Aim.ACCURACY else picture_weights(self.aim, self.truth, self.classes)


def task_digest(task: Task) -> str:
    """SHA-256, hex, of the pictures, what they are, and how they are divided."""
    digest = hashlib.sha256()
    for picture in task.pictures:
        digest.update(picture.digest)
    for array in (task.truth, task.folds.number, task.folds.taking_part):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
