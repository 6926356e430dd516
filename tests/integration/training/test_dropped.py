"""A candidate that cannot win any more is dropped while it is tried, and that is remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from fenlei.imaging import Policy
from fenlei.training.candidate import Candidate
from fenlei.training.heads import KINDS, LOGISTIC, NETWORK
from fenlei.training.journal import Journal
from fenlei.training.outcome import Outcome
from fenlei.training.plan import Plan
from fenlei.training.progress import Watch
from fenlei.training.report import CandidateResult
from fenlei.training.search import HOPELESS, Search
from fenlei.training.study import open_study
from fenlei.training.task import Task
from fenlei.training.view import View, one
from fenlei.training.workshop import Workshop
from tests.support.judgements import judgement
from tests.support.networks import tiny_network
from tests.support.tasks import drawn_task

ALTERED = ("altered", "altered and mirrored")
TRIED = [*((kind, "none") for kind in KINDS), *((NETWORK, copies) for copies in ALTERED)]


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    path = tmp_path_factory.mktemp("networks") / "tiny.onnx"
    path.write_bytes(tiny_network(width=2))
    return one(str(path), None, Policy.SQUASH)


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Task:
    return drawn_task(tmp_path_factory.mktemp("photos"), {"a": 52, "b": 51, "c": 50}, size=40)


@pytest.fixture
def workshop(workspace: Path) -> Iterator[Workshop]:
    with Workshop(workspace / "cache", Watch()) as opened:
        yield opened


def known(task: Task, view: View, folder: Path, *, best: bool) -> None:
    """A search that has tried every head on plain features, which know everything or nothing; and what takes long."""
    journal = Journal(folder, "the question")
    for kind, copies in TRIED:
        knows = np.full(len(task.truth), best and copies == "none")
        judged = judgement(task.truth, task.classes, knows, sure=9.0, kind=kind, repeats=len(task.folds.number))
        journal.add(Candidate(view=view, kind=kind, copies=copies), judged, 0.0)


def goes_on(
    task: Task, workshop: Workshop, view: View, folder: Path, enough: Callable[[list[CandidateResult]], bool]
) -> tuple[Outcome, list[CandidateResult]]:
    """What comes of it until there are lines enough, and those lines as they came."""
    heard: list[CandidateResult] = []
    watch = Watch(enough=lambda: enough(heard))
    journal = Journal(folder, "the question")
    search = Search(
        task, Plan((view,), ()), workshop, watch, goal="accurate", budget=600, journal=journal, heard=heard.append
    )
    return search.run(), heard


def test_what_falls_behind_beyond_doubt_is_dropped_and_not_tried_again(
    task: Task, workshop: Workshop, view: View, tmp_path: Path
) -> None:
    known(task, view, tmp_path, best=True)
    outcome, first = goes_on(task, workshop, view, tmp_path, lambda heard: len(heard) >= len(TRIED) + 2)
    dropped = [each for each in first if each.left_out is not None]
    assert dropped == first[len(TRIED) :]
    assert [(each.left_out, each.copies) for each in dropped] == [(HOPELESS, ALTERED[0])] * 2
    assert all(each.score is None and each.seconds is not None for each in dropped)
    assert [each.left_out for each in outcome.results].count(HOPELESS) == len(dropped)
    assert outcome.winner.candidate.copies == "none"

    # It is written down, and stands on the board at once when the search goes on; what is tried is something else.
    journal, keys = Journal(tmp_path, "the question"), {str(each.key) for each in dropped}
    found = [journal.find(each) for each in journal.candidates if each.key in keys]
    assert [(each[0].dropped, each[1]) for each in found if each is not None] == [(HOPELESS, None)] * len(keys)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.judged")}
    again, second = goes_on(task, workshop, view, tmp_path, lambda heard: len(heard) >= len(first) + 3)
    assert {each.key for each in second[: len(first)]} == {each.key for each in first}
    assert len({each.key for each in second}) == len(second) >= len(first) + 3
    assert all(path.stat().st_mtime_ns == moment for path, moment in before.items())
    assert again.winner.candidate == outcome.winner.candidate

    # Nor is it proposed.
    study = open_study(Plan((view,), ()), [], Journal(tmp_path, "the question"), task)
    proposed = [each[0].key for each in (study.next() for _ in range(30)) if each is not None]
    assert len(proposed) > len(TRIED)
    assert not keys & set(proposed)


def test_what_keeps_up_is_tried_to_its_end(task: Task, workshop: Workshop, view: View, tmp_path: Path) -> None:
    known(task, view, tmp_path, best=False)
    outcome, heard = goes_on(task, workshop, view, tmp_path, lambda heard: len(heard) > len(TRIED))
    assert [each.left_out for each in heard] == [None] * len(heard)
    assert outcome.winner.candidate == Candidate(view=view, kind=LOGISTIC, copies=ALTERED[0])
