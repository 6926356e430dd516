"""Candidates against each other: the better wins, the dearer must be clearly better, what has no time is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from fenlei.contract.errors import FenleiError
from fenlei.datasets import scan
from fenlei.imaging import Policy, prepare_for_training
from fenlei.training.aim import Aim, aim_for, figure
from fenlei.training.better import chance_of_gain
from fenlei.training.board import Entry
from fenlei.training.errors import TrainingError
from fenlei.training.folds import draw_folds
from fenlei.training.journal import Journal
from fenlei.training.look import read_all
from fenlei.training.plan import LADDERS, WITHOUT_BUDGET, Plan, make_plan
from fenlei.training.progress import Cancelled, Watch
from fenlei.training.report import CandidateResult
from fenlei.training.search import NO_TIME, Outcome, Search, Task
from fenlei.training.view import View, one
from fenlei.training.workshop import Workshop
from tests.support.drawing import class_folders
from tests.support.networks import tiny_network

CLASSES = {"a": 20, "b": 20, "c": 20}


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
    found = scan(class_folders(tmp_path_factory.mktemp("photos"), CLASSES))
    pictures, _ = read_all(found, Watch())
    truth = np.array([found.labels.index(each.item.label) for each in pictures], np.int64)
    groups = np.arange(len(truth))
    return Task(pictures, truth, groups, 3, 0, draw_folds(truth, groups, 0), Aim.ACCURACY)


@pytest.fixture
def workshop(workspace: Path) -> Iterator[Workshop]:
    with Workshop(workspace / "cache", Watch()) as opened:
        yield opened


def contest(task: Task, workshop: Workshop, names: list[str], budget: float | None = None) -> Outcome:
    plan = Plan(tuple(one(name, None, Policy.SQUASH) for name in names), ())
    return Search(task, plan, workshop, Watch(), goal="accurate", budget=budget, patience=1).run()


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
    outcome = contest(task, workshop, [networks["blind"], networks["good"]], budget=600)
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
    patience: int = 1,
    watch: Watch | None = None,
    better: Callable[[Entry, list[CandidateResult]], None] | None = None,
) -> Outcome:
    """A search with a journal; nothing but the number of proposals ends it."""
    plan = Plan(tuple(one(networks[name], None, Policy.SQUASH) for name in ("blind", "good")), ())
    journal = Journal(folder, "the question")
    return Search(
        task,
        plan,
        workshop,
        watch or Watch(),
        goal="accurate",
        budget=budget,
        patience=patience,
        journal=journal,
        better=better,
    ).run()


def test_a_search_tries_heads_copies_and_votes_and_ends_when_nothing_moves(
    task: Task, workshop: Workshop, networks: dict[str, str], tmp_path: Path
) -> None:
    found: list[float] = []
    outcome = searched(
        task, workshop, networks, tmp_path, patience=12, better=lambda entry, _: found.append(entry.judged.loss or 0.0)
    )
    heads = {each.head for each in outcome.results}
    assert {"logistic regression", "linear SVM", "prototypes", "small neural network"} <= heads
    assert {"none", "altered", "altered and mirrored"} <= {each.copies for each in outcome.results}
    assert found[0] > found[-1] == outcome.winner.judged.loss
    assert [each.chosen for each in outcome.results].count(True) == 1
    assert all(each.seconds is not None for each in outcome.results if each.left_out is None)
    assert all(each.milliseconds and each.bytes for each in outcome.results if each.score is not None)


def test_a_finished_search_asked_again_tries_nothing_and_finds_the_same(
    task: Task, workshop: Workshop, networks: dict[str, str], tmp_path: Path
) -> None:
    first = searched(task, workshop, networks, tmp_path)
    computed, tried = workshop.computed, len(list(tmp_path.rglob("*.judged")))
    again = searched(task, workshop, networks, tmp_path)
    assert workshop.computed == computed
    assert len(list(tmp_path.rglob("*.judged"))) == tried
    assert again.winner.candidate == first.winner.candidate
    assert again.winner.judged.loss == first.winner.judged.loss


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
    kept = len(list(tmp_path.rglob("*.judged")))
    assert kept >= 1
    whole = searched(task, workshop, networks, tmp_path)
    assert whole.winner.candidate.view.backbones[0] == networks["good"]
    assert len(list(tmp_path.rglob("*.judged"))) > kept


def test_who_has_had_enough_before_there_is_anything_gets_nothing(
    task: Task, workshop: Workshop, networks: dict[str, str], tmp_path: Path
) -> None:
    with pytest.raises(Cancelled):
        searched(task, workshop, networks, tmp_path, watch=Watch(cancelled=lambda: True))


def test_a_damaged_record_is_tried_again(
    task: Task, workshop: Workshop, networks: dict[str, str], tmp_path: Path
) -> None:
    first = searched(task, workshop, networks, tmp_path)
    for path in tmp_path.rglob("*.judged"):
        path.write_bytes(path.read_bytes()[:-3])
    again = searched(task, workshop, networks, tmp_path)
    assert again.winner.candidate == first.winner.candidate
    assert all(len(path.read_bytes()) > 100 for path in tmp_path.rglob("*.judged"))
    assert len(Journal(tmp_path, "the question")) > 0


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
