"""Two trainings that differ in the labels of the test part alone: the folders, and what a choice left in a model."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import msgspec

from fenlei.modelfile.head_file import to_safetensors
from fenlei.training.finish import Trained

TIMES = ("milliseconds", "seconds")
"""Of a leaderboard's line: they are the clock's."""


def swapped(photos: Path, target: Path) -> Path:
    """A copy in which each class of `test/` has the pictures of the next one."""
    shutil.copytree(photos, target)
    classes = sorted(each.name for each in (photos / "test").iterdir())
    shutil.rmtree(target / "test")
    for name, following in zip(classes, [*classes[1:], classes[0]], strict=True):
        shutil.copytree(photos / "test" / following, target / "test" / name)
    return target


def line_of_each(trained: Trained) -> list[dict[str, Any]]:
    """The leaderboard, in its order, without what the clock says."""
    lines = msgspec.to_builtins(trained.report.candidates)
    return [{name: value for name, value in line.items() if name not in TIMES} for line in lines]


def chosen(trained: Trained) -> dict[str, Any]:
    """Everything that was chosen or learned, of what ships."""
    manifest, unknown, report = trained.model.manifest, trained.model.unknown, trained.report
    calibrated = report.calibration
    assert calibrated is not None
    return {
        "recipe": msgspec.to_builtins(report.recipe),
        "backbone": manifest.backbone.digest,
        "head": hashlib.sha256(to_safetensors(trained.model.head)).hexdigest(),
        "calibration": manifest.calibration,
        "calibrated by": (calibrated.method, calibrated.vector_chance, calibrated.held_out_error_after),
        "unknown": None if unknown is None else (unknown.rule, unknown.centre, unknown.threshold),
        "decision": manifest.decision,
    }
