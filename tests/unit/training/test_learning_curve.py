"""What more pictures would bring: a class that is short of them is named, one that has enough is not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fenlei.imaging import Policy
from fenlei.training.aim import Aim
from fenlei.training.board import Entry
from fenlei.training.candidate import VOTE, Candidate
from fenlei.training.curve import LearningCurve
from fenlei.training.curve_head import curve_head
from fenlei.training.ending import Ending, Piece
from fenlei.training.folds import draw_folds
from fenlei.training.head import Judged, judge_head, prepare_lesson
from fenlei.training.heads import LOGISTIC, NETWORK, SVM
from fenlei.training.journal import Journal
from fenlei.training.learning_curve import learning_curve
from fenlei.training.view import one

LABELS = ["many", "plenty", "scarce"]


def drawn(counts: list[int], seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Two classes that lie apart in one spot each, and a third that is scattered over many spots of its own."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(3), counts)
    features = rng.normal(0, 1, (len(truth), 24))
    features[truth == 0, 0] += 4
    features[truth == 1, 1] += 4
    spots = rng.normal(0, 1, (10, 24)) * 2.5
    rows = np.flatnonzero(truth == 2)
    features[rows] += spots[rng.integers(0, 10, len(rows))]
    return features.astype(np.float32), truth


class Heard(Ending):
    """Writes down what share of each piece is done."""

    def __init__(self) -> None:
        super().__init__()
        self.shares: dict[Piece, list[float]] = {}
        self._now = Piece.STARTS
        self.begin(self._now)

    def begin(self, piece: Piece, steps: int | None = None) -> None:
        super().begin(piece, steps)
        self._now = piece

    def step(self, done: int, total: int) -> None:
        super().step(done, total)
        self.shares.setdefault(self._now, []).append(done / total)


def measured(
    counts: list[int], *, seconds: float = 1.0, seed: int = 0, ending: Ending | None = None
) -> LearningCurve | None:
    features, truth = drawn(counts)
    groups = np.arange(len(truth))
    folds = draw_folds(truth, groups, seed)
    lesson = prepare_lesson(features, truth, 3)
    judged = judge_head(lesson, folds, LOGISTIC, seed=seed)
    return learning_curve(
        lesson, judged, folds, groups, LABELS, aim=Aim.ACCURACY, seed=seed, seconds=seconds, ending=ending
    )


def test_the_class_that_is_short_of_pictures_is_the_one_that_more_would_help_most() -> None:
    curve = measured([120, 120, 24])
    assert curve is not None
    best = curve.gains[0]
    assert best.label == "scarce"
    assert best.sure
    assert best.pictures == 24
    assert all(gain.gain < best.gain for gain in curve.gains[1:])


def test_what_is_learned_from_nothing_and_what_starts_from_there_are_told_apart_step_by_step() -> None:
    heard = Heard()
    curve = measured([60, 60, 60], ending=heard)
    assert curve is not None
    starts, fits = heard.shares[Piece.STARTS], heard.shares[Piece.CURVE]
    assert starts == [(each + 1) / len(starts) for each in range(len(starts))]
    assert len(fits) == curve.fits - len(starts)
    assert fits == sorted(fits)
    assert 0.9 < fits[-1] <= 1
    # A fit of a quarter of the pictures is a smaller step than one of half of them.
    assert fits[0] < fits[len(starts)] - fits[len(starts) - 1]


def test_the_curve_goes_from_few_pictures_to_all_and_says_how_sure_its_rise_is() -> None:
    curve = measured([60, 60, 60])
    assert curve is not None
    assert [point.share for point in curve.points] == [0.25, 0.5, 1.0]
    assert [point.pictures for point in curve.points] == [36, 72, 144]
    assert curve.points[0].score < curve.points[-1].score
    assert curve.rise == curve.points[-1].score - curve.points[-2].score
    assert 0 < curve.rise_noise < 0.1
    assert curve.head == "logistic regression"
    assert [gain.gain for gain in curve.gains] == sorted((gain.gain for gain in curve.gains), reverse=True)


def test_the_same_pictures_give_the_same_curve() -> None:
    assert measured([40, 40, 20]) == measured([40, 40, 20])


def test_what_does_not_fit_into_the_time_is_left_out_and_nothing_is_made_up() -> None:
    whole, short = measured([60, 60, 60]), measured([60, 60, 60], seconds=0.03)
    assert whole is not None
    assert short is not None
    assert short.gains == []
    assert short.fits < whole.fits
    assert measured([60, 60, 60], seconds=1e-5) is None


def test_pictures_that_show_the_same_are_left_out_together() -> None:
    features, truth = drawn([60, 60, 60])
    groups = np.arange(180)
    groups[truth == 2] = 120 + np.arange(60) // 20  # three pictures, twenty times each
    folds = draw_folds(truth, groups, 0)
    lesson = prepare_lesson(features, truth, 3)
    judged = judge_head(lesson, folds, LOGISTIC, seed=0)
    curve = learning_curve(lesson, judged, folds, groups, LABELS, aim=Aim.ACCURACY, seed=0, seconds=1.0)
    assert curve is not None
    assert {gain.label for gain in curve.gains} == {"many", "plenty"}  # of three nothing can be halved


def test_with_nothing_held_out_there_is_no_curve() -> None:
    features, truth = drawn([1, 1, 1])
    groups = np.arange(3)
    folds = draw_folds(truth, groups, 0)
    lesson = prepare_lesson(features, truth, 3)
    judged = judge_head(lesson, folds, LOGISTIC, seed=0)
    assert learning_curve(lesson, judged, folds, groups, LABELS, aim=Aim.ACCURACY, seed=0) is None


VIEW, OTHER = one("x", 224, Policy.SQUASH), one("y", 224, Policy.SQUASH)


def judged_as(kind: str) -> Judged:
    nothing = np.zeros((1, 2), bool)
    return Judged(
        kind=kind,
        setting={},
        temperature=1.0,
        class_weights=None,
        held_out=nothing,
        logits=np.zeros((1, 2, 2)),
        loss=None,
    )


def test_a_quick_winner_stands_for_itself_and_a_slow_one_is_stood_for_by_the_nearest_that_was_judged() -> None:
    journal = Journal(None, "")
    for candidate in (Candidate(view=VIEW), Candidate(view=VIEW, kind=SVM), Candidate(view=OTHER)):
        journal.add(candidate, judged_as(candidate.kind), 0.0)

    def kind_of(winner: Candidate) -> tuple[str, str] | None:
        found = curve_head(Entry(winner, judged_as(winner.kind)), journal)
        return None if found is None else (found.judged.kind, found.view.name)

    assert kind_of(Candidate(view=OTHER, kind=SVM)) == (SVM, "y")
    assert kind_of(Candidate(view=VIEW, kind=SVM, copies="altered")) == (SVM, "x")
    assert kind_of(Candidate(view=VIEW, kind=NETWORK)) == (LOGISTIC, "x")
    members = (Candidate(view=OTHER, kind=NETWORK), Candidate(view=VIEW, kind=SVM))
    assert kind_of(Candidate(view=VIEW, kind=VOTE, members=members, shares=(0.6, 0.4))) == (LOGISTIC, "y")
    assert kind_of(Candidate(view=one("z", 224, Policy.SQUASH), kind=NETWORK)) is None
