"""What a search is to learn, of drawn pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fenlei.datasets import scan
from fenlei.training.aim import Aim
from fenlei.training.folds import draw_folds
from fenlei.training.look import read_all
from fenlei.training.progress import Watch
from fenlei.training.task import Task
from tests.support.drawing import class_folders


def drawn_task(root: Path, classes: dict[str, int], size: int = 64) -> Task:
    """Every picture is learned from and judges; see `class_folders`."""
    found = scan(class_folders(root, classes, size))
    pictures, _ = read_all(found, Watch())
    truth = np.array([found.labels.index(each.item.label) for each in pictures], np.int64)
    groups = np.arange(len(truth))
    return Task(pictures, truth, groups, len(classes), 0, draw_folds(truth, groups, 0), Aim.ACCURACY)
