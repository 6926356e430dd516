"""One fine-tuning, from a linear head on a network to that network tuned, exported and compared."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fenlei.backbones.source import Network
from fenlei.datasets.split import stratified_split
from fenlei.imaging import InputSpec
from fenlei.modelfile import Dense, Head
from fenlei.training.finetune.accepted import exported, features_of
from fenlei.training.finetune.checkpoint import Checkpoint
from fenlei.training.finetune.device import kind_of_device, open_fabric, steady
from fenlei.training.finetune.loop import Course, Lesson, learn
from fenlei.training.finetune.pixels import Pixels
from fenlei.training.finetune.settings import TuneSettings
from fenlei.training.finetune.source import MapSource, PictureSource, Source
from fenlei.training.finetune.student import Student
from fenlei.training.look import Picture

WATCHING = 0.125
"""Share of the pictures that tells when to end."""

FEWEST = 100
"""Pictures below which none do: the loss of fewer is mostly luck, and learned from they are worth more."""

Maps = dict[tuple[bytes, int], NDArray[np.float16]]


@dataclass(frozen=True)
class Tuned:
    """A tuned network and the head that was learned with it.

    Attributes:
        network: exported.
        head: one linear layer on its features, before any temperature.
        course: how it went.
        features: (j, d) of the pictures in `judging`, by the engine that serves.
    """

    network: Network
    head: Dense
    course: Course
    features: NDArray[np.float32]

    @property
    def logits(self) -> NDArray[np.float64]:
        """(j, c) of the same pictures."""
        return Head.linear(self.head.weight, self.head.bias).raw(self.features)


def tune(
    student: Student,
    pictures: Sequence[Picture],
    truth: NDArray[np.int64],
    classes: int,
    per_class: NDArray[np.float64] | None,
    settings: TuneSettings,
    spec: InputSpec,
    *,
    learned: NDArray[np.int64],
    watched: NDArray[np.int64],
    judging: NDArray[np.int64],
    epochs: int,
    checkpoint: Path | None,
    engine: str,
    name: str,
    counted: NDArray[np.float64] | None = None,
    maps: Maps | None = None,
    step: Callable[[int, int], None] = lambda done, total: None,
) -> Tuned:
    """Train, export, compare.

    Args:
        student: its head was learned from `learned` and nothing else; it is changed.
        pictures: (n).
        truth: (n,) class numbers.
        classes: number of classes.
        per_class: (c,) how much a picture of each class counts, or None.
        settings: what it is done with.
        spec: the preprocessing.
        learned: rows to learn from.
        watched: rows that tell when to end; none where that is known.
        judging: rows that run through the exported network in the end.
        epochs: after how many to end in any case.
        checkpoint: the file that holds how far it got.
        engine: what will run the network.
        name: of the network, for people.
        counted: (n,) how much the loss of a picture that watches counts; None: all alike.
        maps: kept from one training to the next of the same network.
        step: called with (steps done, steps in all); may raise to end it.

    Raises:
        BackboneError: a package is missing, or the network cannot be exported.
        NotAccepted: the exported network gives other scores than torch.
        DatasetError: a picture is not what it was.
    """
    lesson = Lesson(truth, classes, per_class, learned, watched, epochs, counted)
    data = data_digest(pictures, lesson, spec)
    fabric = open_fabric(kind_of_device())
    with ExitStack() as stack:
        stack.enter_context(steady(settings.seed))  # what comes before and after learning keeps to these cores too
        pixels = stack.enter_context(Pixels(pictures, spec, mirrored=bool(settings.mirrored)))
        source = source_for(student, pixels, settings, fabric.device, {} if maps is None else maps, step)
        if isinstance(source, MapSource):
            source.fill(np.concatenate([learned, watched]))
        course = learn(
            student.module,
            student.stages,
            source,
            lesson,
            settings,
            fabric=fabric,
            checkpoint=Checkpoint(checkpoint, settings, data),
            step=step,
        )
        network = exported(student, name)
        rows = judging if len(judging) else learned[:: max(1, len(learned) // 16)]
        features = features_of(student, network, pixels, rows, engine=engine, name=name)
    return Tuned(network, student.head, course, features[: len(judging)])


def divided(
    rows: NDArray[np.int64], truth: NDArray[np.int64], groups: NDArray[np.int64], seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows to learn from and rows to watch, where nobody has found out yet when to end; of few none watch, and it is
    gone on to the end of the schedule.

    Args:
        rows: to divide.
        truth: (n,) class numbers.
        groups: (n,) duplicate groups, which stay together.
        seed: another seed, another division.
    """
    if WATCHING * len(rows) < FEWEST:
        return rows, rows[:0]
    watching = stratified_split(truth[rows].tolist(), groups[rows].tolist(), WATCHING, seed)
    return rows[~watching], rows[watching]


def source_for(
    student: Student,
    pixels: Pixels,
    settings: TuneSettings,
    device: Any,
    maps: Maps,
    step: Callable[[int, int], None] = lambda done, total: None,
) -> Source:
    """What the student is shown: kept maps where its lower stages are not learned, else pictures."""
    if student.below is None:
        return PictureSource(pixels, student.loaded.normalisation, device, mirrored=bool(settings.mirrored))
    below = student.below.to(device)
    return MapSource(pixels, student.loaded.normalisation, below, device, settings.variants, maps, step)


def data_digest(pictures: Sequence[Picture], lesson: Lesson, spec: InputSpec) -> str:
    """SHA-256, hex, of the pictures, what they are, and who learns and who watches."""
    digest = hashlib.sha256(spec.digest.encode())
    for rows in (lesson.learned, lesson.watched):
        digest.update(len(rows).to_bytes(8, "little"))
        for row in rows.tolist():
            digest.update(pictures[row].digest + int(lesson.truth[row]).to_bytes(8, "little"))
    digest.update(f"{lesson.classes} {lesson.epochs}".encode())
    return digest.hexdigest()


def with_temperature(head: Dense, temperature: float) -> Head:
    """The tuned head as it is shipped."""
    return replace(Head.linear(head.weight, head.bias), temperature=temperature)
