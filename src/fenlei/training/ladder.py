"""What a search tries in any case, and in which order."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from fenlei.backbones.catalogue import CATALOGUE
from fenlei.training.candidate import Candidate
from fenlei.training.heads import KINDS, NETWORK
from fenlei.training.inherited import NOT_TUNED, NOTHING, Inherited
from fenlei.training.plan import Plan
from fenlei.training.view import View


def ladder(
    plan: Plan, inherited: Inherited = NOTHING, *, timed: bool, tuning: bool
) -> tuple[list[Candidate], list[Candidate]]:
    """The candidates of a plan in two parts: what comes first, and what comes when it is known how much time is needed
    for fine-tuning.

    With a budget, heads on the first view come before the next view is looked at: they cost next to nothing on features
    that are there. The small network costs more, and has its turn on the best view. Where networks may be tuned, the
    view of the default's network with the smallest input is among the first, because that can be tuned soonest. What
    won in an earlier model has its turn right after the default, with a budget and without.

    Args:
        plan: the views, the default first.
        inherited: from an earlier model.
        timed: whether there is a budget.
        tuning: whether networks may be tuned.
    """
    first, *others = [Candidate(view=view, copies=plan.copies_first) for view in plan.views]
    if not timed:
        return [first, *inherited.candidates, *others], []
    quick = [kind for kind in KINDS if kind not in (first.kind, NETWORK)]
    soon = [first, *inherited.candidates, *(replace(first, kind=kind) for kind in quick)]
    sized = [each for each in others if each.view.backbones == first.view.backbones and each.view.size is not None]
    if tuning and sized:
        smallest = min(sized, key=lambda each: _side(each.view))
        if _side(smallest.view) < _side(first.view):
            others.remove(smallest)
            soon.append(smallest)
    return soon, others


def not_tried(
    plan: Plan, inherited: Inherited, has_line: Callable[[Candidate], bool], no_time: str
) -> list[tuple[Candidate, str]]:
    """What a search would have tried in any case and did not, each with the sentence that says why.

    Args:
        plan: of the search.
        inherited: from an earlier model.
        has_line: whether there is a line for a candidate.
        no_time: the sentence for want of time.
    """
    usual = [Candidate(view=view, copies=plan.copies_first) for view in plan.views]
    due = [*usual, *(each for each in inherited.candidates if each not in usual)]
    late = [(each, no_time) for each in due if not has_line(each)]
    if inherited.tuned is not None and not has_line(inherited.tuned):
        late.append((inherited.tuned, NOT_TUNED))
    left_out = [(Candidate(view=view, copies=plan.copies_first), why) for view, why in plan.left_out]
    return [*late, *left_out, *inherited.left_out]


def _side(view: View) -> int:
    """The side of the input, where the catalogue knows it or the view says it."""
    known = CATALOGUE.get(view.backbones[0])
    return view.size or (known.sizes[0] if known is not None else 0)
