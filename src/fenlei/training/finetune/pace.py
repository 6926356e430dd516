"""How long a fine-tuning will take, by a few steps of it on this machine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from fenlei.imaging import InputSpec
from fenlei.training.finetune.checkpoint import Checkpoint
from fenlei.training.finetune.device import kind_of_device, open_fabric, steady
from fenlei.training.finetune.loop import Lesson, learn
from fenlei.training.finetune.pixels import Pixels
from fenlei.training.finetune.settings import TuneSettings
from fenlei.training.finetune.source import MapSource
from fenlei.training.finetune.student import Student
from fenlei.training.finetune.training import source_for
from fenlei.training.look import Picture

TRIED = 16
"""Pictures of a batch that are enough to tell."""

STEPS = 3

EXPORTING = 3.0
"""Seconds that export and comparison take."""


@dataclass(frozen=True)
class Pace:
    """Seconds, as measured.

    Attributes:
        learning: a picture in a training step, with all stages learning.
        processor: the same in seconds of the processor, of which several cores give several at a time.
        preparing: a picture through the stages that are not learned; 0 where there are none.
    """

    learning: float
    processor: float
    preparing: float

    def seconds(self, pictures: int, epochs: int, settings: TuneSettings, *, prepared: bool) -> float:
        """Of one training with its export.

        Args:
            pictures: to learn from.
            epochs: at most.
            settings: of the training.
            prepared: whether the kept maps are there already.
        """
        before = 0.0 if prepared else self.preparing * settings.variants * pictures
        return before + self.learning * pictures * epochs + EXPORTING


def measured(
    student: Student, pictures: Sequence[Picture], classes: int, settings: TuneSettings, spec: InputSpec
) -> Pace:
    """Take a few steps with a student that is of no further use. The first, slower than the rest, does not count."""
    from msgspec.structs import replace

    few = list(pictures[:TRIED])
    rows = np.arange(len(few))
    # No thawing: a step with every stage learning is the dearest.
    hurried = replace(settings, thaw=0.0, batch=len(few), epochs=STEPS, variants=1)
    lesson = Lesson(rows % classes, classes, None, rows, np.zeros(0, np.int64), STEPS)
    fabric = open_fabric(kind_of_device())
    marks: list[tuple[float, float]] = []
    preparing = 0.0
    with steady(settings.seed), Pixels(few, spec, mirrored=False) as pixels:
        source = source_for(student, pixels, hurried, fabric.device, {})
        if isinstance(source, MapSource):
            source.fill(rows[:1])
            started = time.monotonic()
            source.fill(rows)
            preparing = (time.monotonic() - started) / max(1, len(rows) - 1)
        learn(
            student.module,
            student.stages,
            source,
            lesson,
            hurried,
            fabric=fabric,
            checkpoint=Checkpoint(None, hurried, ""),
            step=lambda done, total: marks.append((time.monotonic(), time.process_time())),
        )
        marks.append((time.monotonic(), time.process_time()))
    clock, processor = (min(after[kind] - before[kind] for before, after in pairwise(marks[1:])) for kind in (0, 1))
    return Pace(clock / len(few), processor / len(few), preparing)
