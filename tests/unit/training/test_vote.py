"""Which heads vote together: those that lower the loss, no more than are allowed, and only on one input."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from fenlei.imaging import Policy
from fenlei.training.candidate import TUNED, VOTE, Candidate
from fenlei.training.head import Judged
from fenlei.training.heads import KINDS
from fenlei.training.view import View, one
from fenlei.training.vote import MOST_BACKBONES, MOST_HEADS, best_vote
from tests.support.judgements import judgement

PICTURES, CLASSES = 240, 3
TRUTH = np.arange(PICTURES) % CLASSES
VIEW = one("net", 32, Policy.SQUASH)


def head(view: View = VIEW, *, number: int = 0, of: int = 1, kind: str = "logistic") -> tuple[Candidate, Judged]:
    """One that knows the pictures whose turn it is when so many take turns; each has a setting of its own."""
    knows = np.arange(PICTURES) // CLASSES % of == number
    candidate = Candidate(view=view, kind=kind, setting={"number": float(number)})
    return candidate, judgement(TRUTH, CLASSES, knows, kind=kind)


def voted(
    several: list[tuple[Candidate, Judged]], allowed: Callable[[View], bool] = lambda view: True
) -> tuple[Candidate, Judged] | None:
    return best_vote(several, TRUTH, allowed=allowed)


def loss(found: tuple[Candidate, Judged]) -> float:
    assert found[1].loss is not None
    return found[1].loss


def test_two_that_know_different_pictures_vote_and_are_better_than_each() -> None:
    several = [head(number=0, of=2), head(number=1, of=2)]
    found = voted(several)
    assert found is not None
    candidate, judged = found
    assert candidate.kind == VOTE
    assert sorted(each.key for each in candidate.members) == sorted(each.key for each, _ in several)
    assert candidate.shares == (0.5, 0.5)
    assert loss(found) < 0.6 * min(map(loss, several))
    assert (judged.scores.argmax(axis=1) == TRUTH).all()


def test_one_that_adds_nothing_has_no_vote() -> None:
    assert voted([head()]) is None
    assert voted([head(), head(kind="svm")]) is None  # the same again
    blind = Candidate(view=VIEW, kind="svm"), judgement(TRUTH, CLASSES, np.zeros(PICTURES, np.bool_))
    assert voted([head(), blind]) is None


def test_of_many_that_would_help_no_more_join_than_are_allowed() -> None:
    many = [head(number=number, of=10) for number in range(10)]
    found = voted(many)
    assert found is not None
    assert len(found[0].members) == len(found[0].shares) == MOST_HEADS
    assert sum(found[0].shares) == pytest.approx(1)
    assert loss(found) < min(map(loss, many))


def test_no_more_backbones_join_than_are_allowed() -> None:
    names = ("c", "a", "b", "d")
    found = voted([head(one(name, 32, Policy.SQUASH), number=k, of=4) for k, name in enumerate(names)])
    assert found is not None
    assert len(found[0].view.backbones) == MOST_BACKBONES == 2
    assert found[0].view.backbones == tuple(sorted(found[0].view.backbones))
    assert {name for member in found[0].members for name in member.view.backbones} == set(found[0].view.backbones)


def test_what_sees_another_input_or_is_no_head_has_no_vote() -> None:
    others = [one("net", 64, Policy.SQUASH), one("net", 32, Policy.CROP)]
    assert voted([head(number=0, of=2), *(head(view, number=1, of=2) for view in others)]) is None
    assert TUNED not in KINDS
    for kind in (TUNED, VOTE):
        assert voted([head(number=0, of=2), head(number=1, of=2, kind=kind)]) is None


def test_where_the_best_vote_would_answer_too_slowly_the_best_of_the_others_is_it() -> None:
    other = one("other", 32, Policy.SQUASH)
    several = [head(number=0, of=3), head(number=1, of=3, kind="svm"), head(other, number=2, of=3)]
    best = voted(several)
    assert best is not None
    assert len(best[0].members) == 3
    quick = voted(several, lambda view: view == VIEW)
    assert quick is not None
    assert quick[0].view == VIEW
    assert loss(best) < loss(quick) < min(map(loss, several))
    assert voted(several, lambda view: False) is None
