"""One fine-tuning of the tiny network, as a test or a process that is to be killed runs it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from fenlei.backbones import load_backbone
from fenlei.datasets import scan
from fenlei.imaging import InputSpec, Policy
from fenlei.training.finetune.settings import TuneSettings
from fenlei.training.finetune.student import make_student
from fenlei.training.finetune.training import Maps, Tuned, tune
from fenlei.training.look import read_all
from fenlei.training.progress import Watch
from fenlei.training.view import one
from fenlei.training.workshop import Workshop
from tests.support.learning import learn_head

SETTINGS = TuneSettings(
    epochs=12, batch=16, rate=5e-3, head_rate=5e-3, thaw=0.0, mixing=0.2, smoothing=0.05, average=0.9, patience=12
)


def tuned(
    photos: Path,
    network: Path,
    cache: Path,
    checkpoint: Path | None,
    *,
    settings: TuneSettings = SETTINGS,
    epochs: int | None = None,
    size: int | None = None,
    maps: Maps | None = None,
    step: Callable[[int, int], None] = lambda done, total: None,
) -> Tuned:
    """Every fifth picture judges, the others are learned from; where nobody says for how long, some watch."""
    found = scan(photos)
    pictures, _ = read_all(found, Watch())
    truth = np.array([found.labels.index(each.item.label) for each in pictures], np.int64)
    groups, classes = np.arange(len(truth)), len(found.labels)
    outside = groups % 5 == 0
    with Workshop(cache, Watch()) as workshop:
        features = workshop.features(one(str(network), size, Policy.SQUASH), pictures).features
    learned, watched = np.flatnonzero(~outside), np.zeros(0, np.int64)
    if epochs is None:
        watched = learned[::8]
        learned = np.setdiff1d(learned, watched)
    head = learn_head(features[learned], truth[learned], groups[learned], classes, seed=0).head
    student = make_student(load_backbone(str(network), size=size, cache=cache), head, settings)
    return tune(
        student,
        pictures,
        truth,
        classes,
        None,
        settings,
        InputSpec(height=student.loaded.size, width=student.loaded.size, policy=Policy.SQUASH),
        learned=learned,
        watched=watched,
        judging=np.flatnonzero(outside),
        epochs=settings.epochs if epochs is None else epochs,
        checkpoint=checkpoint,
        engine="openvino",
        name="tiny",
        maps=maps,
        step=step,
    )


if __name__ == "__main__":
    photos, network, cache, checkpoint = (Path(word) for word in sys.argv[1:5])
    many = int(sys.argv[5])
    tuned(photos, network, cache, checkpoint, settings=replace(SETTINGS, epochs=many, patience=many))
