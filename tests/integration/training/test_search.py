"""Candidates against each other: the better wins, the dearer must be clearly better, what has no time is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fenlei.contract.errors import FenleiError
from fenlei.imaging import Policy, prepare_for_training
from fenlei.training import progress as progress_room
from fenlei.training.affordable import Affordable
from fenlei.training.aim import Aim, aim_for, figure
from fenlei.training.better import chance_of_gain
from fenlei.training.board import Entry
from fenlei.training.candidate import Candidate
from fenlei.training.errors import TrainingError
from fenlei.training.journal import Journal
from fenlei.training.outcome import Outcome
from fenlei.training.plan import LADDERS, WITHOUT_BUDGET, Plan, make_plan
from fenlei.training.progress import OFTEN, Cancelled, Stage, Watch
from fenlei.training.report import CandidateResult
from fenlei.training.search import NO_TIME, Search
from fenlei.training.task import Task
from fenlei.training.time_spent import TimeSpent
from fenlei.training.timetable import Outlook
from fenlei.training.view import View, one
from fenlei.training.workshop import Workshop
from tests.support.networks import tiny_network
from tests.support.tasks import drawn_task

CLASSES = {"a": 52, "b": 51, "c": 50}


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A network that sees much, another like it, one that sees hardly anything, and one that is none."""
    folder = tmp_path_factory.mktemp("networks")
    files = {"good": tiny_network(size=32, width=48), "twin": tiny_network(size=32, width=48, seed=1)}
    files["blind"] = tiny_network(size=32, width=2)
    files["broken"] = b"no network"
    for name, data in files.items():
        (folder / f"{name}.onnx").write_bytes(data)
    return {name: str(folder / f"{name}.onnx") for name in files}


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Task:
    return drawn_task(tmp_path_factory.mktemp("photos"), CLASSES)


@pytest.fixture
def workshop(workspace: Path) -> Iterator[Workshop]:
    with Workshop(workspace / "cache", Watch()) as opened:
        yield opened


def contest(task: Task, workshop: Workshop, names: list[str], budget: float | None = None) -> Outcome:
    plan = Plan(tuple(one(name, None, Policy.SQUASH) for name in names), ())
    return Search(task, plan, workshop, Watch(), goal="accurate", budget=budget).run()


def test_the_better_one_wins_wherever_it_stands(task: Task, workshop: Workshop, networks: dict[str, str]) -> None:
    for order in (["good", "blind"], ["blind", "good"]):
        outcome = contest(task, workshop, [networks[name] for name in order])
        assert outcome.winner.candidate.view.backbones[0] == networks["good"]
        assert [each.chosen for each in outcome.results] == [name == "good" for name in order]
        good, blind = sorted(outcome.results, key=lambda each: not each.chosen)
        assert good.accuracy is not None
        assert blind.accuracy is not None
        assert good.accuracy > blind.accuracy
        assert good.accuracy_interval is not None
        assert good.accuracy_interval[0] <= good.accuracy <= good.accuracy_interval[1]


def test_the_first_stays_when_the_second_is_no_better_beyond_noise(
    task: Task, workshop: Workshop, networks: dict[str, str]
) -> None:
    for order in (["good", "twin"], ["twin", "good"]):
        outcome = contest(task, workshop, [networks[name] for name in order])
        assert outcome.winner.candidate.view.backbones[0] == networks[order[0]]


def test_without_time_only_the_first_is_tried(task: Task, workshop: Workshop, networks: dict[str, str]) -> None:
    outcome = contest(task, workshop, [networks["blind"], networks["good"]], budget=1e-9)
    assert outcome.winner.candidate.view.backbones[0] == networks["blind"]
    assert [each.left_out for each in outcome.results] == [None, NO_TIME]
    assert outcome.results[1].accuracy is None


def test_with_time_the_second_is_tried(task: Task, workshop: Workshop, networks: dict[str, str]) -> None:
    def good_is_tried() -> bool:
        return any(each.score for each in tried[1:] if each.backbone == workshop.backbone(view).id)

    tried: list[CandidateResult] = []
    blind, view = (one(networks[name], None, Policy.SQUASH) for name in ("blind", "good"))
    watch = Watch(enough=good_is_tried)
    plan = Plan((blind, view), ())
    outcome = Search(task, plan, workshop, watch, goal="accurate", budget=600, heard=tried.append).run()
    assert outcome.winner.candidate.view.backbones[0] == networks["good"]


def test_a_later_candidate_that_cannot_be_had_is_left_out_with_its_reason(
    task: Task, workshop: Workshop, networks: dict[str, str]
) -> None:
    outcome = contest(task, workshop, [networks["good"], networks["broken"]])
    assert outcome.winner.candidate.view.backbones[0] == networks["good"]
    assert "not a whole ONNX file" in (outcome.results[1].left_out or "")


def test_a_first_candidate_that_cannot_be_had_is_an_error(
    task: Task, workshop: Workshop, networks: dict[str, str]
) -> None:
    with pytest.raises(FenleiError, match="not a whole ONNX file"):
        contest(task, workshop, [networks["broken"], networks["good"]])


@pytest.mark.parametrize("goal", list(LADDERS))
def test_without_a_budget_the_goal_fixes_what_is_tried(workspace: Path, goal: str) -> None:
    plan = make_plan(goal, None, cache=workspace)
    assert plan.views == LADDERS[goal][: WITHOUT_BUDGET[goal]]
    assert plan.views[0] == LADDERS["fast"][0]


def test_a_budget_opens_the_whole_ladder(workspace: Path) -> None:
    assert make_plan("accurate", 3600, cache=workspace).views == LADDERS["accurate"]


def test_wishes_hold_for_every_candidate(workspace: Path) -> None:
    plan = make_plan("accurate", 3600, cache=workspace, size=192, policy="letterbox")
    assert {each.size for each in plan.views} == {192}
    assert {each.policy for each in plan.views} == {Policy.LETTERBOX}
    assert len(set(plan.views)) == len(plan.views)
    forced = make_plan("accurate", None, cache=workspace, backbone="efficientnet-lite2", size=320)
    assert forced.views == (one("efficientnet-lite2", 320, Policy.SQUASH),)


def test_one_backbone_is_tried_by_two_policies_and_of_the_catalogue_at_the_sizes_next_to_its_own(
    workspace: Path,
) -> None:
    def tried(backbone: str, **wishes: Any) -> list[tuple[int | None, str]]:
        plan = make_plan("accurate", 60, cache=workspace, backbone=backbone, **wishes)
        assert {each.backbones for each in plan.views} == {(backbone,)}
        return [(each.size, each.policy.value) for each in plan.views]

    own = [(None, "squash"), (None, "letterbox")]
    assert tried("efficientnet-lite2") == [*own, (288, "squash"), (224, "squash")]
    assert tried("efficientnet-lite0", policy="crop") == [(None, "crop"), (256, "crop"), (192, "crop")]
    assert tried("efficientnet-lite0", size=160) == [(160, "squash"), (160, "letterbox")]
    assert tried("some.onnx") == tried("hf:org/name") == own
    assert tried("some.onnx", size=64, policy="crop") == [(64, "crop")]
    for name in ("efficientnet-lite2", "some.onnx"):
        assert make_plan("accurate", None, cache=workspace, backbone=name).views == (one(name, None, Policy.SQUASH),)


def test_an_unknown_goal_is_refused(workspace: Path) -> None:
    with pytest.raises(TrainingError, match="no goal"):
        make_plan("quick", None, cache=workspace)


def searched(
    task: Task,
    workshop: Workshop,
    networks: dict[str, str],
    folder: Path,
    *,
    budget: float = 600,
    tries: int | None = None,
    watch: Watch | None = None,
    better: Callable[[Entry, list[CandidateResult]], None] | None = None,
) -> Outcome:
    """A search with a journal, which ends when nothing moves, or after so many tries."""
    plan = Plan(tuple(one(networks[name], None, Policy.SQUASH) for name in ("blind", "good")), ())
    journal = Journal(folder, "the question")
    if tries is not None:
        last = len(journal) + tries
        watch = Watch(enough=lambda: len(journal) >= last)
    return Search(
        task, plan, workshop, watch or Watch(), goal="accurate", budget=budget, journal=journal, better=better
    ).run()


def records(folder: Path) -> dict[str, int]:
    """What was judged, and when that was written."""
    return {path.name: path.stat().st_mtime_ns for path in folder.rglob("*.judged")}


class Finished:
    """A search that went on until nothing moved any more, in a cache of its own.

    Attributes:
        folder: of its journal.
        losses: of the models that were the best, one after the other.
        outcome: of it.
    """

    def __init__(self, task: Task, cache: Path, networks: dict[str, str]) -> None:
        self.cache, self.folder = cache, cache / "searches"
        self.losses: list[float] = []
        with Workshop(cache, Watch()) as workshop:
            self.outcome = searched(
                task,
                workshop,
                networks,
                self.folder,
                better=lambda entry, _: self.losses.append(entry.judged.loss or 0.0),
            )


@pytest.fixture(scope="module")
def finished(task: Task, networks: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Finished:
    return Finished(task, tmp_path_factory.mktemp("finished"), networks)


def test_a_search_tries_heads_copies_and_votes_and_ends_when_nothing_moves(finished: Finished) -> None:
    results = finished.outcome.results
    heads = {each.head for each in results}
    assert {"logistic regression", "linear SVM", "prototypes", "small neural network"} <= heads
    assert {"none", "altered", "altered and mirrored"} <= {each.copies for each in results}
    assert finished.losses[0] > finished.losses[-1] == finished.outcome.winner.judged.loss
    assert [each.chosen for each in results].count(True) == 1
    assert all(each.seconds is not None for each in results if each.left_out is None)
    assert all(each.milliseconds and each.bytes for each in results if each.score is not None)
    found = Journal(finished.folder, "the question").time
    assert found.planned
    assert found.spent >= 2 * found.moved


def test_a_finished_search_asked_again_tries_nothing_and_finds_the_same(
    task: Task, networks: dict[str, str], finished: Finished
) -> None:
    before = records(finished.folder)
    with Workshop(finished.cache, Watch()) as workshop:
        again = searched(task, workshop, networks, finished.folder)
        assert workshop.computed == 0
    assert records(finished.folder) == before
    assert again.winner.candidate == finished.outcome.winner.candidate
    assert again.winner.judged.loss == finished.outcome.winner.judged.loss
    # What fell behind is listed as before, and once.
    told = [[(each.head, each.copies, each.left_out) for each in side.results] for side in (again, finished.outcome)]
    assert told[0] == told[1]


def test_a_search_that_is_ended_early_keeps_the_best_and_is_continued(
    task: Task, workshop: Workshop, networks: dict[str, str], tmp_path: Path
) -> None:
    bests = 0

    def count(entry: Entry, results: list[CandidateResult]) -> None:
        nonlocal bests
        bests += 1

    stopped = searched(task, workshop, networks, tmp_path, watch=Watch(enough=lambda: bests > 0), better=count)
    assert bests == 1
    assert stopped.winner.candidate.view.backbones[0] == networks["blind"]
    assert NO_TIME in {each.left_out for each in stopped.results}
    kept = records(tmp_path)
    assert len(kept) == 1
    more = searched(task, workshop, networks, tmp_path, tries=5)
    assert more.winner.candidate.view.backbones[0] == networks["good"]
    assert kept.items() < records(tmp_path).items()


class Heard:
    """What a search tells."""

    def __init__(self) -> None:
        self.lines: list[CandidateResult] = []
        self.bests: list[str] = []

    def better(self, entry: Entry, results: list[CandidateResult]) -> None:
        self.bests.append(entry.candidate.key)

    @property
    def keys(self) -> list[str]:
        return [str(each.key) for each in self.lines]


def test_a_search_that_is_begun_again_has_every_line_once_and_tells_of_the_best_alone(
    task: Task, workshop: Workshop, networks: dict[str, str], tmp_path: Path
) -> None:
    def go(tries: int) -> Heard:
        """A search that ends after so many new candidates."""
        heard, done = Heard(), len(list(tmp_path.rglob("*.judged")))
        journal = Journal(tmp_path, "the question")
        watch = Watch(enough=lambda: len(journal) >= done + tries)
        plan = Plan(tuple(one(networks[name], None, Policy.SQUASH) for name in ("blind", "good")), ())
        more = {"budget": 600.0, "journal": journal, "heard": heard.lines.append, "better": heard.better}
        Search(task, plan, workshop, watch, goal="accurate", **more).run()  # type: ignore[arg-type]
        return heard

    first = go(7)
    assert len(first.keys) == len(set(first.keys))
    assert len(first.bests) >= 2  # the good network is better than the blind one
    second = go(5)
    assert second.keys[: len(first.keys)] == first.keys
    assert len(second.keys) == len(set(second.keys)) > len(first.keys)
    assert second.bests[0] == first.bests[-1]
    assert not set(second.bests) & set(first.bests[:-1])


def test_the_time_of_earlier_searches_counts_and_a_larger_budget_goes_on(
    task: Task, workshop: Workshop, networks: dict[str, str], tmp_path: Path
) -> None:
    searched(task, workshop, networks, tmp_path, tries=1)
    kept = records(tmp_path)
    journal = Journal(tmp_path, "the question")
    assert journal.time.spent > 0
    assert journal.time.budget == 600
    journal.keep_time(TimeSpent(spent=600, moved=1, budget=600), at_once=True)
    spent = searched(task, workshop, networks, tmp_path)
    assert records(tmp_path) == kept
    assert NO_TIME in {each.left_out for each in spent.results}
    searched(task, workshop, networks, tmp_path, budget=1200, tries=2)
    assert len(records(tmp_path)) == len(kept) + 2


def test_a_search_without_a_budget_is_ended_early_too(task: Task, workshop: Workshop, networks: dict[str, str]) -> None:
    tried: list[CandidateResult] = []
    plan = Plan(tuple(one(networks[name], None, Policy.SQUASH) for name in ("blind", "good")), ())
    watch = Watch(enough=lambda: bool(tried))
    outcome = Search(task, plan, workshop, watch, goal="accurate", heard=tried.append).run()
    assert outcome.winner.candidate.view.backbones[0] == networks["blind"]


def test_the_time_left_is_told_from_inside_a_candidate_and_not_too_often(
    task: Task, workshop: Workshop, networks: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[Stage, Outlook]] = []
    at = Stage.READ
    now = 0.0

    def progress(stage: Stage, done: int, total: int) -> None:
        nonlocal at, now
        at, now = stage, now + 0.1  # each step takes a tenth of a second

    monkeypatch.setattr(progress_room, "time", SimpleNamespace(monotonic=lambda: now))
    watch = Watch(progress, told=lambda outlook: told.append((at, outlook)), enough=lambda: len(told) > 10)
    plan = Plan((one(networks["good"], None, Policy.SQUASH),), ())
    Search(task, plan, workshop, watch, goal="accurate", budget=600).run()
    assert {Stage.FIT, Stage.EMBED} & {stage for stage, _ in told}
    assert len(told) <= now / OFTEN + 1
    assert all(0 <= outlook.left <= 600 for _, outlook in told)


def test_who_has_had_enough_before_there_is_anything_gets_nothing(
    task: Task, workshop: Workshop, networks: dict[str, str], tmp_path: Path
) -> None:
    with pytest.raises(Cancelled):
        searched(task, workshop, networks, tmp_path, watch=Watch(cancelled=lambda: True))


def test_a_damaged_record_is_tried_again(
    task: Task, workshop: Workshop, networks: dict[str, str], tmp_path: Path
) -> None:
    first = searched(task, workshop, networks, tmp_path, tries=6)
    names = sorted(records(tmp_path))
    for path in tmp_path.rglob("*.judged"):
        path.write_bytes(path.read_bytes()[:-3])
    again = searched(task, workshop, networks, tmp_path, tries=6)
    assert sorted(records(tmp_path)) == names
    assert again.winner.candidate == first.winner.candidate
    assert len(Journal(tmp_path, "the question")) == len(names)


def test_an_unknown_aim_and_a_known_one(workspace: Path) -> None:
    truth = np.repeat([0, 1], [50, 4])
    assert aim_for(None, truth, 2) is Aim.BALANCED
    assert aim_for(None, truth[:90], 2) is Aim.BALANCED
    assert aim_for(None, np.repeat([0, 1], [50, 20]), 2) is Aim.ACCURACY
    assert aim_for(Aim.MACRO_F1, truth, 2) is Aim.MACRO_F1
    called = np.zeros(54, np.int64)
    assert figure(Aim.ACCURACY, called, truth, 2) == pytest.approx(50 / 54)
    assert figure(Aim.BALANCED, called, truth, 2) == 0.5
    assert figure(Aim.MACRO_F1, called, truth, 2) == pytest.approx(0.5 * 100 / 104)


def test_luck_is_no_gain_and_copies_are_no_evidence() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 1, 400)
    assert 0.02 < chance_of_gain(noise - noise.mean(), np.arange(400)) < 0.98
    assert chance_of_gain(noise + 1, np.arange(400)) == 1.0
    one_lucky = np.where(np.arange(400) < 100, 1.0, -0.2)
    assert chance_of_gain(one_lucky, np.arange(400)) > 0.95
    same = np.where(np.arange(400) < 100, 0, np.arange(400))
    assert chance_of_gain(one_lucky, same) < 0.9  # the hundred are one picture


def test_joined_backbones_give_what_their_parts_give(workshop: Workshop, task: Task, networks: dict[str, str]) -> None:
    both = View((networks["good"], networks["twin"]), 32, Policy.SQUASH)
    features = workshop.features(both, task.pictures).features
    spec = workshop.spec(both)
    pixels = np.stack([prepare_for_training(picture.item.read(), spec) for picture in task.pictures[:4]])
    np.testing.assert_allclose(workshop.engine(both).infer(pixels), features[:4], atol=1e-5)
    assert workshop.backbone(both).licence == workshop.backbone(both.parts[0]).licence


def test_no_network_is_opened_for_what_is_left_of_the_time_that_opening_one_takes(
    task: Task, workshop: Workshop, networks: dict[str, str]
) -> None:
    open_one, other = (Candidate(view=one(networks[name], None, Policy.SQUASH)) for name in ("good", "blind"))
    room = float("inf")
    affordable = Affordable(workshop, task.pictures, lambda view: 0.0, lambda: room)
    workshop.features(open_one.view, task.pictures)
    assert affordable.fits(other)
    assert not affordable.fits_at_once(other)
    room = 1e-6
    assert affordable.fits(open_one)  # its features are there, and heads are thought to take no time until one did
    assert affordable.fits_at_once(open_one)
    assert not affordable.fits(other)
    assert workshop.opened(other.view) is None
