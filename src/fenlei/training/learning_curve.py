"""What more pictures would bring: the winner's head learned again from fewer, on features that are there already.

Two questions. How good is it with a quarter and with half of the pictures? And of which class are the last pictures
worth most? For the second, half of the pictures of some classes, drawn by chance, are left out, and then of the others
instead: the difference between the two on the same pictures held out is a sum over classes, what each class's second
half is worth with its sign (a two-level screening design with foldover; Box & Wilson 1951). A few dozen fits so tell
all classes at once, and what they leave unexplained is the noise.

Only the training part takes part, and its folds judge. What is done is fixed by the size of the work, not by the clock:
the same pictures give the same report.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fenlei.modelfile import Layer, softmax
from fenlei.training.aim import Aim, figure, interval, picture_weights
from fenlei.training.curve import ClassGain, CurvePoint, LearningCurve
from fenlei.training.ending import Ending, Piece
from fenlei.training.folds import Folds
from fenlei.training.head import Judged, Lesson, judge
from fenlei.training.heads import KINDS, LOGISTIC, PROTOTYPES, SVM
from fenlei.training.one_thread import one_thread

SHARES = (0.25, 0.5)

RATE = {LOGISTIC: 2.5e8, SVM: 2.5e7, PROTOTYPES: 2e9}
"""Numbers (rows × directions × classes) that a second of fitting is taken to be worth, by kind of head; measured on
one core, begun from a near solution. A kind that is not here is taken to be slow."""

SLOW = 1e6
EACH = 0.003
"""Seconds that a fit takes however small it is."""

USUALLY = 0.5
"""Of what a fit is taken to be worth, what it mostly takes."""

LONGEST_TRIED = 0.25
"""Seconds of a fit up to which two are tried, to see what it takes."""

LEAST_PICTURES = 30
"""Below so many a curve says more of chance than of pictures."""

MOST_FOLDS = 5

MOST_PAIRS = 24
LEAST_PAIRS = 6
"""Below so many comparisons nothing is said of single classes."""

LEAST_GROUPS = 4
"""Different pictures that a class must have in a fold to be halved."""


class _Work(NamedTuple):
    """How much is done: over how many folds, and in how many pairs that tell classes apart."""

    folds: int
    pairs: int

    @property
    def fits(self) -> int:
        return self.folds * (1 + len(SHARES)) + (2 * self.pairs if self.pairs >= LEAST_PAIRS else 0)


class CurveTakes(NamedTuple):
    """Seconds: of what all fits start from, which is learned from nothing, and of these fits."""

    starts: float
    fits: float


class _Pictures:
    """Counts those that fits learn from, and tells of them; a fit takes about as long as it has pictures."""

    def __init__(self, total: int, ending: Ending) -> None:
        self._done, self._total, self._ending = 0, total, ending

    def learned(self, pictures: int) -> None:
        self._done = min(self._done + pictures, self._total)
        self._ending.step(self._done, self._total)


class _Bench(NamedTuple):
    """What every fit stands on.

    Attributes:
        lesson: pictures in the space of the head; no altered copies.
        judged: how the head was judged with all pictures.
        groups: (n,) duplicate groups.
        parts: the folds that take part.
        starts: by fold, what a fit starts from: the whole of it learned.
        weights: (n,) how much a picture counts for the aim.
        ask: called several times in a second; may raise to end it.
    """

    lesson: Lesson
    judged: Judged
    groups: NDArray[np.int64]
    parts: list[tuple[int, NDArray[np.bool_], NDArray[np.bool_]]]
    starts: list[Any]
    weights: NDArray[np.float64]
    ask: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Learn what the next fold starts from."""
        self.starts.append(self.fit(self.parts[len(self.starts)][1])[1])

    def fit(self, kept: NDArray[np.bool_], start: Any = None) -> tuple[tuple[Layer, ...], Any]:
        """Learn the head from the pictures (n,) that are marked."""
        kind, setting, seed = KINDS[self.judged.kind], self.judged.setting, self.judged.seed
        return self.lesson.fit(kind, kept, setting, seed=seed, start=start, step=self.ask)


def learning_curve(
    lesson: Lesson,
    judged: Judged,
    folds: Folds,
    groups: NDArray[np.int64],
    labels: Sequence[str],
    *,
    aim: Aim,
    seed: int,
    seconds: float = 0.5,
    ending: Ending | None = None,
    ask: Callable[[], None] = lambda: None,
) -> LearningCurve | None:
    """Measure what pictures are worth.

    Args:
        lesson: the training part, without altered copies.
        judged: how this head was judged with all of it, by the same folds.
        folds: of its pictures.
        groups: (n,) duplicate groups; what shows the same thing is left out together.
        labels: class names in class order.
        aim: what is to be raised.
        seed: of what is left out.
        seconds: about what it may take on a core of a usual machine.
        ending: told how far this is.
        ask: called several times in a second; may raise to end it.

    Returns:
        The curve; None where there are too few pictures, nothing could be held out, or the time does not suffice.
    """
    work = _work(lesson, judged, folds, seconds)
    if work is None:
        return None
    parts, used, pairs = folds.parts(), work.folds, work.pairs
    weights = picture_weights(aim, lesson.truth, lesson.classes)
    bench = _Bench(lesson, judged, groups, parts[:used], [], weights, ask)
    rng, ending = np.random.default_rng(seed), Ending() if ending is None else ending
    with one_thread():
        for fold in range(used):
            bench.start()
            ending.step(fold + 1, used)
        ending.begin(Piece.CURVE)
        learning = _Pictures(_pictures_of(bench, pairs), ending)
        points, rise, rise_noise = _points(bench, aim, rng, learning)
        gains = _gains(bench, labels, pairs, rng, learning) if pairs >= LEAST_PAIRS else []
    return LearningCurve(
        head=KINDS[judged.kind].name,
        aim=aim.value,
        points=points,
        rise=rise,
        rise_noise=rise_noise,
        gains=sorted(gains, key=lambda each: -each.gain),
        fits=used * (1 + len(SHARES)) + (2 * pairs if gains else 0),
    )


def curve_takes(
    lesson: Lesson, judged: Judged, folds: Folds, groups: NDArray[np.int64], *, seed: int, seconds: float
) -> CurveTakes:
    """What a curve will really take here, by two fits of it; arguments as `learning_curve`."""
    work = _work(lesson, judged, folds, seconds)
    if work is None:
        return CurveTakes(0.0, 0.0)
    each, fits = _nominal(lesson, judged, folds), work.fits - work.folds
    if each > LONGEST_TRIED:
        return CurveTakes(USUALLY * each * work.folds, USUALLY * each * fits)
    bench = _Bench(lesson, judged, groups, folds.parts()[:1], [], np.ones(lesson.count))
    _, inside, outside = bench.parts[0]
    shares = np.where(np.arange(lesson.classes) % 2 == 0, 1.0, 0.5)
    marks = [time.monotonic()]
    with one_thread():
        bench.start()
        marks.append(time.monotonic())
        _logits(bench, 0, _thinned(bench, inside, shares, np.random.default_rng(seed)), outside)
        marks.append(time.monotonic())
    return CurveTakes(work.folds * (marks[1] - marks[0]), fits * (marks[2] - marks[1]))


def _work(lesson: Lesson, judged: Judged, folds: Folds, seconds: float) -> _Work | None:
    """What can be done in about that time; None where it is too little, or there are too few pictures."""
    parts = folds.parts()
    if not parts or lesson.count < LEAST_PICTURES:
        return None
    fits = int(seconds / _nominal(lesson, judged, folds))
    # A fold costs three fits beforehand: two shares, and a whole one that helps the others along.
    used = min(len(parts), MOST_FOLDS, max(1, fits // 12))
    return None if fits < 3 else _Work(used, min(MOST_PAIRS, (fits - 3 * used) // 2))


def _nominal(lesson: Lesson, judged: Judged, folds: Folds) -> float:
    """Seconds that a fit is taken to be worth, wherever it is done."""
    numbers = int(folds.parts()[0][1].sum()) * lesson.rows.shape[1] * lesson.classes
    return float(EACH + numbers / RATE.get(judged.kind, SLOW))


def _pictures_of(bench: _Bench, pairs: int) -> int:
    """About how many pictures all fits learn from that follow the starts."""
    inside = sum(int(inside.sum()) for _, inside, _ in bench.parts)
    return round(inside * (sum(SHARES) + 2 * (pairs if pairs >= LEAST_PAIRS else 0) * 0.75 / len(bench.parts)))


def _points(
    bench: _Bench, aim: Aim, rng: np.random.Generator, learning: _Pictures
) -> tuple[list[CurvePoint], float, float]:
    """The points, and what the last step brought with its standard error, picture by picture."""
    lesson, points, hits = bench.lesson, [], []
    shown = np.concatenate([np.flatnonzero(outside) for _, _, outside in bench.parts])
    for share in (*SHARES, 1.0):
        called, truth, learned = [], [], []
        for number, (repeat, inside, outside) in enumerate(bench.parts):
            if share == 1.0:
                logits, kept = bench.judged.logits[repeat, outside], inside
            else:
                kept = _thinned(bench, inside, np.full(lesson.classes, share), rng)
                logits = _logits(bench, number, kept, outside)
                learning.learned(int(kept.sum()))
            called.append(logits.argmax(axis=1))
            truth.append(lesson.truth[outside])
            learned.append(int(kept.sum()))
        answers, right = np.concatenate(called), np.concatenate(truth)
        hits.append((answers == right).astype(np.float64))
        points.append(
            CurvePoint(
                share=share,
                pictures=round(float(np.mean(learned))),
                score=figure(aim, answers, right, lesson.classes),
                score_interval=interval(aim, answers, right, lesson.classes),
            )
        )
    steps = (hits[-1] - hits[-2]) * bench.weights[shown] / bench.weights[shown].mean()
    # Copies of one picture are one piece of evidence, and so is one picture that several divisions held out.
    _, group = np.unique(bench.groups[shown], return_inverse=True)
    noise = float(np.sqrt(np.sum(np.bincount(group, weights=steps - steps.mean()) ** 2))) / len(steps)
    return points, points[-1].score - points[-2].score, noise


def _gains(
    bench: _Bench, labels: Sequence[str], pairs: int, rng: np.random.Generator, learning: _Pictures
) -> list[ClassGain]:
    lesson = bench.lesson
    large = [label for label in range(lesson.classes) if _can_be_halved(bench, label)]
    if not large:
        return []
    signs = _design(pairs, len(large), rng)
    worth = np.empty(pairs)
    for pair in range(pairs):
        number = pair % len(bench.parts)
        _, inside, outside = bench.parts[number]
        scores = []
        for side in (1, -1):
            shares = np.ones(lesson.classes)
            shares[large] = np.where(signs[pair] == side, 1.0, 0.5)
            kept = _thinned(bench, inside, shares, rng)
            logits = _logits(bench, number, kept, outside)
            learning.learned(int(kept.sum()))
            right = softmax(logits / bench.judged.temperature)[np.arange(len(logits)), lesson.truth[outside]]
            scores.append(float(np.average(right, weights=bench.weights[outside])))
        worth[pair] = scores[0] - scores[1]
    gain, noise = _explained(signs, worth)
    counts = np.bincount(lesson.truth, minlength=lesson.classes)
    return [
        ClassGain(label=labels[label], pictures=int(counts[label]), gain=float(gain[place]), noise=float(noise[place]))
        for place, label in enumerate(large)
    ]


def _design(pairs: int, classes: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """(pairs, classes) of 1 and -1, each class as often one as the other, as far as that goes."""
    half = np.where(np.arange(pairs) % 2 == 0, 1.0, -1.0)
    return np.stack([rng.permutation(half) for _ in range(classes)], axis=1)


def _explained(signs: NDArray[np.float64], worth: NDArray[np.float64]) -> tuple[Any, Any]:
    """Least squares of the sum over classes, with standard errors; means where there are too few pairs for it."""
    pairs, classes = signs.shape
    if pairs >= classes + LEAST_PAIRS // 2 and np.linalg.matrix_rank(signs) == classes:
        inverse = np.linalg.inv(signs.T @ signs)
        gain = inverse @ signs.T @ worth
        left = worth - signs @ gain
        return gain, np.sqrt(np.diag(inverse) * np.sum(left**2) / (pairs - classes))
    each = signs * worth[:, None]
    return each.mean(axis=0), each.std(axis=0, ddof=1) / np.sqrt(pairs)


def _can_be_halved(bench: _Bench, label: int) -> bool:
    return all(
        len(np.unique(bench.groups[inside & (bench.lesson.truth == label)])) >= LEAST_GROUPS
        for _, inside, _ in bench.parts
    )


def _thinned(
    bench: _Bench, inside: NDArray[np.bool_], shares: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.bool_]:
    """(n,) what is left when of each class about this share of its groups is kept, one at least."""
    kept = inside.copy()
    for label in np.flatnonzero(shares < 1):
        rows = np.flatnonzero(inside & (bench.lesson.truth == label))
        groups = rng.permutation(np.unique(bench.groups[rows]))
        stay = groups[: max(1, round(len(groups) * float(shares[label])))]
        kept[rows] = np.isin(bench.groups[rows], stay)
    return kept


def _logits(bench: _Bench, number: int, kept: NDArray[np.bool_], outside: NDArray[np.bool_]) -> NDArray[np.float64]:
    layers, _ = bench.fit(kept, bench.starts[number])
    return judge(layers, bench.lesson.rows[: bench.lesson.count][outside])
