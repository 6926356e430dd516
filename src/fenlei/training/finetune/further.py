"""What may follow once networks were tuned: further folds where one leaves it in doubt, and plainer recipes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from fenlei.training.board import Board
from fenlei.training.candidate import Candidate
from fenlei.training.finetune.choice import as_judged, by_folds, folds_of, without_mixing
from fenlei.training.head import Judged

OPINIONS = 3
"""Folds that judge a candidate at most: one mostly suffices, and where it leaves in doubt another one tells more."""

HOPE = 0.5
"""Chance of being better, below which no further fold is asked."""


class Tuned(NamedTuple):
    """What came of a candidate.

    Attributes:
        candidate: that was tuned.
        judged: what it scored.
        seconds: that took.
        succeeds: whether it is the best one learned anew: by the same recipe, from more pictures. It needs not be
            better than itself.
    """

    candidate: Candidate
    judged: Judged
    seconds: float
    succeeds: bool


def expected_loss(tuned: Tuned) -> float:
    """By which candidates are put in order, the best first: in nats, infinite where nothing judged it."""
    return float("inf") if tuned.judged.loss is None else tuned.judged.loss


def all_that_may_follow(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Every further fold of these and the same without mixing, each once."""
    found: dict[str, Candidate] = {}
    for candidate in candidates:
        once, plainer = by_folds(as_judged(candidate), 1), without_mixing(candidate)
        more = [by_folds(once, folds) for folds in range(folds_of(candidate) + 1, OPINIONS + 1)]
        for each in more if plainer is None else [*more, plainer]:
            found[each.key] = each
    return list(found.values())


def likeliest_doubt(tried: Sequence[Tuned], board: Board, may: Callable[[Candidate], bool]) -> Candidate | None:
    """The candidate that is likeliest to be better than the best, by one fold more; None where none is in doubt.

    Args:
        tried: in the order in which they were.
        board: knows the best.
        may: whether a candidate can be judged.
    """
    best = board.best
    if best is None:
        return None
    by_most_folds = {by_folds(each.candidate, 1).key: each for each in tried}
    doubts = []
    for each in by_most_folds.values():
        more = by_folds(each.candidate, folds_of(each.candidate) + 1)
        if by_folds(each.candidate, 1) == by_folds(as_judged(best.candidate), 1) or folds_of(more) > OPINIONS:
            continue
        chance = board.chance(each.judged, best.judged)
        if chance >= HOPE and may(more):
            doubts.append((chance, more.key, more))
    return max(doubts)[2] if doubts else None
