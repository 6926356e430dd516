"""`fenlei run GRAPH.json`: a graph is checked, carried out once, gone on with after a kill, and ends in a URL."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import fenlei as public
from fenlei.client.management import Platform
from tests.support.cli import LONG, Said, environment, invoked
from tests.support.drawing import class_folders, jpeg
from tests.support.platform_process import PlatformProcess
from tests.support.until import until

Graph = dict[str, Any]


def edge(source: str, target: str) -> dict[str, list[str]]:
    """`node.port` to `node.port`."""
    return {"source": source.split("."), "target": target.split(".")}


def graph_of(pictures: Path) -> Graph:
    """Pictures, split, learned from, judged."""
    return {
        "format": "fenlei-graph/1",
        "nodes": [
            {"id": "pictures", "type": "data.folder", "params": {"path": str(pictures)}},
            {"id": "split", "type": "data.split"},
            {"id": "train", "type": "train.auto", "params": {"goal": "fast"}},
            {"id": "judge", "type": "judge.evaluate"},
        ],
        "edges": [
            edge("pictures.images", "split.images"),
            edge("split.split", "train.split"),
            edge("train.model", "judge.model"),
            edge("split.split", "judge.split"),
        ],
    }


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return class_folders(tmp_path / "photos", {"apple": 12, "pear": 12}, size=40)


@pytest.fixture
def go(tmp_path: Path, backbone: Path) -> Callable[..., Said]:
    """Runs a graph in a workspace of its own."""

    def run(graph: Graph, *words: str | Path) -> Said:
        path = tmp_path / "graph.json"
        path.write_text(json.dumps(graph))
        return invoked("run", path, *words, workspace=tmp_path / "ws", FENLEI_BACKBONE=str(backbone))

    return run


def states(said: Said) -> dict[str, str]:
    """What became of each node, as `--json` tells it."""
    return {node: run["state"] for node, run in json.loads(said.out).items()}


def test_a_graph_ends_in_a_model_file_and_a_report_and_what_is_there_is_not_made_again(
    go: Callable[..., Said], pictures: Path, tmp_path: Path
) -> None:
    graph, model, report = graph_of(pictures), tmp_path / "fruit.fenlei", tmp_path / "report.json"
    said = go(graph, "--save", f"train={model}", "--save", f"judge={report}")
    assert said.code == 0, said.err
    assert "train (train.auto): done" in said.err
    with public.load(model) as loaded:
        assert loaded.labels == ["apple", "pear"]
        assert loaded.metrics["accuracy"] == json.loads(report.read_text())["accuracy"]
    assert set(states(go(graph, "--json")).values()) == {"cached"}


def test_only_what_depends_on_a_change_runs_again(go: Callable[..., Said], pictures: Path) -> None:
    graph = graph_of(pictures)
    assert go(graph).code == 0
    graph["nodes"][2]["params"]["seed"] = 1
    assert states(go(graph, "--json")) == {
        "pictures": "cached", "split": "cached", "train": "done", "judge": "done",
    }  # fmt: skip
    shutil.move(pictures / "apple" / "0000.png", pictures / "pear" / "was_an_apple.png")  # another label
    assert set(states(go(graph, "--json")).values()) == {"done"}
    graph["nodes"].append({"id": "other", "type": "judge.evaluate", "note": "the same once more", "position": [9, 9]})
    graph["edges"] += [edge("train.model", "other.model"), edge("split.split", "other.split")]
    assert set(states(go(graph, "--json")).values()) == {"cached"}


def test_a_graph_is_run_up_to_a_node_and_a_node_alone_only_with_what_is_there(
    go: Callable[..., Said], pictures: Path
) -> None:
    graph = graph_of(pictures)
    said = go(graph, "--only", "split")
    assert said.code == 1
    assert "run the graph up to it first" in said.err
    assert states(go(graph, "--to", "split", "--json")) == {"pictures": "done", "split": "done"}
    graph["nodes"][1]["params"] = {"seed": 3}
    assert states(go(graph, "--only", "split", "--json")) == {"pictures": "cached", "split": "done"}


def test_what_is_wrong_is_said_before_anything_runs(go: Callable[..., Said], pictures: Path, tmp_path: Path) -> None:
    graph = graph_of(pictures)
    graph["nodes"][1]["params"] = {"test": 7}
    graph["edges"][2] = edge("train.report", "judge.model")
    said = go(graph, "--check", "--json")
    assert said.code == 1
    found = {(each["fault"], each["node"], each["parameter"] or each["port"]) for each in json.loads(said.out)}
    assert found == {("bad parameter", "split", "test"), ("type mismatch", "judge", "model")}
    said = go(graph)
    assert said.code == 1
    assert "takes `model`, and AutoTrain gives `report`" in said.out
    assert not (tmp_path / "ws" / "cache" / "graphs" / "results").exists()
    said = go({"nodes": []}, "--check")
    assert "The graph has no nodes." in said.out


def test_a_node_that_fails_is_named_and_stops_what_depends_on_it(go: Callable[..., Said], pictures: Path) -> None:
    graph = graph_of(pictures)
    graph["nodes"].append({"id": "few", "type": "data.filter", "params": {"classes": ["plum"]}})
    graph["nodes"].append({"id": "fewer", "type": "data.sample", "params": {"share": 0.5}})
    graph["edges"] += [edge("pictures.images", "few.images"), edge("few.images", "fewer.images")]
    said = go(graph, "--json")
    assert said.code == 1
    runs = json.loads(said.out)
    assert {node: run["state"] for node, run in runs.items()} == {
        "pictures": "done", "split": "done", "train": "done", "judge": "done", "few": "failed", "fewer": "skipped",
    }  # fmt: skip
    assert runs["few"]["why"] == "There is no class 'plum' among the pictures; there are apple, pear."
    assert "few" in runs["fewer"]["why"]


def test_what_was_finished_before_a_kill_is_not_done_again(
    go: Callable[..., Said], pictures: Path, tmp_path: Path, backbone: Path
) -> None:
    graph = graph_of(pictures)
    graph["nodes"][2]["params"]["budget"] = 600
    path = tmp_path / "graph.json"
    path.write_text(json.dumps(graph))
    results = tmp_path / "ws" / "cache" / "graphs" / "results"
    with (tmp_path / "said").open("wb") as out:
        child = subprocess.Popen(
            [sys.executable, "-m", "fenlei", "run", str(path)],
            env=environment(tmp_path / "ws", FENLEI_BACKBONE=str(backbone)),
            stdin=subprocess.DEVNULL,
            stderr=out,
        )
        try:
            until(lambda: len(list(results.rglob("*.json"))) == 2 or child.poll() is not None, LONG, "a split")
            assert child.poll() is None, (tmp_path / "said").read_text()
        finally:
            child.send_signal(signal.SIGKILL)
            child.wait(LONG)
    graph["nodes"][2]["params"].pop("budget")
    found = states(go(graph, "--json"))
    assert found == {"pictures": "cached", "split": "cached", "train": "done", "judge": "done"}


def test_a_file_that_is_no_graph_is_refused_in_a_sentence(go: Callable[..., Said], tmp_path: Path) -> None:
    path = tmp_path / "odd.json"
    for text, sentence in {
        "{": "no JSON",
        "[]": "a JSON object with `nodes` and `edges`",
        '{"format": "fenlei-graph/9", "nodes": []}': "'fenlei-graph/9'",
        '{"nodes": [{"id": "a b", "type": "x.y"}]}': "1 to 40 letters",
    }.items():
        path.write_text(text)
        said = invoked("run", path, workspace=tmp_path / "ws")
        assert said.code == 1
        assert sentence in said.err
        assert "Traceback" not in said.err
    assert "cannot be read" in invoked("run", tmp_path / "absent.json", workspace=tmp_path / "ws").err


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlatformProcess]:
    workspace = tmp_path_factory.mktemp("platform") / "workspace"
    with PlatformProcess(workspace, FENLEI_ENGINE="onnxruntime") as running:
        yield running


@pytest.fixture(scope="module")
def token(platform: PlatformProcess) -> str:
    """Of whoever may publish there."""
    with Platform.by_link(platform.link) as entered:
        return str(entered.tokens.make("graphs", "owner").secret)


def test_a_graph_ends_in_a_url_that_answers(
    go: Callable[..., Said], pictures: Path, platform: PlatformProcess, token: str
) -> None:
    graph = graph_of(pictures)
    graph["nodes"].append({"id": "publish", "type": "finish.publish", "params": {"name": "fruit"}})
    graph["edges"].append(edge("train.model", "publish.model"))
    said = go(graph, "--server", platform.base, "--token", token)
    assert said.code == 0, said.err
    url = next(word.rstrip(";") for word in said.err.split() if word.startswith(f"{platform.base}/api/image/fruit?"))
    with public.Client(url) as client:
        assert client.predict(jpeg(60, 60)).label in {"apple", "pear"}
    said = go(graph, "--server", platform.base, "--token", "wrong")
    assert said.code == 1
    assert "publish" in said.err


def test_a_template_ends_in_a_url_that_answers_and_so_does_its_script(
    pictures: Path, platform: PlatformProcess, token: str, tmp_path: Path, backbone: Path
) -> None:
    asked = {"FENLEI_BACKBONE": str(backbone), "FENLEI_SERVER": platform.base, "FENLEI_TOKEN": token}
    words = ("run", "--template", "quick-classifier", "--data", pictures, "--publish", "quick")
    script, model = tmp_path / "quick.py", tmp_path / "quick.fenlei"
    assert invoked(*words, "--script", script, workspace=tmp_path / "ws").code == 0
    said = invoked(*words, "--save", f"train={model}", workspace=tmp_path / "ws", cwd=None, **asked)
    assert said.code == 0, said.err
    url = next(word.rstrip(";") for word in said.err.split() if word.startswith(f"{platform.base}/api/image/quick?"))
    ended = subprocess.run(
        [sys.executable, script, tmp_path / "made"],
        env=environment(tmp_path / "other", **asked),
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "made" / "train.fenlei").read_bytes() == model.read_bytes()
    with public.Client(url) as client:
        assert client.predict(jpeg(60, 60)).label in {"apple", "pear"}
