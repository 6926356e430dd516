"""Small real models for tests: a tiny network, a random head, a model file that passes its own parity check."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fenlei.imaging.prepare import prepare
from fenlei.imaging.spec import METHOD, InputSpec
from fenlei.inference import open_engine
from fenlei.modelfile import BackboneRef, Decision, Head, Manifest, ModelFile, ParityPicture, Unknown, write
from tests.support import drawing
from tests.support.networks import corner_network, tiny_network

LABELS = ("cat", "dog", "鸟")
SIZE = 32
WIDTH = 16


def random_head(classes: int, width: int = WIDTH, seed: int = 0) -> Head:
    """A head that tells pictures apart, though not by anything a person would."""
    rng = np.random.default_rng(seed)
    weight = rng.normal(0, 1.5, (width, classes)).astype(np.float32)
    return Head.linear(weight, rng.normal(0, 0.5, classes).astype(np.float32), 1.3)


def tiny_model(
    labels: Sequence[str] = LABELS,
    *,
    network_seed: int = 0,
    head_seed: int = 0,
    head: Head | None = None,
    embedded: bool = True,
    parity: int = 3,
    parity_shift: float = 0.0,
    method: str = METHOD,
    unknown: Unknown | None = None,
    decision: Decision | None = None,
) -> ModelFile:
    """A model of a few kilobytes.

    Args:
        labels: class names.
        network_seed: models of one seed stand on one backbone.
        head_seed: what the head makes of it.
        head: another head, on WIDTH features, in place of that.
        embedded: whether the network travels in the file.
        parity: parity pictures.
        parity_shift: added to their expected scores; more than 1e-3 makes a model that must be refused.
        method: the pixel arithmetic it says it was trained with.
        unknown: a rule for unknown pictures.
        decision: thresholds of the classes.
    """
    network = _network(network_seed)
    spec = InputSpec(height=SIZE, width=SIZE, method=method)
    head = head or random_head(len(labels), seed=head_seed)
    pictures = [drawing.jpeg(80, 60, seed=number) for number in range(parity)]
    expected = head.scores(_features(network_seed, parity)) + parity_shift
    backbone = BackboneRef(
        id="tiny",
        digest=hashlib.sha256(network).hexdigest(),
        licence="Apache-2.0",
        size=SIZE,
        width=WIDTH,
        embedded=embedded,
    )
    return ModelFile(
        Manifest(labels=list(labels), input=spec, backbone=backbone, decision=decision),
        head,
        network if embedded else None,
        parity=[ParityPicture(picture, scores) for picture, scores in zip(pictures, expected, strict=True)],
        unknown=unknown,
    )


CORNERS = ("bottom_left", "bottom_right", "top_left", "top_right")


def write_corners(path: Path) -> Path:
    """Write a model that names the brightest corner of a picture: one that notices a picture that is turned."""
    network = corner_network(SIZE)
    weight = np.zeros((12, len(CORNERS)), np.float32)
    for label, quarter in enumerate((2, 3, 0, 1)):
        weight[[quarter, quarter + 4, quarter + 8], label] = 4.0
    backbone = BackboneRef(
        id="corners", digest=hashlib.sha256(network).hexdigest(), licence="Apache-2.0", size=SIZE, width=12
    )
    manifest = Manifest(labels=list(CORNERS), input=InputSpec(height=SIZE, width=SIZE), backbone=backbone)
    write(path, ModelFile(manifest, Head.linear(weight, np.zeros(len(CORNERS), np.float32)), network))
    return path


def write_tiny(path: Path, labels: Sequence[str] = LABELS, **options: object) -> Path:
    """Write such a model as a file, and return its path. `options` go to `tiny_model`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, tiny_model(labels, **options))  # type: ignore[arg-type]
    return path


@cache
def _network(seed: int) -> bytes:
    return tiny_network(SIZE, WIDTH, seed)


@cache
def _features(seed: int, count: int) -> NDArray[np.float32]:
    spec = InputSpec(height=SIZE, width=SIZE)
    engine = open_engine(_network(seed), size=(SIZE, SIZE), kind="onnxruntime", streams=1)
    try:
        pictures = [prepare(drawing.jpeg(80, 60, seed=number), spec) for number in range(count)]
        return engine.infer(np.stack(pictures)) if pictures else np.empty((0, WIDTH), np.float32)
    finally:
        engine.close()
