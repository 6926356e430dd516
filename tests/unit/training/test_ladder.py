"""The order in which a search tries what it tries in any case."""

from __future__ import annotations

from pathlib import Path

from fenlei.imaging import Policy
from fenlei.training.candidate import VOTE, Candidate
from fenlei.training.heads import KINDS, NETWORK, SVM
from fenlei.training.inherited import Inherited
from fenlei.training.ladder import ladder
from fenlei.training.plan import Plan, make_plan
from fenlei.training.view import View, one

FIRST, LARGE, SMALL = (one("net", size, Policy.SQUASH) for size in (224, 288, 160))
PLAN = Plan((FIRST, LARGE, View(("net", "other"), 128, Policy.SQUASH), SMALL), ())


def test_with_a_budget_quick_heads_on_the_first_view_and_the_smallest_input_come_first() -> None:
    soon, later = ladder(PLAN, timed=True, tuning=True)
    assert [each.kind for each in soon[:-1]] == [kind for kind in KINDS if kind != NETWORK]
    assert {each.view for each in soon[:-1]} == {FIRST}
    assert soon[-1].view == SMALL
    assert [each.view for each in later] == [LARGE, PLAN.views[2]]


def test_where_nothing_is_tuned_the_order_is_that_of_the_plan() -> None:
    soon, later = ladder(PLAN, timed=True, tuning=False)
    assert {each.view for each in soon} == {FIRST}
    assert [each.view for each in later] == list(PLAN.views[1:])
    soon, later = ladder(PLAN, timed=False, tuning=False)
    assert [each.view for each in soon] == list(PLAN.views)
    assert later == []
    only = Plan((FIRST,), ())
    assert ladder(only, timed=True, tuning=True)[1] == []


def test_one_backbone_alone_is_tuned_at_its_smallest_size_soon_too(tmp_path: Path) -> None:
    plan = make_plan("balanced", 600, cache=tmp_path, backbone="efficientnet-lite0")
    assert plan.views[0].size is None
    soon, later = ladder(plan, timed=True, tuning=True)
    assert soon[-1].view.size == min(each.view.size for each in (*soon, *later) if each.view.size is not None)
    assert soon[-1] not in later


def test_what_won_in_an_earlier_model_has_its_turn_right_after_the_default_heads_before_their_vote() -> None:
    """With a budget and without; in the order of the earlier model."""
    older = one("older", 192, Policy.CROP)
    heads = Candidate(view=older, kind=SVM, copies="altered"), Candidate(view=older, kind=NETWORK)
    won = Candidate(view=older, kind=VOTE, members=heads, shares=(0.5, 0.5))
    inherited = Inherited(candidates=(*heads, won))
    plan = inherited.joined(PLAN)
    assert plan.views == (*PLAN.views, older)  # other heads may be tried on it, behind everything else
    for timed, tuning in ((False, False), (True, False), (True, True)):
        soon, later = ladder(plan, inherited, timed=timed, tuning=tuning)
        assert soon[:4] == [Candidate(view=FIRST), *heads, won]
        assert [*soon, *later][-1] == Candidate(view=older)
