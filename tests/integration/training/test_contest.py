"""Candidates against each other: the better wins, the dearer must be clearly better, what has no time is named."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fenlei.contract.errors import FenleiError
from fenlei.datasets import scan
from fenlei.imaging import Policy
from fenlei.training.contest import NO_TIME, Outcome, Task, hold_contest
from fenlei.training.errors import TrainingError
from fenlei.training.look import read_all
from fenlei.training.plan import LADDERS, WITHOUT_BUDGET, Candidate, Plan, make_plan
from fenlei.training.progress import Watch
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
    return Task(pictures, truth, np.arange(len(truth)), 3, seed=0)


@pytest.fixture
def workshop(workspace: Path) -> Iterator[Workshop]:
    with Workshop(workspace / "cache", Watch()) as opened:
        yield opened


def contest(
    task: Task, workshop: Workshop, names: list[str], caution: float = 1.0, until: float | None = None
) -> Outcome:
    plan = Plan(tuple(Candidate(name, None, Policy.SQUASH) for name in names), ())
    return hold_contest(task, plan, workshop, Watch(), caution=caution, until=until)


def test_the_better_one_wins_wherever_it_stands(task: Task, workshop: Workshop, networks: dict[str, str]) -> None:
    for order in (["good", "blind"], ["blind", "good"]):
        outcome = contest(task, workshop, [networks[name] for name in order])
        assert outcome.winner.backbone == networks["good"]
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
        outcome = contest(task, workshop, [networks[name] for name in order], caution=1000)
        assert outcome.winner.backbone == networks[order[0]]


def test_without_time_only_the_first_is_tried(task: Task, workshop: Workshop, networks: dict[str, str]) -> None:
    outcome = contest(task, workshop, [networks["blind"], networks["good"]], until=time.monotonic() - 1)
    assert outcome.winner.backbone == networks["blind"]
    assert [each.left_out for each in outcome.results] == [None, NO_TIME]
    assert outcome.results[1].accuracy is None


def test_with_time_the_second_is_tried(task: Task, workshop: Workshop, networks: dict[str, str]) -> None:
    outcome = contest(task, workshop, [networks["blind"], networks["good"]], until=time.monotonic() + 600)
    assert outcome.winner.backbone == networks["good"]


def test_a_later_candidate_that_cannot_be_had_is_left_out_with_its_reason(
    task: Task, workshop: Workshop, networks: dict[str, str]
) -> None:
    outcome = contest(task, workshop, [networks["good"], networks["broken"]])
    assert outcome.winner.backbone == networks["good"]
    assert "not a whole ONNX file" in (outcome.results[1].left_out or "")


def test_a_first_candidate_that_cannot_be_had_is_an_error(
    task: Task, workshop: Workshop, networks: dict[str, str]
) -> None:
    with pytest.raises(FenleiError, match="not a whole ONNX file"):
        contest(task, workshop, [networks["broken"], networks["good"]])


@pytest.mark.parametrize("goal", list(LADDERS))
def test_without_a_budget_the_goal_fixes_what_is_tried(workspace: Path, goal: str) -> None:
    plan = make_plan(goal, None, cache=workspace)
    assert plan.candidates == LADDERS[goal][: WITHOUT_BUDGET[goal]]
    assert plan.candidates[0] == LADDERS["fast"][0]


def test_a_budget_opens_the_whole_ladder(workspace: Path) -> None:
    assert make_plan("accurate", 3600, cache=workspace).candidates == LADDERS["accurate"]


def test_wishes_hold_for_every_candidate(workspace: Path) -> None:
    plan = make_plan("accurate", 3600, cache=workspace, size=192, policy="letterbox")
    assert {each.size for each in plan.candidates} == {192}
    assert {each.policy for each in plan.candidates} == {Policy.LETTERBOX}
    assert len(set(plan.candidates)) == len(plan.candidates)
    forced = make_plan("accurate", None, cache=workspace, backbone="efficientnet-lite2", size=320)
    assert forced.candidates == (Candidate("efficientnet-lite2", 320, Policy.SQUASH),)


def test_an_unknown_goal_is_refused(workspace: Path) -> None:
    with pytest.raises(TrainingError, match="no goal"):
        make_plan("quick", None, cache=workspace)
