"""Graphs on a platform, in every way they can be handled: in Python, and by commands."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fenlei.cli import app
from fenlei.client.management import ChangedMeanwhile, NotPossible, Platform
from tests.support.drawing import class_folders
from tests.support.platform_process import PlatformProcess

Said = Callable[..., str]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, backbone: Path) -> Iterator[tuple[Platform, Said]]:
    """A platform with a data set to train on; and what a command prints there, which must end with `code`."""
    place = tmp_path_factory.mktemp("platform")
    with (
        PlatformProcess(place / "workspace", FENLEI_BACKBONE=str(backbone), FENLEI_ENGINE="onnxruntime") as running,
        Platform.by_link(running.link) as platform,
    ):
        dataset = platform.datasets.create("gestures")
        platform.datasets.bring(dataset.id, class_folders(place / "photos", {"ok": 8, "stop": 8}))
        platform.datasets.make_version(dataset.id)
        token = platform.tokens.make("graphs", "owner").secret
        runner = CliRunner(env={"FENLEI_SERVER": running.base, "FENLEI_TOKEN": token, "COLUMNS": "200"})

        def said(*words: str | Path, code: int = 0) -> str:
            result = runner.invoke(app, [*map(str, words)])
            assert result.exit_code == code, (result.output, result.exception)
            return result.stdout if "--json" in words else result.output

        yield platform, said


def drawn(**split: Any) -> dict[str, Any]:
    """A graph that learns from the data set."""
    return {
        "nodes": [
            {"id": "data", "type": "data.dataset", "params": {"dataset": "gestures", "version": 1}},
            {"id": "split", "type": "data.split", "params": split},
            {"id": "learn", "type": "train.linear"},
        ],
        "edges": [
            {"source": ["data", "images"], "target": ["split", "images"]},
            {"source": ["split", "split"], "target": ["learn", "split"]},
        ],
    }


def test_a_graph_is_checked_saved_and_exported(here: tuple[Platform, Said], tmp_path: Path) -> None:
    platform, said = here
    file, back = tmp_path / "graph.json", tmp_path / "back.json"
    assert "data.split" in said("graphs", "types")
    assert {each.name for each in platform.graphs.node_types().kinds} >= {"images", "model"}
    canvas = json.loads(said("projects", "create", "sketch", "--kind", "canvas", "--json"))["id"]
    file.write_text(json.dumps(drawn(test=7)))
    assert "split: " in said("graphs", "check", file, code=1)
    said("graphs", "save", "sketch", file, "--after", "0")
    assert "split: " in said("graphs", "run", "sketch", code=1)
    with pytest.raises(NotPossible) as refused:
        platform.graphs.run(canvas)
    assert [(each.node, each.parameter) for each in refused.value.problems] == [("split", "test")]
    file.write_text(json.dumps(drawn()))
    assert json.loads(said("graphs", "check", file, "--json")) == {"problems": [], "changed": {}, "unknown": []}
    assert platform.graphs.save(canvas, drawn(), "mended", after=1).number == 2
    with pytest.raises(ChangedMeanwhile):
        platform.graphs.save(canvas, drawn(), after=1)
    assert "mended" in said("graphs", "revisions", "sketch")
    assert "data.images" in said("graphs", "show", "sketch")
    said("graphs", "export", "sketch", "--revision", "1", "-o", back)
    assert json.loads(back.read_text())["nodes"][1]["params"] == {"test": 7}
    file.write_text("no graph")
    said("graphs", "save", "sketch", file, code=1)


def test_a_graph_is_run_and_its_nodes_followed_looked_at_kept_and_forked(
    here: tuple[Platform, Said], tmp_path: Path
) -> None:
    platform, said = here
    canvas = platform.projects.create("nodes", kind="canvas")
    platform.graphs.save(canvas.id, drawn())
    part = json.loads(said("graphs", "run", "nodes", "--to", "split", "--json"))
    assert (part["state"], part["result"]["nodes"]) == ("done", 2)
    run = json.loads(said("graphs", "run", "nodes", "--no-wait", "--json"))["id"]
    followed = said("runs", "follow", run)
    assert "split: there already" in followed
    assert "learn: done in " in followed
    assert "0 nodes worked, 3 were there already" in said("graphs", "run", "nodes", "--only", "learn")
    assert "learn" in said("graphs", "nodes", run)
    said("runs", "log", part["id"], "--step", "data", "-o", tmp_path / "data.log")
    assert "[data] gestures, version 1" in (tmp_path / "data.log").read_text()

    assert json.loads(said("graphs", "output", run, "learn", "model"))["labels"] == ["ok", "stop"]
    said("graphs", "output", run, "learn", "-o", tmp_path / "learn.fenlei")
    kept = json.loads(said("graphs", "keep", run, "learn", "--json"))
    assert kept["sha256"] == hashlib.sha256((tmp_path / "learn.fenlei").read_bytes()).hexdigest()
    assert [each["id"] for each in platform.graphs.of_run(run).graph["nodes"]] == ["data", "split", "learn"]
    assert platform.graphs.nodes(part["id"])[1].outputs == platform.graphs.nodes(run)[1].outputs
    shown = platform.graphs.preview(run, "split", "split")["shown"][0]["sha256"]
    small = platform.graphs.save_thumbnail(run, "split", "split", shown, tmp_path / "small.webp", side=64)
    assert small.read_bytes()[8:12] == b"WEBP"

    assert json.loads(said("graphs", "fork", run, "--name", "fork", "--json"))["kind"] == "canvas"
    assert "learn: same; no result in one of them" in said("graphs", "compare", part["id"], run)


def test_a_training_is_opened_in_a_canvas(here: tuple[Platform, Said]) -> None:
    platform, said = here
    data = next(iter(platform.datasets.list())).id
    training = platform.projects.train(platform.projects.create("by itself", data, goal="fast").id)
    opened = json.loads(said("graphs", "open", training.id, "--name", "as it was", "--json"))["id"]
    platform.runs.cancel(training.id, force=True)
    found = platform.graphs.get(opened)
    assert (found.problems, [node["type"] for node in found.graph["nodes"]][-1]) == ([], "train.auto")


def test_a_project_is_made_of_a_template_and_written_as_a_script(here: tuple[Platform, Said], tmp_path: Path) -> None:
    platform, said = here
    assert "quick-classifier" in said("graphs", "templates")
    words = ("--template", "quick-classifier", "--dataset", "gestures", "--version", "1", "--publish", "waves")
    made = json.loads(said("graphs", "create", "of a template", *words, "--json"))
    graph = platform.graphs.get(made["id"])
    assert (graph.problems, graph.graph["nodes"][-1]["params"]) == ([], {"name": "waves"})
    said("graphs", "export", "of a template", "--script", "-o", tmp_path / "script.py")
    assert "import fenlei" in (tmp_path / "script.py").read_text()
