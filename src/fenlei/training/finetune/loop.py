"""The training of a network, top to bottom: batch, forward, backward, step; then the pictures that watch; then save."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fenlei.modelfile import softmax
from fenlei.training.calibration import fit_temperature
from fenlei.training.evaluation import losses_of
from fenlei.training.finetune.allocator import kept_memory
from fenlei.training.finetune.average import Average
from fenlei.training.finetune.batch_size import (
    bytes_per_picture,
    free_bytes,
    halved_until_free,
    halved_until_it_fits,
    pictures_at_a_time,
)
from fenlei.training.finetune.checkpoint import Checkpoint
from fenlei.training.finetune.device import steady
from fenlei.training.finetune.mixing import mixed
from fenlei.training.finetune.rates import begins, factor, learning, parameter_groups
from fenlei.training.finetune.settings import SETTLED, TuneSettings
from fenlei.training.finetune.source import Source
from fenlei.training.finetune.watching import Watching, ends_after

MOST_STEEP = 1.0
"""Norm of a step's gradients that they are cut down to: one odd batch must not undo what was learned (Pascanu et al.
2013)."""


@dataclass(frozen=True)
class Lesson:
    """What is learned from.

    Attributes:
        truth: (n,) class numbers by row.
        classes: number of classes.
        per_class: (c,) how much a picture of each class counts, or None where all count alike.
        learned: (m,) rows that are learned from.
        watched: (w,) rows that tell when to end; none: it goes on until `epochs`.
        epochs: after which it ends in any case.
        counted: (n,) how much each watched picture's loss counts, by what is aimed at; None: all alike.
    """

    truth: NDArray[np.int64]
    classes: int
    per_class: NDArray[np.float64] | None
    learned: NDArray[np.int64]
    watched: NDArray[np.int64]
    epochs: int
    counted: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Course:
    """How a training went; the student is left with the weights of the epoch that was kept.

    Attributes:
        epochs: after which that was.
        losses: of the watched pictures before the first epoch and after each, in nats, after a temperature.
        at_a_time: pictures that ran through the network together, in the end: fewer from when memory ran out.
    """

    epochs: int
    losses: list[float]
    at_a_time: int


def learn(
    student: Any,
    stages: list[list[Any]],
    source: Source,
    lesson: Lesson,
    settings: TuneSettings,
    *,
    fabric: Any,
    checkpoint: Checkpoint,
    step: Callable[[int, int], None] = lambda done, total: None,
) -> Course:
    """Train a student: a network with a linear head, from rows to logits.

    Equal arguments give equal weights, also where the training was killed and goes on from its checkpoint, as far as
    the device computes the same each time, and memory does not run out.

    Args:
        student: has `network` and `head`; its head begins as what was learned on the network as it is.
        stages: parameters of the network's stages that are learned, the lowest first.
        source: gives rows.
        lesson: what is learned from.
        settings: what it is done with.
        fabric: where it is done.
        checkpoint: where it stands after each epoch.
        step: called with (steps done, steps in all) before each; may raise to end the training.
    """
    import torch

    with steady(settings.seed), kept_memory():
        optimizer = torch.optim.AdamW(parameter_groups(stages, list(student.head.parameters()), settings))
        student.to(memory_format=torch.channels_last)
        model, stepper = fabric.setup(student, optimizer)
        average = Average(student, settings.average)
        per_epoch = -(-len(lesson.learned) // settings.batch)
        at_a_time = _at_a_time(model, source, lesson, settings, fabric)
        watch = functools.partial(_watched, model, average, source, lesson)
        watching = Watching(None if lesson.counted is None else lesson.counted[lesson.watched])

        # From the beginning, or from where a checkpoint is.
        state = checkpoint.read()
        if state is None:
            at_a_time, seen = halved_until_it_fits(at_a_time, watch)
            losses = [watching.mean(seen)]
            best, begun = _copied(average.values), 0
        else:
            student.load_state_dict(state["student"])
            optimizer.load_state_dict(state["optimizer"])
            average.values, average.steps = _onto(fabric.device, state["average"]), state["average_steps"]
            losses, best, begun = state["losses"], state["best"], state["epoch"]
            watching.kept, watching.lowest = state["kept"], np.array(state["lowest"])
            at_a_time = min(at_a_time, state["at_a_time"])  # it goes on as it was, where memory had run out before

        for epoch in range(begun, lesson.epochs):
            if len(lesson.watched) and epoch >= ends_after(watching.kept, settings):
                break
            torch.manual_seed(1009 * settings.seed + epoch)
            chance = np.random.default_rng([settings.seed, epoch])
            _thaw(optimizer, epoch, settings)
            _training_mode(student, frozen=len(lesson.learned) < SETTLED)
            order = parted(chance.permutation(lesson.learned), settings.batch)
            for place, (rows, looks) in enumerate(zip(order, source.altered(order, epoch), strict=True)):
                step(epoch * per_epoch + place, lesson.epochs * per_epoch)
                targets, weights = _targets(lesson, rows, settings, fabric.device)
                shown, targets = mixed(looks, targets, settings.mixing, chance)
                for group in optimizer.param_groups:
                    since = begins(group["depth"], settings) * per_epoch
                    steps = settings.epochs * per_epoch
                    now = factor(epoch * per_epoch + place, steps, settings.warm_up, since)
                    group["lr"] = group["peak"] * now
                backward = _backward(model, fabric, optimizer, shown, targets, weights)
                at_a_time, _ = halved_until_it_fits(at_a_time, backward)
                fabric.clip_gradients(model, stepper, max_norm=MOST_STEEP)
                stepper.step()
                average.follow()

            at_a_time, seen = halved_until_it_fits(at_a_time, watch)
            losses.append(watching.mean(seen))
            if watching.keeps(epoch + 1, seen):
                best = _copied(average.values)
            checkpoint.write(
                {
                    "epoch": epoch + 1,
                    "step": (epoch + 1) * per_epoch,
                    "student": student.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "average": average.values,
                    "average_steps": average.steps,
                    "best": best,
                    "kept": watching.kept,
                    "lowest": watching.lowest.tolist(),
                    "losses": losses,
                    "at_a_time": at_a_time,
                }
            )
        student.load_state_dict(best)
        student.eval()
        return Course(watching.kept, losses, at_a_time)


def parted(rows: NDArray[np.int64], batch: int) -> list[NDArray[np.int64]]:
    """Rows in batches; the last may be smaller."""
    return [rows[start : start + batch] for start in range(0, len(rows), batch)]


def logits_of(model: Any, source: Source, rows: NDArray[np.int64], at_a_time: int) -> NDArray[np.float64]:
    """(len(rows), classes) of pictures as they are, before any temperature."""
    import torch

    model.eval()
    with torch.no_grad():
        given = [model(shown).float().cpu().numpy() for shown in source.plain(parted(rows, at_a_time))]
    return np.concatenate(given).astype(np.float64)


def _watched(model: Any, average: Average, source: Source, lesson: Lesson, at_a_time: int) -> NDArray[np.float64]:
    """(w,) loss of the pictures that watch, by the averaged weights, after a temperature of their own."""
    if not len(lesson.watched):
        return np.zeros(0)
    with average.in_place():
        logits = logits_of(model, source, lesson.watched, at_a_time)
    truth = lesson.truth[lesson.watched]
    return losses_of(softmax(logits / fit_temperature(logits, truth)), truth)


def _backward(model: Any, fabric: Any, optimizer: Any, shown: Any, targets: Any, weights: Any) -> Callable[[int], None]:
    """Gradients of a batch's mean loss, so many pictures at a time; who runs it again undoes what it did before."""
    before = [(statistic, statistic.clone()) for statistic in model.buffers()]

    def run(at_a_time: int) -> None:
        optimizer.zero_grad(set_to_none=True)
        for statistic, value in before:
            statistic.copy_(value)
        for part in range(0, len(shown), at_a_time):
            some = slice(part, part + at_a_time)
            losses = -(targets[some] * model(shown[some]).float().log_softmax(1)).sum(1)
            fabric.backward((losses * weights[some]).sum() / len(shown))

    return run


def _targets(lesson: Lesson, rows: NDArray[np.int64], settings: TuneSettings, device: Any) -> tuple[Any, Any]:
    """How much each row belongs to each class (Szegedy et al. 2016, label smoothing), and how much it counts."""
    import torch

    truth = torch.from_numpy(lesson.truth[rows]).to(device)
    targets = torch.full((len(rows), lesson.classes), settings.smoothing / lesson.classes, device=device)
    targets[torch.arange(len(rows), device=device), truth] += 1 - settings.smoothing
    counted = np.ones(len(rows)) if lesson.per_class is None else lesson.per_class[lesson.truth[rows]]
    return targets, torch.from_numpy(counted.astype(np.float32)).to(device)


def _thaw(optimizer: Any, epoch: int, settings: TuneSettings) -> None:
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            parameter.requires_grad_(learning(group["depth"], epoch, settings))


def _training_mode(student: Any, *, frozen: bool) -> None:
    """As torch trains, but batch norms keep the statistics they have where these pictures are few, or do not learn."""
    import torch

    student.train()
    for part in student.modules():
        if isinstance(part, torch.nn.modules.batchnorm._BatchNorm) and (
            frozen or not any(each.requires_grad for each in part.parameters())
        ):
            part.eval()


def _at_a_time(model: Any, source: Source, lesson: Lesson, settings: TuneSettings, fabric: Any) -> int:
    model.eval()
    shown = next(iter(source.plain([lesson.learned[:2]])))
    _, each = halved_until_it_fits(len(shown), lambda few: bytes_per_picture(model, shown[:few]))
    at_a_time = pictures_at_a_time(settings.batch, each)
    return at_a_time if fabric.device.type == "cuda" else halved_until_free(at_a_time, each, free_bytes())


def _copied(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value.clone() for name, value in values.items()}


def _onto(device: Any, values: dict[str, Any]) -> dict[str, Any]:
    return {name: value.to(device) for name, value in values.items()}
