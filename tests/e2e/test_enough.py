"""Ctrl-C during `fenlei train --budget` is no loss: the first keeps the best so far, the second the file that is there,
and what was found out is where the next search begins."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import fenlei
from fenlei.modelfile import read
from fenlei.training.report import Report, from_json
from tests.support.cli import LONG, environment
from tests.support.drawing import class_folders
from tests.support.until import until

CLASSES = {"apple": 30, "pear": 30, "plum": 30}
ENDING = "Ending the search; the best so far is kept."


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return class_folders(tmp_path_factory.mktemp("data") / "fruit", CLASSES, size=40)


class Command:
    """A command under way.

    Attributes:
        child: its process.
        said: what it has written on stderr so far goes into this file.
    """

    def __init__(self, child: subprocess.Popen[bytes], said: Path) -> None:
        self.child, self.said = child, said

    @property
    def err(self) -> str:
        return self.said.read_text()

    @property
    def tried(self) -> int:
        """Lines of the leaderboard so far."""
        return self.err.count("tried in ")

    def interrupt_when(self, condition: Callable[[], bool], what: str) -> None:
        """Press Ctrl-C."""
        until(lambda: condition() or self.child.poll() is not None, LONG, what)
        assert self.child.poll() is None, self.err
        self.child.send_signal(signal.SIGINT)

    def code(self) -> int:
        """How it ended."""
        return self.child.wait(LONG)


@contextmanager
def training(pictures: Path, backbone: Path, budget: str, place: Path) -> Iterator[Command]:
    """`fenlei train`, from the workspace and into the file of this place."""
    words = ["train", pictures, "-o", place / "m.fenlei", "--backbone", backbone, "--no-fine-tune", "--budget", budget]
    said = place / f"said {budget}"
    with said.open("wb") as err:
        child = subprocess.Popen(
            [sys.executable, "-m", "fenlei", *map(str, words)],
            env=environment(place / "workspace"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=err,
        )
    try:
        yield Command(child, said)
    finally:
        child.kill()
        child.wait(LONG)


def report_of(place: Path) -> Report:
    return from_json(read(place / "m.fenlei").report["report.json"])


def records(place: Path) -> dict[Path, int]:
    """What was judged, and when that was written."""
    return {path: path.stat().st_mtime_ns for path in (place / "workspace").rglob("*.judged")}


def test_ctrl_c_keeps_the_best_so_far_and_a_larger_budget_goes_on_from_there(
    pictures: Path, backbone: Path, tmp_path: Path
) -> None:
    with training(pictures, backbone, "15m", tmp_path) as first:
        first.interrupt_when(lambda: first.tried >= 3, "three lines")
        assert first.code() == 0, first.err
    assert ENDING in first.err
    assert "Serve it:" in first.err
    tried = [each for each in report_of(tmp_path).candidates if each.score is not None]
    assert len(tried) == first.tried >= 3
    assert [each.chosen for each in tried].count(True) == 1
    with fenlei.load(tmp_path / "m.fenlei") as model:
        assert model.predict(next((pictures / "pear").iterdir())).label in CLASSES
    before = records(tmp_path)
    assert len(before) >= 3

    with training(pictures, backbone, "30m", tmp_path) as second:
        second.interrupt_when(lambda: second.tried > first.tried, "a line more")
        assert second.code() == 0, second.err
    after = [each for each in report_of(tmp_path).candidates if each.score is not None]
    assert len(after) == second.tried > len(tried)
    assert [(each.head, each.copies, each.log_loss) for each in after[: len(tried)]] == [
        (each.head, each.copies, each.log_loss) for each in tried
    ]
    assert before.items() < records(tmp_path).items()
    assert len({path.parent for path in records(tmp_path)}) == 1  # one search


def test_a_second_ctrl_c_ends_at_once_and_the_file_that_is_there_stays(
    pictures: Path, backbone: Path, tmp_path: Path
) -> None:
    target = tmp_path / "m.fenlei"
    with training(pictures, backbone, "15m", tmp_path) as command:
        command.interrupt_when(lambda: command.tried >= 1 and target.exists(), "a first model")
        command.interrupt_when(lambda: ENDING in command.err, "the first Ctrl-C is heard")
        assert command.code() == 130, command.err
    assert "Traceback" not in command.err
    with fenlei.load(target) as model:
        assert model.predict(next((pictures / "pear").iterdir())).label in CLASSES
    assert [path.name for path in tmp_path.iterdir() if "fenlei" in path.name] == ["m.fenlei"]
