"""What is told of the making of the last model comes true, whatever that takes; and the search leaves enough for it.

The clock is one of work: a picture that goes through a network takes a second, and fitting takes nothing. So nothing
here depends on how busy this machine is, and what takes real seconds weighs next to nothing.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fenlei.imaging import Policy
from fenlei.inference import Engine, open_engine
from fenlei.serving.occlusion import covers_of
from fenlei.training import train as train_room
from fenlei.training import workshop as workshop_room
from fenlei.training.board import Entry
from fenlei.training.candidate import TUNED, Candidate
from fenlei.training.ending import Ending, Piece
from fenlei.training.expected_end import ExpectedEnd
from fenlei.training.finish import Trained
from fenlei.training.heat import GRIDS
from fenlei.training.journal import Journal
from fenlei.training.judging import judge_candidate
from fenlei.training.parity import PARITY_PICTURES
from fenlei.training.progress import Stage, Watch
from fenlei.training.report import CandidateResult
from fenlei.training.timetable import Outlook
from fenlei.training.view import one
from fenlei.training.workshop import Workshop
from tests.support.drawing import class_folders
from tests.support.networks import tiny_network
from tests.support.tasks import drawn_task

EACH = 400
"""Pictures of a class; a fifth of them judge."""

A_MAP = covers_of(GRIDS) + 1
"""Passes through the network."""

SMALL = 3.0
"""Seconds of this clock for whatever takes real ones."""


class Work:
    """Counts what is done, as seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._done = 0.0

    def __call__(self) -> float:
        return self._done

    def add(self, seconds: float) -> None:
        with self._lock:
            self._done += seconds


class Counting:
    """A real engine whose pictures are counted."""

    def __init__(self, engine: Engine, work: Work) -> None:
        self._engine, self._work = engine, work
        self.name, self.size, self.width, self.streams = engine.name, engine.size, engine.width, engine.streams

    def infer(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        found = self._engine.infer(pixels)
        self._work.add(len(pixels))
        return found

    def close(self) -> None:
        self._engine.close()


class Heard:
    """What a training told.

    Attributes:
        lines: of the leaderboard.
        told: of the time left, by the clock.
        fits: how many candidates there were when a head was fitted last.
        looked: most pictures that were looked at in another way once a candidate was judged.
        ending: what follows the search.
        is_over: whether the search is.
        over: the clock when it was.
        expected: seconds that were thought to follow just before.
        aside: seconds that the search left.
        whole: the clock at the end.
        words_before: how many of `told` were so before the search was over.
    """

    ending: Ending
    trained: Trained
    over: float
    expected: float
    aside: float
    whole: float
    words_before: int

    def __init__(self) -> None:
        self.is_over = False
        self.lines: list[CandidateResult] = []
        self.told: list[tuple[float, Outlook]] = []
        self.looked = self.fits = 0

    @property
    def took(self) -> float:
        return self.whole - self.over

    @property
    def maps(self) -> int:
        return sum(each.heat is not None for each in self.trained.report.worst)


Go = Callable[..., Heard]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("network") / "tiny.onnx"
    path.write_bytes(tiny_network(size=32, width=48))
    return path


@pytest.fixture
def go(monkeypatch: pytest.MonkeyPatch, workspace: Path, tmp_path: Path, network: Path) -> Go:
    """Trains on pictures of which some lie in the wrong class, until so many were tried and another is."""
    work, heard = Work(), Heard()

    def opened(*args: Any, **options: Any) -> Engine:
        return Counting(open_engine(*args, **options), work)

    class Watched(Ending):
        def __init__(self, told: Callable[[], None]) -> None:
            super().__init__(told)
            heard.ending = self

        def begin(self, piece: Piece, steps: int | None = None) -> None:
            if piece is Piece.STARTS:
                heard.is_over = True
                heard.over, heard.expected, heard.aside = work(), self.left, self.aside
                heard.words_before = len(heard.told)
            super().begin(piece, steps)

    def progress(stage: Stage, done: int, total: int) -> None:
        heard.fits = len(heard.lines) if stage is Stage.FIT else heard.fits
        if stage is Stage.EMBED and heard.lines:
            heard.looked = max(heard.looked, total)

    def train(*, wrong: int = 0, candidates: int = 1, telling: bool = True, **wishes: Any) -> Heard:
        photos = class_folders(tmp_path / "photos", {"cat": EACH, "dog": EACH}, size=32)
        for number in range(wrong):
            shutil.move(photos / "cat" / f"{number:04d}.png", photos / "dog" / f"was_cat_{number:04d}.png")
        heard.trained = train_room.train(
            photos,
            cache=workspace / "cache",
            backbone=str(network),
            fine_tune=False,
            better=(lambda found: None) if telling else None,
            # As if the time of the search were over; who has had enough would not wait for maps.
            enough=lambda: heard.fits >= candidates and not heard.is_over,
            heard=heard.lines.append,
            progress=progress,
            outlook=lambda outlook: heard.told.append((work(), outlook)),
            **wishes,
        )
        heard.whole = work()
        return heard

    monkeypatch.setattr(workshop_room, "open_engine", opened)
    monkeypatch.setattr(train_room, "Ending", Watched)
    monkeypatch.setattr(time, "monotonic", work)
    return train


@pytest.mark.parametrize(("wrong", "telling"), [(0, True), (60, True), (60, False)])
def test_what_follows_a_search_is_told_within_a_fifth_with_maps_or_without_and_where_no_model_was_made_before(
    go: Go, wrong: int, telling: bool
) -> None:
    found = go(wrong=wrong, telling=telling, budget=20_000.0)
    assert (found.maps > 0) == (wrong > 0)
    assert found.took >= found.maps * A_MAP + PARITY_PICTURES * (1 if telling else 2)
    assert found.expected == pytest.approx(found.took, rel=0.2, abs=SMALL)
    assert found.expected <= found.aside
    assert found.took <= found.aside
    words = [(at, word.left, found.whole - at) for at, word in found.told[found.words_before :]]
    assert words
    assert not [each for each in words if abs(each[1] - each[2]) > 0.2 * each[2] + SMALL]


def test_a_candidate_is_not_begun_whose_model_could_not_be_made_in_time(go: Go) -> None:
    """Another way to fit pictures into the input has the time to be judged, and none to look at the test part."""
    found = go(candidates=3, budget=2 * EACH + 800.0)
    assert [each.head for each in found.lines] == ["logistic regression", "linear SVM", "prototypes"]
    assert not found.looked


@pytest.mark.parametrize("shipped", [1, 2])
def test_a_tuned_network_that_nobody_was_told_of_has_all_pictures_to_look_at_for_each_one_that_ships(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, network: Path, shipped: int
) -> None:
    work, ending, journal = Work(), Ending(), Journal(None, "")
    task = drawn_task(tmp_path / "photos", {"a": 40, "b": 40, "c": 40}, size=32)

    def opened(*args: Any, **options: Any) -> Engine:
        return Counting(open_engine(*args, **options), work)

    monkeypatch.setattr(workshop_room, "open_engine", opened)
    monkeypatch.setattr(time, "monotonic", work)
    with Workshop(tmp_path / "cache", Watch()) as workshop:
        view = one(str(network), None, Policy.SQUASH)
        head = Candidate(view=view)
        judged = judge_candidate(head, task, workshop, Watch(), None, None)
        journal.add(head, judged, 1.0)
        best = Entry(Candidate(view=view, kind=TUNED, members=(head,), setting={"epochs": 3.0}), judged)
        expected = ExpectedEnd(
            ending, workshop, journal, task,
            pictures=task.pictures, tested=task.pictures[:24], shipped=shipped, shows=True, budget=600.0,
        )  # fmt: skip
        left = {}
        for told in (True, False):
            expected.reckon(best, making=1.0, views=1, missing=True, told=told)
            left[told] = ending.left
    assert left[False] - left[True] == pytest.approx(shipped * len(task.pictures))
