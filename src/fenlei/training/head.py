"""The learned part: its setting chosen by cross-validation, its temperature by what came out there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fenlei.modelfile import Head, Layer, Neighbours, Voter, softmax
from fenlei.training.basis import Basis, find_basis
from fenlei.training.calibration import fit_temperature
from fenlei.training.evaluation import log_loss, losses_of
from fenlei.training.folds import Folds
from fenlei.training.heads import ALL_KINDS, HeadKind, Setting, SideBySide
from fenlei.training.one_thread import one_thread
from fenlei.training.setting_path import WORTH, steadiest

DEFAULT_STRENGTH = 0.01
"""Where nothing can be held out: in the middle of what real sets choose."""

_FINE = 20_000_000
"""Numbers up to which the last fit is made in double precision."""

_SIDE_BY_SIDE = 1_000_000_000
"""Multiplications of one step up to which folds are learned side by side: some ten milliseconds, after which one may
be asked to stop. Where more is to be done, one product of matrices after another is as good as all at once."""

UNEVEN = 2.0
"""Largest over smallest class from which on pictures are weighted."""


@dataclass(frozen=True)
class Copies:
    """Features of altered copies of pictures; see `alteration`.

    Attributes:
        features: (m, d).
        owner: (m,) row of the picture that each is a copy of.
    """

    features: NDArray[np.float32]
    owner: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A way of learning, and what it scored on pictures that it had not seen.

    Attributes:
        kind: which of `heads.ALL_KINDS`.
        setting: what was learned with.
        temperature: what the logits are divided by.
        class_weights: (c,) factors, or None where all pictures count alike.
        held_out: (repeats, n) whether a picture was held out by a fold.
        logits: (repeats, n, c) of the pictures by folds that held them out, before the temperature; zero elsewhere.
        loss: log loss of those after the temperature, in nats; None where nothing could be held out.
        seed: of whatever was random.
    """

    kind: str
    setting: Setting
    temperature: float
    class_weights: NDArray[np.float64] | None
    held_out: NDArray[np.bool_]
    logits: NDArray[np.float64]
    loss: float | None
    seed: int = 0

    @property
    def judged(self) -> NDArray[np.bool_]:
        """(n,) whether a picture was held out in any division."""
        return np.asarray(self.held_out.any(axis=0))

    @property
    def scores(self) -> NDArray[np.float64]:
        """(n, c) calibrated scores of pictures by heads that had not seen them, the mean over divisions; zero where a
        picture was never held out."""
        scores = softmax((self.logits / self.temperature).reshape(-1, self.logits.shape[-1]))
        scores = scores.reshape(self.logits.shape) * self.held_out[..., None]
        return np.asarray(scores.sum(axis=0) / np.maximum(self.held_out.sum(axis=0), 1)[:, None])

    def losses(self, truth: NDArray[np.int64]) -> NDArray[np.float64]:
        """(n,) log loss of each picture, in nats; meaningless where it was never held out."""
        return losses_of(self.scores, truth)


@dataclass(frozen=True)
class Lesson:
    """What heads are learned from: coordinates of pictures and of altered copies of them.

    Attributes:
        rows: (m, r) float32, the pictures first.
        owner: (m,) the picture that a row shows.
        truth: (n,) class numbers of the pictures.
        classes: number of classes.
        per_class: (c,) factors, or None where all pictures count alike.
        basis: the space.
    """

    rows: NDArray[np.float32]
    owner: NDArray[np.int64]
    truth: NDArray[np.int64]
    classes: int
    per_class: NDArray[np.float64] | None
    basis: Basis = field(repr=False)

    @property
    def count(self) -> int:
        """Pictures."""
        return len(self.truth)

    def weights(self, rows: NDArray[np.bool_] | slice = slice(None)) -> NDArray[np.float64] | None:
        """How much each of these rows counts."""
        return None if self.per_class is None else self.per_class[self.truth[self.owner[rows]]]

    def fit(
        self,
        kind: HeadKind,
        learn: NDArray[np.bool_],
        setting: Setting,
        *,
        seed: int,
        start: Any = None,
        step: Callable[[], None] = lambda: None,
    ) -> tuple[tuple[Layer, ...], Any]:
        """Learn from the pictures (n,) marked in `learn`, with their copies; see `HeadKind.fit`."""
        inside = learn[self.owner]
        fitted = kind.fit(
            self.rows[inside],
            self.truth[self.owner[inside]],
            self.classes,
            self.weights(inside),
            setting,
            seed=seed,
            start=start,
            step=step,
        )
        return fitted.layers, fitted.start

    def fit_folds(
        self,
        kind: HeadKind,
        folds: Sequence[NDArray[np.bool_]],
        setting: Setting,
        *,
        seed: int,
        start: Any,
        step: Callable[[], None],
    ) -> tuple[list[tuple[Layer, ...]], Any]:
        """Learn a head for each fold, from the pictures (n,) that are marked for it, with their copies.

        Args:
            kind: of head.
            folds: each with its pictures.
            setting: to learn with.
            seed: of whatever is random.
            start: what came with the heads of a setting nearby; None at first.
            step: called before each piece of work, and several times in a second; may raise to end it.
        """
        size = self.rows.size * len(folds) * self.classes
        if isinstance(kind, SideBySide) and size <= _SIDE_BY_SIDE:
            step()
            weights = np.stack(folds, axis=1)[self.owner].astype(np.float64)
            per_row = self.weights()
            return kind.fit_folds(
                self.rows,
                self.truth[self.owner],
                self.classes,
                weights if per_row is None else weights * per_row[:, None],
                setting,
                start=start,
                step=step,
            )
        layers, starts = [], []
        for place, inside in enumerate(folds):
            step()
            near = None if start is None else start[place]
            fitted = self.fit(kind, inside, setting, seed=seed, start=near, step=step)
            layers.append(fitted[0])
            starts.append(fitted[1])
        return layers, starts


def judge_head(
    lesson: Lesson,
    folds: Folds,
    kind: str,
    *,
    seed: int,
    path: Sequence[Setting] | None = None,
    counted: NDArray[np.float64] | None = None,
    step: Callable[[int, int], None] = lambda done, total: None,
) -> Judged:
    """Choose a setting by cross-validation, and tell what it scored.

    Args:
        lesson: what is learned from.
        folds: of its pictures.
        kind: which of `heads.ALL_KINDS`.
        seed: of whatever is random.
        path: settings to choose from, the steadiest first; None takes the kind's own.
        counted: (n,) how much each picture's loss counts in the choice; None: all alike.
        step: called with (settings done, settings in all), more than once for each.
    """
    settings = list(ALL_KINDS[kind].path if path is None else path)
    # One thread: on matrices of this size two take several times as long as one, and other work has the cores.
    with one_thread():
        setting, logits = choose_setting(
            lesson, ALL_KINDS[kind], settings, folds, seed=seed, counted=counted, step=step
        )
    return weigh(kind, setting, lesson, folds, logits, seed)


def weigh(kind: str, setting: Setting, lesson: Lesson, folds: Folds, logits: NDArray[np.float64], seed: int) -> Judged:
    """Fit the temperature on (repeats, n, c) logits of what was held out, and tell the loss."""
    held_out = folds.held_out
    repeated = np.broadcast_to(lesson.truth, held_out.shape)
    temperature = fit_temperature(logits[held_out], repeated[held_out])
    loss = None
    if held_out.any():
        loss = log_loss(softmax(logits[held_out] / temperature), repeated[held_out])
    return Judged(
        kind=kind,
        setting=setting,
        temperature=temperature,
        class_weights=lesson.per_class,
        held_out=held_out,
        logits=logits,
        loss=loss,
        seed=seed,
    )


def fit_head(like: Judged, lesson: Lesson, step: Callable[[], None] = lambda: None) -> Head:
    """Learn with the chosen setting from everything in the lesson.

    Args:
        like: what was chosen.
        lesson: what is learned from.
        step: called before it begins, and several times in a second while it is learned; may raise to end it.
    """
    kind = ALL_KINDS[like.kind]
    step()
    with one_thread():
        fine = lesson.rows.astype(np.float64) if lesson.rows.size <= _FINE else lesson.rows
        truth = lesson.truth[lesson.owner]
        fitted = kind.fit(
            fine, truth, lesson.classes, lesson.weights(), like.setting, seed=like.seed, fine=True, step=step
        )
    return Head((Voter(lesson.basis.fold(fitted.layers)),), like.temperature)


def prepare_lesson(
    features: NDArray[np.float32],
    truth: NDArray[np.int64],
    classes: int,
    copies: Copies | None = None,
    basis: Basis | None = None,
) -> Lesson:
    """Bring pictures and copies into the space of these features (n, d), which is found where it is not given."""
    with one_thread():
        basis = find_basis(features) if basis is None else basis
        rows, owner = basis.project(features), np.arange(len(truth))
        if copies is not None and len(copies.owner):
            rows = np.concatenate([rows, basis.project(copies.features)])
            owner = np.concatenate([owner, copies.owner])
    return Lesson(rows, owner, truth, classes, class_weights(truth, classes), basis)


def class_weights(truth: NDArray[np.int64], classes: int) -> NDArray[np.float64] | None:
    """How much a picture of each class counts: the inverse square root of the class's size, mean 1 over pictures.

    Halfway between counting pictures alike, where small classes are hardly ever answered, and counting classes alike,
    where they are answered too often. None where the classes are even.
    """
    counts = np.bincount(truth, minlength=classes).astype(np.float64)
    if counts.max() < UNEVEN * max(counts.min(), 1.0):
        return None
    factors = 1 / np.sqrt(np.maximum(counts, 1.0))
    return np.asarray(factors * len(truth) / np.sum(factors * counts))


def choose_setting(
    lesson: Lesson,
    kind: HeadKind,
    settings: Sequence[Setting],
    folds: Folds,
    *,
    seed: int,
    counted: NDArray[np.float64] | None = None,
    step: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Setting, NDArray[np.float64]]:
    """Walk along the settings, all folds side by side; see `setting_path`.

    Settings are compared by log loss after a temperature of their own: accuracy jumps by whole pictures, and the
    temperature is fitted later anyway.

    Returns:
        The setting; (repeats, n, c) logits at that setting of the pictures that were held out.
    """
    held_out = folds.held_out
    if not held_out.any():
        return _middle(settings), np.zeros((*held_out.shape, lesson.classes))
    parts = folds.parts()
    truth = np.broadcast_to(lesson.truth, held_out.shape)[held_out]
    weights = None if counted is None else np.broadcast_to(counted, held_out.shape)[held_out]
    seen: dict[int, tuple[float, NDArray[np.float64]]] = {}
    starts: dict[int | None, Any] = {None: None}

    def loss_of(number: int, near: int | None) -> float:
        # Before each fold and within: whoever asks to stop shall not wait for all of them, nor for a large one.
        asked = partial(step, len(starts) - 1, len(settings))
        heads, starts[number] = lesson.fit_folds(
            kind, [inside for _, inside, _ in parts], settings[number], seed=seed, start=starts[near], step=asked
        )
        logits = np.zeros((*held_out.shape, lesson.classes))
        for layers, (repeat, _, outside) in zip(heads, parts, strict=True):
            logits[repeat, outside] = judge(layers, lesson.rows[: lesson.count][outside], asked)
        temperature = fit_temperature(logits[held_out], truth)
        loss = log_loss(softmax(logits[held_out] / temperature), truth, weights)
        for worse in [each for each, (other, _) in seen.items() if loss < other * (1 - WORTH)]:
            del seen[worse]  # it is not taken any more, and of a hundred thousand pictures it is much
        seen[number] = loss, logits
        return loss

    best = steadiest(len(settings), min(kind.begin, len(settings) - 1), loss_of)
    step(len(settings), len(settings))
    return settings[best], seen[best][1]


def judge(
    layers: Sequence[Layer], rows: NDArray[np.float32], step: Callable[[], None] = lambda: None
) -> NDArray[np.float64]:
    """Logits (n, c) of rows (n, r). Where neighbours are asked, which takes its time, `step` is called in between."""
    voter, last = Voter(tuple(layers)), layers[-1]
    if not isinstance(last, Neighbours):
        return voter.logits(rows)
    given = []
    for start in range(0, len(rows), last.at_once):
        step()
        given.append(voter.logits(rows[start : start + last.at_once]))
    return np.concatenate(given)


def _middle(settings: Sequence[Setting]) -> Setting:
    """What to take where nothing can be compared."""
    if "strength" in settings[0]:
        return min(settings, key=lambda each: abs(np.log(each["strength"] / DEFAULT_STRENGTH)))
    return settings[0]
