"""What is wrong with the folder that a graph reads is said before anything runs, with the node and the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from fenlei.model.graphs import Workbench
from fenlei.pipelines.graph import Graph, Node
from fenlei.pipelines.problem import Fault, Problem
from fenlei.settings import Settings
from tests.support.drawing import class_folders


def problems(tmp_path: Path, folder: Path) -> list[Problem]:
    bench = Workbench(Settings.at(tmp_path / "workspace"))
    return bench.problems(Graph(nodes=(Node(id="data", type="data.folder", params={"path": str(folder)}),)))


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        (None, "is not on this machine"),
        ({}, "holds no class folders"),
        ({"cat": 3}, "All its pictures are of the class 'cat'."),
    ],
)
def test_a_folder_that_cannot_be_learned_from_is_a_problem_of_its_node(
    tmp_path: Path, classes: dict[str, int] | None, said: str
) -> None:
    folder = tmp_path / "photos"
    if classes is not None:
        folder.mkdir()
        class_folders(folder, classes)
    (problem,) = problems(tmp_path, folder)
    assert (problem.fault, problem.node, problem.parameter, problem.stops) == (Fault.DATA, "data", "path", True)
    assert said in problem.en
    assert problem.zh
    assert problem.remedy_en
    assert problem.remedy_zh


def test_a_folder_of_two_classes_is_none(tmp_path: Path) -> None:
    assert problems(tmp_path, class_folders(tmp_path / "photos", {"cat": 2, "dog": 2})) == []
