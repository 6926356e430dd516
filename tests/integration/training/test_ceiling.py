"""A goal is a promise of how soon answers come: what is slower cannot win, however good it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from fenlei.datasets.found import DatasetError, Item
from fenlei.imaging import InputSpec, Policy
from fenlei.training.candidate import VOTE, Candidate
from fenlei.training.ceiling import Ceiling
from fenlei.training.decoding import Decoding
from fenlei.training.heads import LOGISTIC, PROTOTYPES, SVM
from fenlei.training.journal import Journal
from fenlei.training.look import Picture
from fenlei.training.outcome import Outcome
from fenlei.training.plan import Plan
from fenlei.training.progress import Watch
from fenlei.training.report import CandidateResult
from fenlei.training.search import Search
from fenlei.training.task import Task
from fenlei.training.view import View, one
from fenlei.training.workshop import Workshop
from tests.support.drawing import jpeg
from tests.support.judgements import judgement
from tests.support.networks import tiny_network
from tests.support.tasks import drawn_task

TOO_SLOW = "It would answer too slowly for this goal."
TIMES = {"quick": 1.0, "slow": 3.0}
"""Milliseconds a picture: the slow one is too slow for `fast`, alone and beside the quick one, and for nothing else."""


DECODING = 0.25
SPEC = InputSpec(height=32, width=32, policy=Policy.SQUASH)


class Paced(Workshop):
    """One whose networks take as long as their names say: a clock on a busy machine would tell of the machine."""

    decoding = DECODING

    def network_milliseconds(self, view: View) -> float:
        return sum(TIMES[Path(name).stem] for name in view.backbones)

    def decoding_milliseconds(self, view: View) -> float:
        return self.decoding if super().decoding_milliseconds(view) > 0 else 0.0


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> dict[str, View]:
    """A quick network that sees next to nothing, and one that sees much and is slow, or very slow in truth."""
    folder = tmp_path_factory.mktemp("networks")
    networks = {"quick": tiny_network(width=2), "slow": tiny_network(width=48)}
    networks["very slow"] = tiny_network(width=30_000)
    for name, content in networks.items():
        (folder / f"{name}.onnx").write_bytes(content)
    return {name: one(str(folder / f"{name}.onnx"), None, Policy.SQUASH) for name in networks}


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Task:
    return drawn_task(tmp_path_factory.mktemp("photos"), {"a": 30, "b": 30, "c": 30}, size=40)


@pytest.fixture
def workshop(workspace: Path) -> Iterator[Workshop]:
    with Paced(workspace / "cache", Watch()) as opened:
        yield opened


def searched(
    task: Task,
    workshop: Workshop,
    plan: list[View],
    goal: str,
    until: Callable[[CandidateResult], bool],
    journal: Journal | None = None,
) -> Outcome:
    """A search that ends when there is such a line, or many others."""
    heard: list[CandidateResult] = []

    def enough() -> bool:
        return len(heard) > 20 or any(map(until, heard))

    watch = Watch(enough=enough)
    search = Search(
        task, Plan(tuple(plan), ()), workshop, watch, goal=goal, budget=600, journal=journal, heard=heard.append
    )
    return search.run()


def is_slow(line: CandidateResult) -> bool:
    return "slow" in line.backbone


def is_vote(line: CandidateResult) -> bool:
    return line.head.startswith("vote of")


def slow_line(outcome: Outcome) -> CandidateResult:
    return next(filter(is_slow, outcome.results))


def test_a_network_that_answers_too_slowly_for_a_goal_is_not_shown_a_picture(
    task: Task, workshop: Workshop, views: dict[str, View]
) -> None:
    plan = [views["quick"], views["slow"]]
    fast = searched(task, workshop, plan, "fast", is_slow)
    line = slow_line(fast)
    assert line.left_out == TOO_SLOW
    assert fast.winner.candidate.view == views["quick"]
    assert line.score is None
    assert line.milliseconds == 3.0 + DECODING
    assert workshop.computed == len(task.pictures)

    for goal in ("balanced", "accurate"):
        outcome = searched(task, workshop, plan, goal, is_slow)
        assert outcome.winner.candidate.view == views["slow"]
        assert slow_line(outcome).left_out is None


def test_what_is_slow_is_found_out_by_a_measurement(task: Task, workspace: Path, views: dict[str, View]) -> None:
    with Workshop(workspace / "cache", Watch()) as workshop:
        outcome = searched(task, workshop, [views["quick"], views["very slow"]], "fast", is_slow)
    line = slow_line(outcome)
    assert line.left_out == TOO_SLOW
    assert outcome.winner.candidate.view == views["quick"]


def known(task: Task, journal: Journal, views: dict[str, View]) -> None:
    """All that a search tries before a vote: heads on both networks which know different pictures, and one that knows
    none."""
    turn = np.arange(len(task.truth)) // task.classes % 10
    for view, kind, turns in (
        (views["quick"], LOGISTIC, (0, 1, 2)),
        (views["quick"], SVM, (3, 4)),
        (views["quick"], PROTOTYPES, ()),
        (views["slow"], LOGISTIC, (5, 6, 7, 8, 9)),
    ):
        judged = judgement(task.truth, task.classes, np.isin(turn, turns), kind=kind, repeats=len(task.folds.number))
        journal.add(Candidate(view=view, kind=kind), judged, 0.0)


def test_a_vote_that_answers_too_slowly_cannot_win_and_one_of_those_that_do_not_does(
    task: Task, workshop: Workshop, views: dict[str, View], tmp_path: Path
) -> None:
    plan = [views["quick"], views["slow"]]
    journal = Journal(tmp_path, "the question")
    known(task, journal, views)
    accurate = searched(task, workshop, plan, "accurate", is_vote, journal)
    best = accurate.winner.candidate
    assert best.kind == VOTE
    assert {each.view for each in best.members} == {views["quick"], views["slow"]}

    # The same pictures, another goal: that vote is known and cannot win; one that answers soon enough does.
    def is_another(line: CandidateResult) -> bool:
        return is_vote(line) and line.left_out is None

    fast = searched(task, workshop, plan, "fast", is_another, Journal(tmp_path, "the question"))
    assert [each.left_out for each in fast.results if is_vote(each)] == [TOO_SLOW, None]
    assert fast.winner.candidate.kind == VOTE
    assert {each.view for each in fast.winner.candidate.members} == {views["quick"]}


def test_what_an_answer_takes_is_decoding_and_network_and_the_first_model_does_not_wait_for_the_former(
    task: Task, workshop: Workshop, views: dict[str, View]
) -> None:
    told: list[tuple[str, float | None]] = []
    watch = Watch(enough=lambda: len(told) > 8)
    search = Search(
        task,
        Plan((views["quick"], views["slow"]), ()),
        workshop,
        watch,
        goal="balanced",
        budget=600,
        heard=lambda line: told.append((line.backbone, line.milliseconds)),
        better=lambda entry, results: told.append(("model", results[0].milliseconds)),
    )
    outcome = search.run()
    first, model, *others = told
    assert (first[1], model) == (1.0, ("model", 1.0))
    quick = {wait for name, wait in others if "quick" in name}
    assert quick == {1.0 + DECODING}
    assert {each.milliseconds for each in outcome.results if "quick" in each.backbone} == {1.0 + DECODING}


@pytest.mark.parametrize(("decoding", "allowed"), [(0.0, False), (1.0, True), (40.0, True)])
def test_the_limit_is_one_of_whole_answers_and_a_slow_decoding_excuses_no_network_of_any_size(
    task: Task, workspace: Path, views: dict[str, View], decoding: float, allowed: bool
) -> None:
    """A network twice as slow doubles no answer that is decoding by half; one three times as slow stays too slow."""
    double = views["quick"]._replace(backbones=views["quick"].backbones * 2)
    workshop = Paced(workspace / "cache", Watch())
    workshop.decoding = decoding
    with workshop:
        workshop.decodes(task.pictures)
        ceiling = Ceiling(workshop, views["quick"], "fast")
        assert ceiling.allows(double) == allowed
        assert not ceiling.allows(views["slow"])
        assert Ceiling(workshop, views["quick"], "balanced").allows(views["slow"])


def picture(read: Callable[[], bytes]) -> Picture:
    return Picture(Item("a/1.jpg", "a", None, read), bytes(32))


def test_decoding_is_measured_once_on_a_picture_that_is_neither_large_nor_small() -> None:
    small, large = jpeg(64, 64), jpeg(3000, 2000)
    asked: list[int] = []

    def read() -> bytes:
        asked.append(len(small))
        return small

    mixed = Decoding([*(picture(read) for _ in range(4)), picture(lambda: large)])
    typical = mixed.milliseconds(SPEC)
    assert 0 < typical < Decoding([picture(lambda: large)]).milliseconds(SPEC)  # a thousand times as many pixels
    assert mixed.milliseconds(SPEC) == typical
    assert mixed.milliseconds(replace(SPEC, policy=Policy.LETTERBOX)) > 0
    assert len(asked) == 4


def test_where_no_picture_is_left_decoding_is_said_to_take_nothing() -> None:
    def gone() -> bytes:
        raise DatasetError("a/1.jpg cannot be read.")

    assert Decoding([picture(gone)]).milliseconds(SPEC) == 0.0
    assert Decoding([]).milliseconds(SPEC) == 0.0
