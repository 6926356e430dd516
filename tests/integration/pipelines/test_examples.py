"""The example of each node type, as the reference shows it, is a graph that runs to its end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fenlei.client.management import Platform
from fenlei.model.graphs import Workbench
from fenlei.model.signed import Signed
from fenlei.pipelines.graph import read_graph
from fenlei.pipelines.node_run import WELL
from fenlei.pipelines.registry import node_types
from fenlei.settings import Settings
from tests.support.drawing import class_folders
from tests.support.platform_process import PlatformProcess
from tests.support.tunable import tiny_resnet

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "nodes.md"
EXAMPLES = dict(re.findall(r"^## (\S+)\n(?:(?!^## ).*\n)*?```json\n((?:.*\n)*?)```$", PAGE.read_text("utf-8"), re.M))


@pytest.fixture(scope="module")
def reach(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workbench, Signed]]:
    """A workspace with pictures beside it, and a platform that has them too and to publish on."""
    place = tmp_path_factory.mktemp("examples")
    class_folders(place / "photos", {"cat": 62, "dog": 60, "owl": 60}, size=48)
    tiny_resnet(place / "tiny")
    with (
        pytest.MonkeyPatch.context() as patch,
        PlatformProcess(place / "platform", FENLEI_ENGINE="onnxruntime") as platform,
    ):
        patch.setenv("FENLEI_BACKBONE", str(place / "tiny"))
        patch.setenv("FENLEI_ENGINE", "onnxruntime")
        patch.chdir(place)
        with Platform.by_link(platform.link) as entered:
            token = entered.tokens.make("examples", "owner").secret
            entered.datasets.bring(entered.datasets.create("photos").id, place / "photos")
        bench = Workbench(Settings.at(place / "workspace"))
        yield bench, Signed(bench.blobs, platform.base, str(token))


def test_each_node_type_of_this_package_has_an_example() -> None:
    ours = [name for name, each in node_types().items() if each.function.__module__.startswith("fenlei.")]
    assert list(EXAMPLES) == ours


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_of_a_node_type_runs(reach: tuple[Workbench, Signed], name: str) -> None:
    bench, above = reach
    graph = read_graph(EXAMPLES[name])
    assert bench.problems(graph) == []
    assert graph.nodes[-1].type == name
    runs = bench.run(graph, reach=above)
    assert [f"{run.node}: {run.why}" for run in runs.values() if run.state not in WELL] == []
