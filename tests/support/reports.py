"""A training report for tests, as full as a real one, and thumbnails to go with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from fenlei.training.advice import advise
from fenlei.training.confused import ConfusedPair, ConfusedPicture
from fenlei.training.curve import ClassGain, CurvePoint, LearningCurve
from fenlei.training.evaluation import evaluate, reliability, worst
from fenlei.training.honesty_figures import (
    CalibrationFigures,
    ClassThreshold,
    DecisionFigures,
    RuleFigures,
    UnknownFigures,
)
from fenlei.training.nearest import Alike
from fenlei.training.report import (
    CandidateResult,
    ClassCount,
    DuplicateGroup,
    Duplicates,
    Member,
    Recipe,
    Report,
    SkippedPicture,
    WrongPicture,
)
from fenlei.training.slices import slices
from fenlei.training.suspect import Neighbour, Suspect, SuspectCounts
from tests.support.drawing import jpeg, png

FEW = (
    "cat",
    "dog",
    "猫头鹰",
    "فراشة",
    "<script>alert(1)</script>",
    "fish",
    "mountain goat",
    "owl",
    "rap_gesture",
    "zebra",
)
"""Ten class names of the kinds that people have."""


def report(
    labels: Sequence[str] = FEW,
    *,
    each: int | Sequence[int] = 10,
    confused: float = 0.35,
    seed: int = 1,
    origin: str = "held out",
    thumbnails: bool = True,
) -> Report:
    """A report on scores that were drawn, with every list filled.

    Args:
        labels: class names in class order.
        each: pictures of the test part, of every class or one number per class.
        confused: noise on the scores: 0 gives no error at all, 1 gives many.
        seed: of the drawn scores.
        origin: see `Report.test_origin`.
        thumbnails: whether wrong pictures point into `gallery(report)`.
    """
    support = [each] * len(labels) if isinstance(each, int) else list(each)
    truth = np.repeat(np.arange(len(labels)), support)
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, confused * 4, (len(truth), len(labels))) + 5 * np.eye(len(labels))[truth]
    if confused:
        # Neighbouring classes look alike, so that some pairs stand out.
        logits[np.arange(len(truth)), (truth + 1) % len(labels)] += rng.uniform(0, 5, len(truth))
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    wrong = worst(scores, truth, 24)
    made = Report(
        labels=list(labels),
        counts=[ClassCount(label=label, train=40 + n % 7, test=n) for label, n in zip(labels, support, strict=True)],
        train_pictures=sum(40 + n % 7 for n in support),
        test_pictures=len(truth),
        test_origin=origin,
        evaluation=evaluate(scores, truth, labels),
        worst=[
            WrongPicture(
                name=f"{labels[truth[row]]}/IMG_{row:04d} & “照片”.jpg",
                truth=labels[truth[row]],
                predicted=labels[int(scores[row].argmax())],
                score=float(scores[row].max()),
                truth_score=float(scores[row, truth[row]]),
                thumbnail=place if thumbnails else None,
            )
            for place, row in enumerate(wrong)
        ],
        skipped=[
            *(SkippedPicture(name=f"{n}/._x{n}.jpg", reason="a hidden file") for n in range(12)),
            *(
                SkippedPicture(name=f"s{n}.png", reason=f"s{n}.png is {9 + n} × 12 pixels; 30 are needed")
                for n in range(3)
            ),
            SkippedPicture(name="猫/坏图.jpg", reason="cannot be decoded to its last row"),
        ],
        duplicates=_duplicates(labels),
        candidates=_candidates(),
        recipe=Recipe(
            backbone="efficientnet-lite0",
            backbone_digest="1f" * 32,
            licence="Apache-2.0",
            size=224,
            policy="squash",
            head="logistic regression on standardised features",
            setting={"strength": 0.0125},
            copies="none",
            aim="accuracy",
            members=[],
            class_weights=[1 + n / 10 for n in range(len(labels))],
            temperature=1.18,
            fitted_on=540,
            refitted=origin == "held out",
        ),
        validation_joined=0 if origin == "held out" else 36,
        seed=0,
        goal="balanced",
        dataset_digest="c4" * 32,
        suspects=_suspects(labels, len(wrong) if thumbnails else None),
        suspect_counts=SuspectCounts(pictures=3, looked_at=540, scored=540, labels=2, twins=1, outliers=1),
        calibration=CalibrationFigures(
            method="temperature",
            vector_chance=0.71,
            pictures=430,
            error_before=0.083,
            error_after=0.031,
            log_loss_before=0.41,
            log_loss_after=0.33,
            held_out_error_before=0.079,
            held_out_error_after=0.028,
            reliability_before=reliability(scores, truth),
        ),
        unknown=UnknownFigures(
            rule="relative Mahalanobis",
            compared=[
                RuleFigures(rule=rule, auroc=0.9 - n / 20, drawn=0.99 - n / 20, found=0.6 - n / 20)
                for n, rule in enumerate(("relative Mahalanobis", "neighbours", "energy"))
            ],
            false_rejects=0.05,
            threshold_pictures=430,
            test_pictures=len(truth),
            test_rejected=4,
            test_interval=(0.02, 0.1),
        ),
        decision=DecisionFigures(
            method="precision",
            asked=f"{labels[0]} 0.95",
            classes=[
                ClassThreshold(label=label, threshold=0.4, kept=n > 0, answered=9, right=8, pictures=10)
                for n, label in enumerate(labels)
            ],
            pictures=len(truth),
            answered=len(truth) // 2,
            right=len(truth) // 3,
        ),
        learning_curve=_curve(labels),
    )
    return msgspec.structs.replace(made, advice=advise(made))


def _curve(labels: Sequence[str]) -> LearningCurve:
    points = [
        CurvePoint(share=share, pictures=round(540 * share), score=score, score_interval=(score - 0.03, score + 0.03))
        for share, score in ((0.25, 0.81), (0.5, 0.87), (1.0, 0.91))
    ]
    gains = [
        ClassGain(label=label, pictures=40, gain=0.02 - n / 100, noise=0.005) for n, label in enumerate(labels[:4])
    ]
    return LearningCurve(
        head="logistic regression", aim="accuracy", points=points, rise=0.04, rise_noise=0.01, gains=gains, fits=63
    )


def closer(of: Report, *, thumbnails: bool = True) -> Report:
    """The same report with neighbours and heat maps of its wrong pictures, mix-ups with pictures, and slices."""
    wrong = [
        msgspec.structs.replace(
            each,
            heat=place if thumbnails and place < 2 else None,
            nearest=[
                Alike(
                    name=f"{each.predicted}/near {number} of {place}.jpg",
                    label=each.predicted,
                    similarity=0.9 - number / 5,
                    thumbnail=number % len(of.worst) if thumbnails else None,
                )
                for number in range(3)
            ],
        )
        for place, each in enumerate(of.worst)
    ]
    pairs = [
        ConfusedPair(
            truth=of.labels[truth],
            called=of.labels[called],
            count=pictures,
            pictures=[
                ConfusedPicture(
                    name=f"{of.labels[truth]}/pair {number} <b>.jpg",
                    score=0.8,
                    truth_score=0.1,
                    thumbnail=number % len(of.worst) if thumbnails else None,
                )
                for number in range(min(pictures, 2))
            ],
        )
        for truth, row in enumerate(of.evaluation.confusion)
        for called, pictures in enumerate(row)
        if pictures and truth != called
    ]
    light = np.linspace(0.05, 0.95, 80)
    cameras = ["<script>alert(1)</script>"] * 40 + ["DSC"] * 40
    found = slices({"brightness": light, "pixels": light * 4e6, "sharpness": light * 900}, cameras, light > 0.3)
    return msgspec.structs.replace(of, worst=wrong, confused=pairs, slices=found)


def gallery(of: Report) -> list[bytes]:
    """Thumbnails for the report's wrong pictures and then its suspects, JPEG and PNG by turns."""
    pictures = len(of.worst) + sum(each.thumbnail is not None for each in of.suspects)
    return [png(96, 72, seed=n) if n % 3 == 2 else jpeg(128, 96, seed=n) for n in range(pictures)]


def _suspects(labels: Sequence[str], first: int | None) -> list[Suspect]:
    """One of each kind; all but the last have thumbnails, from `first` on."""

    def suspect(number: int, **more: Any) -> Suspect:
        name, label = f"{labels[0]}/odd {number}.jpg", labels[0]
        plain: dict[str, Any] = {"likelier": None, "label_score": 0.04, "likelier_score": None, "thumbnail": None}
        return Suspect(name=name, sha256="5d" * 32, part="train", label=label, **{**plain, **more})

    def thumbnail(number: int) -> int | None:
        return None if first is None else first + number

    twin = Neighbour(name=f"{labels[1]}/copy.jpg", sha256="5d" * 32, label=labels[1], exact=True)
    far = Neighbour(name=f"{labels[1]}/far.jpg", sha256="6e" * 32, label=labels[1])
    return [
        suspect(
            0,
            likelier=labels[1],
            likelier_score=0.95,
            suspicion=0.96,
            reasons=["label", "twin"],
            twin=twin,
            thumbnail=thumbnail(0),
        ),
        suspect(1, likelier=labels[1], likelier_score=0.9, suspicion=0.93, reasons=["label"], thumbnail=thumbnail(1)),
        suspect(2, suspicion=0.2, reasons=["outlier"], distance=1.7, nearest=far),
    ]


def _duplicates(labels: Sequence[str]) -> Duplicates:
    def member(name: str, number: int, part: str) -> Member:
        return Member(name=f"{labels[number]}/{name}", label=labels[number], part=part)

    return Duplicates(
        groups=3,
        pictures=7,
        across_classes=1,
        across_parts=2,
        examples=[
            DuplicateGroup(exact=True, members=[member("a.jpg", 0, "train"), member("b.jpg", 1, "train")]),
            DuplicateGroup(exact=False, members=[member("c.jpg", 0, "train"), member("d.jpg", 0, "test")]),
            DuplicateGroup(exact=True, members=[member(f"{n}.jpg", 1, "train") for n in "efg"]),
        ],
    )


def _candidates() -> list[CandidateResult]:
    return [
        CandidateResult(
            backbone="efficientnet-lite0",
            size=224,
            policy="squash",
            accuracy=0.918,
            accuracy_interval=(0.89, 0.94),
            log_loss=0.2713,
            chosen=True,
        ),
        CandidateResult(
            backbone="efficientnet-lite0",
            size=224,
            policy="letterbox",
            accuracy=0.902,
            accuracy_interval=(0.87, 0.93),
            log_loss=0.301,
        ),
        CandidateResult(
            backbone="efficientnet-lite2",
            size=260,
            policy="squash",
            left_out="it would not have fitted the budget of 60 s",
        ),
    ]
