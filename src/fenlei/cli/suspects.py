"""Pictures that somebody should look at again, in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fenlei.cli.console import out, printable

if TYPE_CHECKING:
    from fenlei.training.report import Report
    from fenlei.training.suspect import Suspect

FIRST = 5
"""Suspects named after training; `fenlei report --suspects` names all."""


def print_first(report: Report) -> None:
    """How many there are, and the most suspicious of them."""
    found = report.suspect_counts
    if found is None or not found.pictures:
        return
    pictures = "1 picture" if found.pictures == 1 else f"{found.pictures} pictures"
    out.print(f"{pictures} should be looked at again; the label may be wrong:", soft_wrap=True)
    for suspect in report.suspects[:FIRST]:
        out.print(f"  {said(suspect)}", markup=False, soft_wrap=True)
    if found.pictures > FIRST:
        out.print(f"  … and {found.pictures - FIRST} more; `fenlei report --suspects` names them.", soft_wrap=True)


def print_all(report: Report) -> None:
    """Every suspect that the report names, the most suspicious first."""
    found = report.suspect_counts
    if found is None:
        out.print("This model was made by a Fenlei that did not look for suspects; train again to find them.")
        return
    if not found.pictures:
        out.print(f"None of {found.looked_at} pictures looks wrongly labelled or out of place.")
    for suspect in report.suspects:
        out.print(said(suspect), markup=False, soft_wrap=True)
    if found.pictures > len(report.suspects):
        out.print(f"… and {found.pictures - len(report.suspects)} more.")
    if not found.scored:
        out.print("Labels could not be checked: there were too few pictures for cross-validation.", soft_wrap=True)


def said(suspect: Suspect) -> str:
    """One suspect with what speaks against it."""
    words = [f"{printable(suspect.name)}: labelled {printable(suspect.label)}{_score(suspect.label_score)}"]
    if suspect.likelier is not None:
        words.append(f"looks like {printable(suspect.likelier)}{_score(suspect.likelier_score)}")
    if suspect.twin is not None:
        same = "the same as" if suspect.twin.exact else "nearly the same as"
        words.append(f"{same} {printable(suspect.twin.name)}, labelled {printable(suspect.twin.label)}")
    if suspect.distance is not None:
        words.append(f"{suspect.distance:.1f} times as far from its neighbours as usual")
    return "; ".join(words)


def _score(score: float | None) -> str:
    return "" if score is None else f" ({score:.0%})"
