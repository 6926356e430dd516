"""What a rule is: it reads a report, and speaks or is silent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from fenlei.training.report import CandidateResult, Report


class Said(NamedTuple):
    """The same sentence in both languages."""

    en: str
    zh: str


Rule = Callable[[Report], Said | None]
"""Speaks or is silent. Names of classes and files go into sentences as they are; whoever shows them makes them safe."""

NAMED = 3
"""Names in a sentence; more are counted."""


def named(names: Sequence[str]) -> Said:
    """Some names, in quotes."""
    quoted = [f"“{name}”" for name in names[:NAMED]]
    rest = len(names) - len(quoted)
    return Said(
        ", ".join(quoted) + (f" and {rest} more" if rest else ""),
        "、".join(quoted) + (f"等 {len(names)} 个" if rest else ""),
    )


def some(number: int, one: str, many: str) -> str:
    """`1 picture has`, `3 pictures have`."""
    return f"{number} {one if number == 1 else many}"


def points(share: float) -> str:
    """A difference of shares in percentage points, without the unit."""
    return f"{100 * share:.1f}"


def chosen(report: Report) -> CandidateResult | None:
    """The candidate that the model is."""
    return next((each for each in report.candidates if each.chosen), None)


def guessing(report: Report) -> float:
    """How often one is right who always answers the most frequent class of the test part."""
    return max(sum(row) for row in report.evaluation.confusion) / report.evaluation.pictures


def worst_mix_up(report: Report) -> tuple[str, str, int, int] | None:
    """Truth, answer, pictures and pictures of that truth of the mix-up that spoils the largest share of a class."""
    found = [
        (pictures / sum(row), truth, called, pictures, sum(row))
        for truth, row in enumerate(report.evaluation.confusion)
        for called, pictures in enumerate(row)
        if truth != called and pictures >= LEAST_MIXED and pictures >= MIXED * sum(row)
    ]
    if not found:
        return None
    _, truth, called, pictures, of = max(found, key=lambda each: (each[0], -each[1], -each[2]))
    return report.labels[truth], report.labels[called], pictures, of


LEAST_MIXED, MIXED = 3, 0.15
"""Pictures, and their share of a class, from which on a mix-up is no accident."""
