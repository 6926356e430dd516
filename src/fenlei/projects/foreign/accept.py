"""Try a foreign network on pictures, and make a model file of it when its answers make sense."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from fenlei.contract.errors import FenleiError
from fenlei.imaging import prepare
from fenlei.inference import EngineError, EngineMissing, open_engine, resolved
from fenlei.modelfile import BackboneRef, Calibration, Head, Manifest, ModelFile, ParityPicture
from fenlei.projects.foreign.declaration import Declaration
from fenlei.projects.foreign.errors import ForeignRefused
from fenlei.projects.foreign.network import wrapped
from fenlei.projects.release import release
from fenlei.training.parity import drawn

SUM_TOLERANCE = 1e-3
"""How far the sum of probabilities may lie from one."""

ENGINE_TOLERANCE = 1e-3
"""How far a score may differ between the two engines."""


@dataclass(frozen=True)
class Sample:
    """A picture to try the network on.

    Attributes:
        data: a JPEG or PNG file.
        label: what the network must call it; None where nothing is expected.
    """

    data: bytes
    label: str | None = None


@dataclass(frozen=True)
class Accepted:
    """A foreign network that passed.

    Attributes:
        model: the model file made of it.
        answers: scores of every sample, by label.
    """

    model: ModelFile
    answers: list[dict[str, float]]


def accept(
    content: bytes, said: Declaration, name: str, samples: Sequence[Sample] = (), *, engine: str = "auto"
) -> Accepted:
    """Make a model file of a foreign ONNX classifier.

    The network becomes the model's backbone, up to its logits; the head on it changes nothing.

    Args:
        content: the ONNX file.
        said: what its owner declares.
        name: of the network, for the record.
        samples: pictures to try it on, besides drawn ones.
        engine: what it will run on; it is tried on the other engine as well, where that is installed.

    Raises:
        ForeignRefused: it cannot be used, or its answers make no sense.
        BackboneError: the library `onnx` is missing.
    """
    network = wrapped(content, said)
    spec = said.input
    files = [*(sample.data for sample in samples), *_drawn()]
    pixels = []
    for place, data in enumerate(files):
        try:
            pixels.append(prepare(data, spec))
        except FenleiError as exc:
            raise ForeignRefused(f"Sample picture {place + 1} cannot be read: {exc}") from exc
    logits = _answers(network, np.stack(pixels), said, engine)
    head = Head.linear(np.eye(len(said.labels), dtype=np.float32), np.zeros(len(said.labels), np.float32))
    scores = head.scores(logits)
    for sample, row in zip(samples, scores, strict=False):
        _check_answer(sample, row, said)

    digest = hashlib.sha256(network).hexdigest()
    manifest = Manifest(
        labels=said.labels,
        input=spec,
        backbone=BackboneRef(
            id=f"onnx:{name}", digest=digest, licence=said.licence, size=said.size, width=len(said.labels)
        ),
        calibration=Calibration(method="none"),
        recipe={
            "origin": "onnx",
            "onnx_sha256": hashlib.sha256(content).hexdigest(),
            "declaration": {key: value for key, value in msgspec.to_builtins(said).items() if key != "labels"},
        },
        versions={"fenlei": release(), "onnx": version("onnx")},
    )
    parity = [ParityPicture(*each) for each in zip(_drawn(), scores[len(samples) :], strict=True)]
    answers = [_named(row, said.labels) for row in scores[: len(samples)]]
    return Accepted(ModelFile(manifest, head, network, parity=parity), answers)


@functools.cache
def _drawn() -> tuple[bytes, ...]:
    """The pictures that every network is tried on; they travel in its model file."""
    return tuple(drawn(0))


def _answers(network: bytes, pixels: NDArray[np.uint8], said: Declaration, kind: str) -> NDArray[np.float32]:
    """What the network says, on this engine; the other one must agree where it is installed."""
    size, kind = (said.size, said.size), resolved(kind)
    logits = _run(network, pixels, size, kind)
    if logits.shape[1] != len(said.labels):
        raise ForeignRefused(
            f"The network gives {logits.shape[1]} scores, and {len(said.labels)} labels are declared. "
            "Every score needs a label."
        )
    if not np.isfinite(logits).all():
        below = ", or below zero and so no probabilities" if said.outputs == "probabilities" else ""
        raise ForeignRefused(f"The network gives answers that are not numbers{below}, for a sample or a drawn picture.")
    _check_meaning(logits, said)
    if np.ptp(logits, axis=0).max() == 0:
        raise ForeignRefused(
            "The network gives the same answer for every picture; the declared preprocessing cannot be the right one."
        )
    other = "onnxruntime" if kind != "onnxruntime" else "openvino"
    try:
        again = _run(network, pixels, size, other)
    except EngineMissing:
        return logits
    farthest = float(np.abs(_softmax(logits) - _softmax(again)).max())
    if not farthest <= ENGINE_TOLERANCE:
        raise ForeignRefused(
            f"The network's scores differ by {farthest:.1e} between {kind} and {other}; at most {ENGINE_TOLERANCE} is "
            "allowed."
        )
    return logits


def _run(network: bytes, pixels: NDArray[np.uint8], size: tuple[int, int], kind: str) -> NDArray[np.float32]:
    try:
        engine = open_engine(network, size=size, kind=kind, streams=1)
        try:
            return engine.infer(pixels)
        finally:
            engine.close()
    except EngineMissing:
        raise
    except EngineError as exc:
        raise ForeignRefused(f"The network does not run here: {exc}") from exc


def _check_meaning(rows: NDArray[np.float32], said: Declaration) -> None:
    """Hold the numbers against what they are declared to be; `rows` are logarithms where that is probabilities."""
    if said.outputs == "probabilities":
        sums = np.exp(rows.astype(np.float64)).sum(axis=1)
        if np.abs(sums - 1).max() > SUM_TOLERANCE:
            raise ForeignRefused(
                f"The outputs are declared as probabilities, and they do not sum to one (from {sums.min():.4g} to "
                f"{sums.max():.4g}). Logits are declared as `logits`; one score per label on its own (sigmoid) is "
                "supported neither way."
            )
        return
    if (rows >= 0).all() and np.abs(rows.sum(axis=1) - 1).max() <= SUM_TOLERANCE:
        raise ForeignRefused(
            "The outputs are declared as logits, and for every picture they are above zero and sum to one: they are "
            "probabilities, and must be declared as `probabilities`."
        )


def _check_answer(sample: Sample, row: NDArray[np.float64], said: Declaration) -> None:
    if sample.label is None:
        return
    if sample.label not in said.labels:
        raise ForeignRefused(f"A sample is said to be {sample.label!r}, which is none of the labels.")
    called = said.labels[int(row.argmax())]
    if called != sample.label:
        raise ForeignRefused(
            f"The network calls a sample that is {sample.label!r} {called!r} ({row.max():.2f}). Look at the order of "
            "the labels, at `channels` (RGB or BGR), at `scale`, `mean` and `std`."
        )


def _named(row: NDArray[np.float64], labels: Sequence[str]) -> dict[str, float]:
    return {label: float(score) for label, score in zip(labels, row, strict=True)}


def _softmax(rows: NDArray[Any]) -> NDArray[np.float64]:
    powers = np.exp(rows.astype(np.float64) - rows.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
