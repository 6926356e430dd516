"""What a search tries by default where there is time for all of it: each backbone that is here at its sizes and by both
resize policies, two of them as one, and every kind of head on plain and on altered features.

The lists are written out by hand: what is no longer tried must be missed here.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from fenlei.backbones import Backbone, open_backbone
from fenlei.imaging import Policy
from fenlei.training import search
from fenlei.training.candidate import Candidate
from fenlei.training.heads import network
from fenlei.training.plan import make_plan
from fenlei.training.progress import Watch
from fenlei.training.proposals import Proposals
from fenlei.training.report import CandidateResult
from fenlei.training.search import Search
from fenlei.training.view import View, one
from fenlei.training.workshop import Workshop
from tests.support.networks import tiny_network
from tests.support.tasks import drawn_task

LITE0, LITE2 = "efficientnet-lite0", "efficientnet-lite2"

BALANCED: set[tuple[tuple[str, ...], int, str]] = {
    ((LITE0,), 160, "squash"),
    ((LITE0,), 224, "squash"),
    ((LITE0,), 288, "squash"),
    ((LITE0,), 224, "letterbox"),
    ((LITE2,), 224, "squash"),
    ((LITE2,), 260, "squash"),
    ((LITE2,), 260, "letterbox"),
    ((LITE0, LITE2), 288, "squash"),
}
OFFERED: dict[str, set[tuple[tuple[str, ...], int, str]]] = {
    "fast": {((LITE0,), 160, "squash"), ((LITE0,), 224, "squash"), ((LITE0,), 224, "letterbox")},
    "balanced": BALANCED,
    "accurate": BALANCED - {((LITE2,), 224, "squash")} | {((LITE2,), 320, "squash"), ((LITE2,), 260, "crop")},
}

HEADS = ("logistic", "svm", "prototypes", "network")
COPIES = ("none", "altered", "altered and mirrored")


def said(view: View) -> tuple[tuple[str, ...], int | None, str]:
    return view.backbones, view.size, view.policy.value


@pytest.mark.parametrize("goal", ["fast", "balanced", "accurate"])
def test_each_backbone_is_offered_at_its_sizes_by_both_policies_and_two_of_them_as_one(
    workspace: Path, goal: str
) -> None:
    views = make_plan(goal, 3600, cache=workspace).views
    assert {said(view) for view in views} == OFFERED[goal]
    assert len(views) == len(OFFERED[goal])
    assert said(views[0]) == ((LITE0,), 224, "squash")


def test_once_that_is_tried_any_of_it_may_be_proposed_with_any_head_and_any_copies(workspace: Path) -> None:
    proposals = Proposals(make_plan("balanced", 3600, cache=workspace).views, seed=0)
    views, ways = set(), set()
    for _ in range(150):
        found = proposals.next()
        if found is None:  # nothing new is to be found
            break
        candidate, trial = found
        views.add(said(candidate.view))
        ways.add((candidate.kind, candidate.copies))
        proposals.give_up(trial)
    assert views == BALANCED
    assert ways == {(head, copies) for head in HEADS for copies in COPIES}


def test_where_little_time_is_left_only_that_is_proposed_for_which_there_is_some(workspace: Path) -> None:
    views = make_plan("balanced", 3600, cache=workspace).views
    proposals, ways = Proposals(views, seed=0), set()
    for _ in range(12):
        found = proposals.next(only=lambda each: each.view == views[3] and each.copies == "altered")
        assert found is not None  # the small network has a setting that was not tried, always
        candidate, trial = found
        ways.add((candidate.view, candidate.copies))
        proposals.give_up(trial)
    assert ways == {(views[3], "altered")}
    assert proposals.next(only=lambda each: False) is None


def test_who_says_which_copies_has_no_others_proposed() -> None:
    views = (one(LITE0, 224, Policy.SQUASH),)
    proposals = Proposals(views, 0, ["altered"])
    assert proposals.next(Candidate(view=views[0])) is None
    planned = proposals.next(Candidate(view=views[0], copies="altered"))
    assert planned is not None
    proposals.give_up(planned[1])
    for only in (None, lambda each: True):
        for _ in range(4):
            found = proposals.next(only=only)
            assert found is not None
            assert found[0].copies == "altered"
            proposals.give_up(found[1])


class Even(Workshop):
    """Every network answers as quickly as it has parts: what a busy machine measures is no matter here."""

    def network_milliseconds(self, view: View) -> float:
        return float(len(view.parts))


class Searched:
    """A search as it is by default, with time enough, on networks of a few weights in place of those of the catalogue.

    Attributes:
        lines: that were told, in the order in which candidates were tried, by their keys.
        views: the plan's.
    """

    def __init__(self, place: Path) -> None:
        tiny: dict[str, Backbone] = {}
        for seed, name in enumerate((LITE0, LITE2)):
            path = place / f"{name}.onnx"
            path.write_bytes(tiny_network(size=32, width=24, seed=seed))
            tiny[name] = open_backbone(str(path), cache=place / "cache")
        self.lines: dict[str, CandidateResult] = {}
        plan = make_plan("balanced", 3600, cache=place / "cache")
        self.views = plan.views
        with Even(place / "cache", Watch()) as workshop:
            for part in (part for view in plan.views for part in view.parts):
                workshop.provide(part, tiny[part.backbones[0]])
            task = drawn_task(place / "photos", {"a": 12, "b": 12}, 32)
            Search(task, plan, workshop, Watch(), goal="balanced", budget=3600, heard=self._hear).run()

    def _hear(self, line: CandidateResult) -> None:
        self.lines[str(line.key)] = line

    def line(self, candidate: Candidate) -> CandidateResult:
        return self.lines[candidate.key]


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Searched:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "IN_VAIN", 0)  # nothing is proposed: what is there in the end was planned
        patch.setattr(network, "MOST_STEPS", 12)  # of a head that takes long
        return Searched(tmp_path_factory.mktemp("default"))


def test_all_that_is_offered_is_tried(searched: Searched) -> None:
    tried = {
        said_of: searched.line(Candidate(view=View(said_of[0], said_of[1], Policy(said_of[2])))) for said_of in BALANCED
    }
    assert {said_of: line.left_out for said_of, line in tried.items()} == dict.fromkeys(BALANCED)
    assert all(line.score is not None for line in tried.values())


def test_every_kind_of_head_is_tried_on_plain_and_on_altered_features_of_the_best_view(searched: Searched) -> None:
    ways = [(head, copies) for head in HEADS for copies in COPIES]
    found = {
        view: {
            way: line
            for way in ways
            if (line := searched.lines.get(Candidate(view=view, kind=way[0], copies=way[1]).key)) is not None
        }
        for view in searched.views
    }
    most = max(found.values(), key=len)
    assert set(most) == set(ways)
    assert all(line.score is not None or line.left_out == search.HOPELESS for line in most.values())
    # What was learned in another way is another head.
    losses = [line.log_loss for line in most.values() if line.log_loss is not None]
    assert len(set(losses)) == len(losses) >= 8
