"""Giving account: the report and the model file of what was learned."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version

import msgspec
import numpy as np

from fenlei.backbones import Backbone
from fenlei.datasets import Groups, Skipped, dataset_digest
from fenlei.imaging import InputSpec
from fenlei.modelfile import (
    BackboneRef,
    Calibration,
    Decision,
    Head,
    Manifest,
    ModelFile,
    ParityPicture,
    Unknown,
    unknown_ref,
)
from fenlei.training.advice import advise
from fenlei.training.aim import Aim
from fenlei.training.board import Entry
from fenlei.training.candidate import TUNED
from fenlei.training.closer_look import CloserLook
from fenlei.training.curve import LearningCurve
from fenlei.training.division import HELD_OUT, Division
from fenlei.training.evaluation import Evaluation
from fenlei.training.formula import KEY, Formula
from fenlei.training.gallery import Gallery
from fenlei.training.honesty import HonestFigures
from fenlei.training.look import Picture
from fenlei.training.picture_list import FILE, listed, write_list
from fenlei.training.report import (
    CandidateResult,
    ClassCount,
    DuplicateGroup,
    Duplicates,
    Member,
    Recipe,
    Report,
    SkippedPicture,
    to_json,
)
from fenlei.training.report_html import render
from fenlei.training.since import Since
from fenlei.training.suspects import Suspicions, name_suspects

REPORT_JSON, REPORT_HTML = "report.json", "index.html"
MOST_GROUPS_SHOWN = 50
MOST_MEMBERS_SHOWN = 20
_COMPUTING = ("fenlei", "numpy", "scipy", "openvino", "pillow", "simplejpeg")
_TRAINING = ("torch", "lightning-fabric", "kornia")


@dataclass(frozen=True)
class Story:
    """Everything that happened, as `train` hands it over.

    Attributes:
        labels: class names in class order.
        pictures: (n) usable pictures.
        skipped: files that were not used.
        groups: duplicates among `pictures`.
        division: who learned and who judged.
        evaluation: figures on the test part.
        closer: wrong pictures, mix-ups, slices, and what the report shows of them.
        suspicions: what is known against each picture.
        gallery: what the report shows.
        curve: what more pictures would bring, where that was measured.
        winner: the candidate that the model is.
        results: everything that was tried.
        aim: what was to be raised.
        head: what is shipped.
        unknown: the rule for unknown pictures that is shipped, if there is one.
        decision: the thresholds that are shipped, if there are some.
        honest: what calibration, rule and thresholds did on the test part.
        backbone: under the head.
        spec: its preprocessing.
        seed: of split and folds.
        goal: what was asked for.
        test_fraction: what was asked for.
        formula: what it takes to make the model again.
        since: what has changed since an earlier model; None where there is none to go on from.
        fitted_on: pictures that what is shipped learned from.
        refitted: whether it learned from the test part, after that was judged.
        spoiled: what went wrong when it was to; None where nothing did.
    """

    labels: list[str]
    pictures: Sequence[Picture]
    skipped: Sequence[Skipped]
    groups: Groups
    division: Division
    evaluation: Evaluation
    closer: CloserLook
    suspicions: Suspicions
    gallery: Gallery
    curve: LearningCurve | None
    winner: Entry
    results: list[CandidateResult]
    aim: Aim
    head: Head
    unknown: Unknown | None
    decision: Decision | None
    honest: HonestFigures
    backbone: Backbone
    spec: InputSpec
    seed: int
    goal: str
    test_fraction: float
    formula: Formula
    since: Since | None
    fitted_on: int
    refitted: bool
    spoiled: str | None


def build_report(story: Story) -> Report:
    """Put the report together. It holds no clock and no path of this machine."""
    truth, test = story.division.truth, story.division.test
    classes = len(story.labels)
    train_counts = np.bincount(truth[~test], minlength=classes)
    test_counts = np.bincount(truth[test], minlength=classes)
    candidate, judged = story.winner.candidate, story.winner.judged
    weights = judged.class_weights
    report = Report(
        labels=story.labels,
        counts=[
            ClassCount(label=label, train=int(train_counts[number]), test=int(test_counts[number]))
            for number, label in enumerate(story.labels)
        ],
        train_pictures=int(train_counts.sum()),
        test_pictures=int(test_counts.sum()),
        test_origin=story.division.origin,
        evaluation=story.evaluation,
        worst=story.closer.wrong,
        calibration=story.honest.calibration,
        unknown=story.honest.unknown,
        no_unknown=story.honest.no_unknown,
        decision=story.honest.decision,
        skipped=[SkippedPicture(name=each.name, reason=each.reason) for each in story.skipped],
        duplicates=_duplicates(story),
        candidates=story.results,
        recipe=Recipe(
            backbone=story.backbone.id,
            backbone_digest=story.backbone.digest,
            licence=story.backbone.licence,
            size=story.backbone.size,
            policy=story.spec.policy.value,
            head=candidate.head,
            setting=_floats(judged.setting),
            copies=candidate.copies,
            aim=story.aim.value,
            aim_by=story.formula.aim_by,
            members=[
                {
                    "backbone": member.view.name,
                    "head": member.head,
                    "copies": member.copies,
                    "setting": _floats(member.setting or {}),
                    "share": round(share, 4),
                }
                for member, share in zip(candidate.members, candidate.shares, strict=True)
            ],
            class_weights=None if weights is None else [round(float(weight), 6) for weight in weights],
            temperature=float(story.head.temperature),
            fitted_on=story.fitted_on,
            refitted=story.refitted,
            spoiled=msgspec.UNSET if story.spoiled is None else story.spoiled,
        ),
        seed=story.seed,
        goal=story.goal,
        dataset_digest=digest_of(story.pictures, story.division),
        confused=story.closer.confused,
        slices=story.closer.slices,
        since=story.since,
        suspects=name_suspects(story.suspicions, story.pictures, story.labels, test, story.gallery.large),
        suspect_counts=story.suspicions.counts(),
        learning_curve=story.curve,
        validation_joined=story.division.validation_joined,
    )
    return msgspec.structs.replace(report, advice=advise(report))


def _floats(setting: Mapping[str, float]) -> dict[str, float]:
    """The same as it is read again: JSON tells 8 from 8.0, and whoever chose it may not have."""
    return {name: float(value) for name, value in setting.items()}


def build_model(story: Story, report: Report, parity: list[ParityPicture], network: bytes | None) -> ModelFile:
    """Put the model file together, in memory; without a network it refers to that by digest."""
    manifest = Manifest(
        labels=story.labels,
        input=story.spec,
        backbone=BackboneRef(
            id=story.backbone.id,
            digest=story.backbone.digest,
            licence=story.backbone.licence,
            size=story.backbone.size,
            width=story.backbone.width,
            embedded=network is not None,
        ),
        calibration=Calibration(temperature=float(story.head.temperature)),
        unknown=None if story.unknown is None else unknown_ref(story.unknown),
        decision=story.decision,
        metrics=metrics_of(report.evaluation),
        dataset_digest=report.dataset_digest,
        recipe={
            **msgspec.to_builtins(report.recipe),
            "goal": story.goal,
            "seed": story.seed,
            "test_fraction": story.test_fraction if story.division.origin == HELD_OUT else None,
            KEY: msgspec.to_builtins(story.formula),
        },
        versions=dict(_versions(_TRAINING if story.winner.candidate.kind == TUNED else ())),
    )
    return ModelFile(
        manifest=manifest,
        head=story.head,
        network=network,
        report={
            REPORT_JSON: to_json(report),
            REPORT_HTML: render(report, story.gallery.files()).encode("utf-8"),
            FILE: write_list(listed(story.pictures, story.division.test, story.closer.called)),
        },
        parity=parity,
        unknown=story.unknown,
    )


def _duplicates(story: Story) -> Duplicates:
    truth, test = story.division.truth, story.division.test
    across_classes, across_parts, ranked = 0, 0, []
    members = story.groups.members()
    for rows in members:
        classes = len(set(truth[rows].tolist()))
        tests = int(test[rows].sum())
        mixed = 0 < tests < len(rows)
        across_classes += classes > 1
        across_parts += tests if mixed else 0
        ranked.append((classes == 1, not mixed, -len(rows), rows))
    ranked.sort()
    return Duplicates(
        groups=len(members),
        pictures=sum(len(rows) for rows in members),
        across_classes=across_classes,
        across_parts=across_parts,
        examples=[
            DuplicateGroup(
                exact=bool(story.groups.exact[story.groups.group_of[rows[0]]]),
                members=[
                    Member(
                        name=story.pictures[row].item.name,
                        label=story.pictures[row].item.label,
                        part="test" if test[row] else "train",
                    )
                    for row in rows[:MOST_MEMBERS_SHOWN]
                ],
            )
            for *_, rows in ranked[:MOST_GROUPS_SHOWN]
        ],
    )


def metrics_of(seen: Evaluation) -> dict[str, object]:
    """What a manifest says of an evaluation."""
    return {
        "pictures": seen.pictures,
        "accuracy": seen.accuracy,
        "accuracy_interval": list(seen.accuracy_interval),
        "macro_f1": seen.macro_f1,
        "log_loss": seen.log_loss,
        "expected_calibration_error": seen.expected_calibration_error,
    }


def digest_of(pictures: Sequence[Picture], division: Division) -> str:
    """SHA-256, hex, over pictures, their labels and their parts."""
    return dataset_digest(
        (picture.item.label, picture.digest.hex(), "test" if test else "train")
        for picture, test in zip(pictures, division.test, strict=True)
    )


@cache
def _versions(further: tuple[str, ...]) -> Mapping[str, str]:
    """What computed the numbers. The same on every run of one installation."""
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for name in (*_COMPUTING, *further):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
