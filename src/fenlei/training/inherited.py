"""What a search takes over from an earlier model: the way of learning that won there is tried here too, early.

Only the way is taken over: which networks, which kind of head, which copies, which setting. Scores are not, because
with one picture more the folds are others; nor are weights, because what shipped has learned from pictures that judge
now.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from msgspec.structs import replace

from fenlei.backbones import CATALOGUE, BackboneError
from fenlei.backbones.listing import available
from fenlei.training.alteration import COPIES
from fenlei.training.board import Entry
from fenlei.training.candidate import TUNED, VOTE, Candidate
from fenlei.training.earlier import Earlier
from fenlei.training.errors import TrainingError
from fenlei.training.finetune.settings import read_settings
from fenlei.training.formula import Formula, Ingredient, formula_of, plain_name
from fenlei.training.head import Judged
from fenlei.training.heads import ALL_KINDS
from fenlei.training.ingredients import found_here
from fenlei.training.journal import Journal
from fenlei.training.judging import Trial, judge_candidate
from fenlei.training.plan import Plan
from fenlei.training.progress import Watch
from fenlei.training.task import Task
from fenlei.training.view import View
from fenlei.training.vote import judge_vote
from fenlei.training.workshop import Workshop

NOT_ASKED = "The earlier model learned in this way, but not with the {what} that was asked for."
NOT_HERE = "The earlier model learned in this way; its network {id} at {side} pixels ({digest}) is not here. {remedy}"
NO_TUNING = "The earlier model is a fine-tuned network; one is learned again only where a budget allows fine-tuning."
NOT_TUNABLE = "The earlier model is a fine-tuned network, and what it was tuned from must be named by --backbone."
NOT_TUNED = "The earlier model was tuned in this way; this search ended without doing so."


@dataclass(frozen=True)
class Inherited:
    """What the earlier model brings.

    Attributes:
        candidates: to be tried, in this order: the heads of a vote before the vote, and for a tuned network the head
            that it began from.
        tuned: to be fine-tuned before anything else is.
        left_out: what cannot be tried here, each with the sentence that says why.
    """

    candidates: tuple[Candidate, ...] = ()
    tuned: Candidate | None = None
    left_out: tuple[tuple[Candidate, str], ...] = ()

    def joined(self, plan: Plan) -> Plan:
        """The plan with these views behind its own, so that other heads may be tried on them."""
        views = [each.view for each in self.candidates if each.kind != VOTE]
        return plan._replace(views=tuple(dict.fromkeys([*plan.views, *views])))


NOTHING = Inherited()


class Wished(NamedTuple):
    """What the user asked for, which every candidate must have; None: any.

    Attributes:
        backbone: by its name.
        size: side of its input in pixels.
        policy: of resizing.
        copies: that are learned from besides the pictures.
    """

    backbone: str | None
    size: int | None
    policy: str | None
    copies: str | None = None

    def against(self, formula: Formula) -> str | None:
        """The wish that the earlier model's way does not meet, by what its file says."""
        needed = _needed(formula)
        if self.backbone is not None and any(each.name != plain_name(self.backbone) for each in needed):
            return "backbone"
        if self.size is not None and any(each.side != self.size for each in needed):
            return "size"
        won = formula.candidate
        if self.policy is not None and won.view.policy != self.policy:
            return "policy"
        if self.copies is not None and any(each.copies != self.copies for each in won.members or (won,)):
            return "altered copies"
        return None


def inherit(
    earlier: Earlier | None,
    plan: Plan,
    workshop: Workshop,
    wished: Wished,
    *,
    way: str,
    seed: int,
    tuning: bool,
) -> Inherited:
    """Read how the earlier model was made, and have its networks ready. No other machine is asked for one.

    Where its file does not say how, or in words that this Fenlei does not know, there is nothing to take over.

    Args:
        earlier: the model to go on from; None: there is none.
        plan: of the search; a network that is in it goes by its name there.
        workshop: that is given networks which have no name here.
        wished: what every candidate must have.
        way: how candidates are learned here. One that was learned in another way has its settings chosen anew.
        seed: of what is random.
        tuning: whether networks may be tuned.
    """
    formula = None if earlier is None or earlier.model is None else _known_here(earlier)
    if earlier is None or formula is None:
        return NOTHING
    won = formula.candidate
    if formula.way != way and won.kind != TUNED:
        won = replace(won, setting=None, members=tuple(replace(each, setting=None) for each in won.members))
    wish = wished.against(formula)
    names: dict[str, str] = {}
    loadable = True
    if wish is None:
        try:
            for needed in _needed(formula):
                names[needed.name], named = _ready(needed, earlier, plan, workshop)
                loadable = loadable and named
        except TrainingError as exc:
            return Inherited(left_out=((_sized(won, formula), str(exc)),))
        if wished.backbone is not None and {*names.values()} != {*plan.views[0].backbones}:
            wish = "backbone"  # another one under the same name
    if wish is not None:
        return Inherited(left_out=((_sized(won, formula), NOT_ASKED.format(what=wish)),))
    won = _renamed(won, names)
    if won.kind != TUNED:
        return Inherited(candidates=(*won.members, won))
    settings = replace(read_settings(won.setting or {}), seed=seed, anew=0)
    won = replace(won, setting=settings.as_numbers())
    if not tuning or not loadable:
        return Inherited(won.members, left_out=((won, NO_TUNING if loadable else NOT_TUNABLE),))
    return Inherited(won.members, won)


def judge_any(
    candidate: Candidate,
    task: Task,
    workshop: Workshop,
    watch: Watch,
    best: Entry | None,
    trial: Trial | None,
    journal: Journal,
) -> Judged:
    """Judge a head, or a vote of heads that were judged just before; see `judging.judge_candidate`.

    Raises:
        Dropped: it cannot win any more.
        FenleiError: it cannot be tried.
        Cancelled, Enough: someone asked to stop.
    """
    if candidate.kind != VOTE:
        return judge_candidate(candidate, task, workshop, watch, best, trial)
    known = [journal.find(member) for member in candidate.members]
    members = [each[1] for each in known if each is not None and each[1] is not None]
    if len(members) < len(known):
        raise TrainingError("Not all heads that vote could be tried.")
    return judge_vote(members, candidate.shares, task.truth)


def _known_here(earlier: Earlier) -> Formula | None:
    """How the model was made, where this Fenlei can learn so."""
    if earlier.model is None:
        return None
    with suppress(TrainingError):
        formula = formula_of(earlier.model)
        won = formula.candidate
        several = won.members if won.kind in (VOTE, TUNED) else (won,)
        if several and all(each.kind in ALL_KINDS and each.copies in COPIES for each in several):
            return formula
    return None


def _needed(formula: Formula) -> list[Ingredient]:
    """The networks of what won, without the one that pictures were merely looked at by."""
    won = formula.candidate
    parts = {(part.backbones[0], part.size) for each in (won, *won.members) for part in each.view.parts}
    return [each for each in formula.ingredients if (each.name, each.size) in parts]


def _ready(needed: Ingredient, earlier: Earlier, plan: Plan, workshop: Workshop) -> tuple[str, bool]:
    """By which name views of this search call a network, and whether it can be loaded for training by that name.

    Raises:
        TrainingError: it is not here.
    """
    taken, remedy = False, "Train with --backbone and its file to have it tried."
    if needed.name in CATALOGUE:
        state = next(state for info, state in available(workshop.cache) if info.id == needed.name)
        if state.usable:
            return needed.name, True
        remedy = state.remedy
    elif needed.name.startswith("hf:"):
        remedy = f"`fenlei backbones fetch {needed.name} --size {needed.side}` fetches it, if the hub still has it."
    for part in dict.fromkeys(part for view in plan.views for part in view.parts):
        if plain_name(part.backbones[0]) == needed.name and part.size in (needed.size, needed.side, None):
            with suppress(BackboneError):
                if workshop.backbone(part).digest == needed.digest:
                    return part.backbones[0], True
            taken = taken or part.backbones[0] == needed.name
    found = None if earlier.model is None else found_here(needed, earlier.model, workshop.cache)
    if found is None:
        said = NOT_HERE.format(id=needed.id, side=needed.side, digest=needed.digest[:12], remedy=remedy)
        raise TrainingError(said.rstrip())
    name = f"{needed.name}:{needed.digest[:12]}" if taken else needed.name
    workshop.provide(View((name,), needed.size, plan.views[0].policy), found)
    return name, False


def _renamed(candidate: Candidate, names: dict[str, str]) -> Candidate:
    view = candidate.view._replace(backbones=tuple(names.get(name, name) for name in candidate.view.backbones))
    return replace(candidate, view=view, members=tuple(_renamed(each, names) for each in candidate.members))


def _sized(candidate: Candidate, formula: Formula) -> Candidate:
    """The same with a size that can be told, where its networks are not opened."""
    sides = [each.side for each in _needed(formula)]
    if candidate.view.size is not None or not sides:
        return candidate
    return replace(candidate, view=candidate.view._replace(size=sides[0]))
