"""What comes of a search."""

from __future__ import annotations

from dataclasses import dataclass

from fenlei.training.board import Entry
from fenlei.training.report import CandidateResult


@dataclass(frozen=True)
class Outcome:
    """Who won, and what became of the others, in the order in which they were tried."""

    winner: Entry
    results: list[CandidateResult]
