"""Candidates against each other, on the training part alone, by pictures that no fold learned from."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import msgspec
import numpy as np
from numpy.typing import NDArray

from fenlei.contract.errors import FenleiError
from fenlei.modelfile import softmax
from fenlei.training.evaluation import SMALLEST_SCORE, wilson_interval
from fenlei.training.head import Learned, learn_head
from fenlei.training.look import Picture
from fenlei.training.plan import Candidate, Plan
from fenlei.training.progress import Cancelled, Stage, Watch
from fenlei.training.report import CandidateResult
from fenlei.training.workshop import Workshop

NO_TIME = "It would not have fitted into the budget."


@dataclass(frozen=True)
class Task:
    """What is to be learned: the training part.

    Attributes:
        pictures: (n).
        truth: (n,) class numbers.
        groups: (n,) duplicate groups.
        classes: number of classes.
        seed: decides the folds; every candidate meets the same ones.
    """

    pictures: Sequence[Picture]
    truth: NDArray[np.int64]
    groups: NDArray[np.int64]
    classes: int
    seed: int


@dataclass(frozen=True)
class Outcome:
    """Who won, with what, and what became of the others, in the order of the plan."""

    winner: Candidate
    learned: Learned
    results: list[CandidateResult]


def hold_contest(
    task: Task,
    plan: Plan,
    workshop: Workshop,
    watch: Watch,
    *,
    caution: float,
    until: float | None = None,
    heard: Callable[[CandidateResult], None] | None = None,
) -> Outcome:
    """Try the candidates in order and keep the best.

    A later candidate costs more when serving or training, so it must be better beyond noise: its mean log loss on the
    pictures held out by the folds must be lower by `caution` standard errors of the paired difference.

    Args:
        task: the training part.
        plan: what to try; the first is always tried.
        workshop: where features come from.
        watch: progress and stop.
        caution: standard errors; 0 takes the lower mean.
        until: the `time.monotonic()` at which the budget ends; None: everything is tried.
        heard: told of every candidate that was tried.

    Raises:
        Cancelled: someone asked to stop.
        FenleiError: the first candidate cannot be tried.
    """
    best: tuple[Candidate, Learned] | None = None
    results: list[tuple[Candidate, Learned | None, str | None]] = []
    head_seconds = 0.0
    for number, candidate in enumerate(plan.candidates):
        watch.step(Stage.CHOOSE, number, len(plan.candidates))
        try:
            if best is not None and until is not None and not _fits(candidate, task, workshop, until - head_seconds):
                results.append((candidate, None, NO_TIME))
                continue
            features = _features(candidate, task, workshop)
            started = time.monotonic()
            learned = learn_head(
                features,
                task.truth,
                task.groups,
                task.classes,
                seed=task.seed,
                step=lambda done, total: watch.step(Stage.FIT, done, total),
            )
            head_seconds = time.monotonic() - started
        except Cancelled:
            raise
        except FenleiError as exc:
            if best is None:
                raise
            results.append((candidate, None, str(exc)))
            continue
        results.append((candidate, learned, None))
        if best is None or _better(learned, best[1], task.truth, caution):
            best = candidate, learned
        if heard is not None:
            heard(_result(candidate, learned, None, task.truth, workshop, chosen=best[0] == candidate))
    if best is None:
        raise ValueError("a plan without candidates")
    watch.step(Stage.CHOOSE, len(plan.candidates), len(plan.candidates))
    results += [(candidate, None, why) for candidate, why in plan.left_out]
    told = [_result(*each, task.truth, workshop, chosen=each[0] == best[0]) for each in results]
    return Outcome(best[0], best[1], told)


def _features(candidate: Candidate, task: Task, workshop: Workshop) -> NDArray[np.float32]:
    embedded = workshop.features(candidate, task.pictures)
    for skipped in embedded.skipped:  # the first candidate could use all of them
        raise FenleiError(f"{skipped.name} could not be used: {skipped.reason}")
    return embedded.features


def _fits(candidate: Candidate, task: Task, workshop: Workshop, until: float) -> bool:
    """Whether features of all pictures can be had in time, by a measurement of this network on this machine."""
    if time.monotonic() >= until:
        return False
    each = workshop.seconds_per_picture(candidate)
    return time.monotonic() + each * len(task.pictures) <= until


def _better(one: Learned, other: Learned, truth: NDArray[np.int64], caution: float) -> bool:
    both = one.held_out & other.held_out
    if not both.any():
        return False
    gain = _losses(other, truth)[both] - _losses(one, truth)[both]
    noise = float(gain.std(ddof=1)) / math.sqrt(len(gain)) if len(gain) > 1 else math.inf
    return float(gain.mean()) > caution * noise


def _losses(learned: Learned, truth: NDArray[np.int64]) -> NDArray[np.float64]:
    scores = softmax(learned.logits / learned.head.temperature)
    return np.asarray(-np.log(np.maximum(scores[np.arange(len(truth)), truth], SMALLEST_SCORE)))


def _result(
    candidate: Candidate,
    learned: Learned | None,
    left_out: str | None,
    truth: NDArray[np.int64],
    workshop: Workshop,
    *,
    chosen: bool,
) -> CandidateResult:
    backbone = workshop.opened(candidate)
    told = CandidateResult(
        backbone=backbone.id if backbone else PurePath(candidate.backbone).name,  # no path of this machine travels
        size=backbone.size if backbone else candidate.size or 0,
        policy=candidate.policy.value,
        chosen=chosen,
        left_out=left_out,
    )
    if learned is None or not learned.held_out.any():
        return told
    right = learned.logits[learned.held_out].argmax(axis=1) == truth[learned.held_out]
    return msgspec.structs.replace(
        told,
        accuracy=float(right.mean()),
        accuracy_interval=wilson_interval(int(right.sum()), len(right)),
        log_loss=learned.loss,
    )
