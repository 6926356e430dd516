"""What comes of a search."""

from __future__ import annotations

from dataclasses import dataclass

from fenlei.training.board import Entry
from fenlei.training.candidate import Candidate
from fenlei.training.report import CandidateResult


@dataclass(frozen=True)
class Outcome:
    """Who won, and what became of all `tried`, in the order in which they were."""

    winner: Entry
    results: list[CandidateResult]
    tried: list[Candidate]
