"""A report as far as it can be drawn: its figures, and of its lists the beginning."""

from __future__ import annotations

from typing import Any

import msgspec

from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.preview_pictures import cut
from fenlei.pipelines.reference import Report

MOST_CLASSES = 60
"""Classes up to which the whole confusion matrix is told."""
MOST_CONFUSED = 100
MOST_WORST = 200
"""Classes whose figures are told."""
_MOST_BYTES = 120_000
_ENTRIES = (200, 100, 50, 24, 12, 6, 3, 1, 0)
"""Entries that lists are cut to, until all of it is small enough."""


class Confused(msgspec.Struct, frozen=True, kw_only=True):
    """Pictures of one class that were called another."""

    truth: str
    answer: str
    pictures: int


class EvaluationPreview(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="evaluation"):
    """How a model fared.

    Attributes:
        headline: its figures, by name.
        labels: the classes of the matrix; of very many none.
        confusion: `confusion[t][p]` pictures of class t were called p; empty where there are too many classes.
        confused: the commonest mistakes.
        per_class: figures of each class; of very many those that fared worst.
        more_classes: how many are not among them.
        reliability: what scores claim and how often they are right, from low to high.
        figures: accuracy with its interval, macro-F1, log loss, calibration error.
    """

    headline: dict[str, Any]
    labels: list[str]
    confusion: list[list[int]]
    confused: list[Confused]
    per_class: list[dict[str, Any]]
    more_classes: int
    reliability: list[dict[str, Any]]
    figures: dict[str, Any]


class ReportPreview(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="report"):
    """Any other report.

    Attributes:
        about: what it is.
        headline: its figures, by name.
        told: what it says; long lists are cut. None where the file is no JSON.
        cut_to: entries that lists were cut to.
    """

    about: str
    headline: dict[str, Any]
    told: Any
    cut_to: int


def of_report(ctx: NodeContext, reference: Report) -> EvaluationPreview | ReportPreview:
    """Preview a report.

    Raises:
        FenleiError: it is not there any more, or damaged.
    """
    data = ctx.blobs.get(reference.digest)
    try:
        told = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):  # a file of another sort, such as an export's zip
        told = None
    if reference.about == "evaluation" and isinstance(told, dict) and "confusion" in told:
        return _evaluation(reference, told)
    for most in _ENTRIES:
        short = _short(told, most)
        if len(msgspec.json.encode(short)) <= _MOST_BYTES:
            break
    return ReportPreview(about=reference.about, headline=reference.headline, told=short, cut_to=most)


def _evaluation(reference: Report, told: dict[str, Any]) -> EvaluationPreview:
    per_class = [{**each, "label": cut(each["label"])} for each in told["per_class"]]
    labels, confusion = [each["label"] for each in per_class], told["confusion"]
    pairs = sorted(
        (-count, truth, answer)
        for truth, row in enumerate(confusion)
        for answer, count in enumerate(row)
        if count and truth != answer
    )[:MOST_CONFUSED]
    kept = per_class
    if len(per_class) > MOST_WORST:
        worst = sorted(range(len(per_class)), key=lambda place: (per_class[place]["f1"], place))[:MOST_WORST]
        kept = [per_class[place] for place in sorted(worst)]
    whole = len(labels) <= MOST_CLASSES
    return EvaluationPreview(
        headline=reference.headline,
        labels=labels if whole else [],
        confusion=confusion if whole else [],
        confused=[Confused(truth=labels[t], answer=labels[a], pictures=-count) for count, t, a in pairs],
        per_class=kept,
        more_classes=len(per_class) - len(kept),
        reliability=told.get("reliability", []),
        figures={name: value for name, value in told.items() if not isinstance(value, list) or len(value) == 2},
    )


def _short(said: Any, most: int) -> Any:
    """The same with lists, objects and texts cut, and numbers as exact as anybody draws them."""
    if isinstance(said, dict):
        return {cut(name): _short(value, most) for name, value in list(said.items())[: max(most, MOST_CLASSES)]}
    if isinstance(said, list):
        return [_short(each, most) for each in said[:most]]
    if isinstance(said, float):
        return float(f"{said:.6g}")
    return said[:1000] if isinstance(said, str) else said
