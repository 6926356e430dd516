"""The table of what a budget buys has the columns that its notes have."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from bench.training import budgets
from bench.training.plain import Figures
from bench.training.progress import Log

from tests.support.drawing import class_folders

NOTES = Path(budgets.__file__).parent / "NOTES.md"


def cells(line: str) -> list[str]:
    return [each.strip() for each in line.strip().strip("|").split("|")]


def searched(folder: Path, budget: float, goal: str, cache: Path) -> budgets.Run:
    """A search that found something without looking."""
    seen = SimpleNamespace(accuracy=0.9, accuracy_interval=(0.8, 0.95), macro_f1=0.88)
    recipe = SimpleNamespace(head="linear SVM", backbone="efficientnet-lite0", size=224)
    trained = SimpleNamespace(evaluation=seen, report=SimpleNamespace(recipe=recipe))
    return budgets.Run(cast(Any, trained), first=1.0, used=budget, log=Log())


def printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], data: Path, *words: str
) -> list[list[str]]:
    """The rows of the table for a folder of two drawn sets; what is measured is made up."""
    for name in ("small", "other"):
        for part in ("train", "test"):
            class_folders(data / name / part, {"a": 2, "b": 2})
    figures = {"by_scikit_learn": Figures(0.5625, 0.458, 6.1), "by_torch": Figures(0.3125, 0.224, 15.4)}
    for name, each in figures.items():
        monkeypatch.setattr(budgets, name, lambda halves, place, each=each: each)
    monkeypatch.setattr(budgets, "searched", searched)
    monkeypatch.setattr(budgets, "pass_seconds", lambda halves, place: 0.5)
    monkeypatch.setattr(budgets, "against", lambda more, less: "+0.0 (+0.0 to +0.0)")
    monkeypatch.setattr(budgets, "SIDES", {})
    monkeypatch.setattr(tempfile, "tempdir", str(data.parent))
    monkeypatch.setattr(sys, "argv", ["budgets", "--data", str(data), "--budgets", "1", "2", *words])
    assert budgets.main() == 0
    return [cells(line) for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]


def test_others_stand_in_two_columns_at_the_first_budget_of_a_set_as_in_the_notes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    heads, *rows = printed(monkeypatch, capsys, tmp_path / "data")
    noted = next(cells(line) for line in NOTES.read_text("utf-8").splitlines() if line.startswith("| set | budget s"))
    assert heads == noted
    assert {len(row) for row in rows} == {len(noted)}
    assert [(row[0], row[1], *row[-2:]) for row in rows] == [
        (name, budget, *others)
        for first in ("other", "small")
        for name, budget, others in (
            (first, "1", ("56.2, 45.8, 6 s", "31.2, 22.4, 15 s")),
            ("", "2", ("", "")),
        )
    ]


def test_without_others_there_are_no_such_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    heads, *rows = printed(monkeypatch, capsys, tmp_path / "data", "--no-others")
    assert heads[-1] == "winner"
    assert {len(row) for row in rows} == {len(heads)}
