"""Each template is carried out to the model that it publishes, and its script makes the very same model files."""

from __future__ import annotations

import hashlib
import os
import runpy
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from fenlei.cli import app
from fenlei.model.graphs import Workbench
from fenlei.modelfile import read
from fenlei.pipelines.context import Answering
from fenlei.pipelines.graph import Graph, Node, write_graph
from fenlei.pipelines.node_run import WELL
from fenlei.pipelines.reference import Deployment, Model
from fenlei.pipelines.script import as_script
from fenlei.pipelines.templates.shelf import TEMPLATES
from fenlei.settings import Settings
from tests.support.drawing import class_folders
from tests.support.networks import tiny_network
from tests.support.toy_nodes import graph
from tests.support.workbench import OutOfReach


@dataclass
class Recorder(OutOfReach):
    """A platform that only remembers what was published."""

    published: dict[str, str] = field(default_factory=dict)

    def publish(self, model: Model, name: str, *, open_to_all: bool) -> Answering:
        """Remember it."""
        self.published[name] = model.digest
        return Answering(Deployment(digest=model.digest, name=name, url="http://127.0.0.1"))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of two classes, of which one has many times those of the other, and three networks."""
    place = tmp_path_factory.mktemp("templates")
    class_folders(place / "photos", {"apple": 10, "pear": 24}, size=32)
    for number in range(3):
        (place / f"tiny{number}.onnx").write_bytes(tiny_network(seed=number))
    return place


@pytest.fixture
def environment(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FENLEI_BACKBONE", str(place / "tiny0.onnx"))
    monkeypatch.setenv("FENLEI_ENGINE", "onnxruntime")
    monkeypatch.chdir(place)


def small(drawn: Graph) -> Graph:
    """The same on tiny networks, another one for each that the graph names."""
    nodes, number = [], 0
    for node in drawn.nodes:
        params = {name: value for name, value in node.params.items() if name != "size"}
        if "backbone" in params:
            params["backbone"] = f"tiny{number}.onnx"
            number += 1
        nodes.append(msgspec.structs.replace(node, params=params))
    return msgspec.structs.replace(drawn, nodes=tuple(nodes))


def digests(printed: str) -> dict[str, str]:
    """By file, what a script says of the models it has saved."""
    lines = [line.split() for line in printed.splitlines() if ".fenlei " in line]
    return {file.removesuffix(".fenlei"): digest for file, digest in lines}


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_ends_in_a_published_model_and_its_script_makes_the_same_files(
    name: str, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = small(TEMPLATES[name].graph(publish=None))
    bench, reach = Workbench(Settings.at(place / "graphs")), Recorder()
    runs = bench.run(small(TEMPLATES[name].graph()), reach=reach)
    assert [f"{run.node}: {run.why}" for run in runs.values() if run.state not in WELL] == []

    script = place / f"{name}.py"
    script.write_text(as_script(drawn, bench.types), "utf-8")
    monkeypatch.setenv("FENLEI_WORKSPACE", str(place / "scripts"))
    monkeypatch.setattr(sys, "argv", [str(script), str(place / name)])
    runpy.run_path(str(script), run_name="__main__")

    said = digests(capsys.readouterr().out)
    assert said == {node: runs[node].outputs["model"].digest for node in said}
    assert list(reach.published) == [name]
    assert reach.published[name] in said.values()
    for node, digest in said.items():
        assert hashlib.sha256((place / name / f"{node}.fenlei").read_bytes()).hexdigest() == digest


@pytest.mark.usefixtures("environment")
def test_a_script_alone_in_a_new_workspace_makes_what_the_command_makes(place: Path) -> None:
    branches = graph(
        {
            "pictures": ("data.folder", {"path": "photos"}),
            "split": ("data.split", {"seed": 3}),
            "means": ("train.linear", {"head": "prototypes"}),
            "near": ("train.neighbours", {"neighbours": 3}),
            "compare": "judge.compare",
        },
        "pictures.images>split.images split.split>means.split split.split>near.split means.model>compare.first "
        "near.model>compare.second split.split>compare.split",
    )
    (place / "two.json").write_bytes(write_graph(branches))
    words = ["run", "two.json", "--workspace", str(place / "graphs")]
    for more in (["--save", "means=means.fenlei", "--save", "near=near.fenlei"], ["--script", "two.py"]):
        said = CliRunner().invoke(app, [*words, *more])
        assert said.exit_code == 0, said.output
    ended = subprocess.run(
        [sys.executable, "two.py", "made"],
        env={**os.environ, "FENLEI_WORKSPACE": str(place / "other")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "train.neighbours: done" in ended.stderr
    assert set(digests(ended.stdout)) == {"means", "near"}
    for node in ("means", "near"):
        assert (place / "made" / f"{node}.fenlei").read_bytes() == (place / f"{node}.fenlei").read_bytes()


@pytest.mark.usefixtures("environment")
def test_the_command_lists_templates_writes_one_and_runs_one(place: Path) -> None:
    runner = CliRunner(env={"FENLEI_WORKSPACE": str(place / "graphs"), "COLUMNS": "200"})
    said = runner.invoke(app, ["run", "--templates"])
    assert [name for name in TEMPLATES if name not in said.stdout] == []
    said = runner.invoke(app, ["run", "--template", "imbalanced", "--data", "photos", "-o", "mine.json"])
    assert said.exit_code == 0, said.output
    written = msgspec.json.decode((place / "mine.json").read_bytes(), type=Graph)
    source = Node(id="pictures", type="data.folder", params={"path": "photos"})
    assert written == TEMPLATES["imbalanced"].graph(source, publish=None)
    said = runner.invoke(
        app, ["run", "--template", "quick-classifier", "--data", "photos", "--save", "train=quick.fenlei"]
    )
    assert said.exit_code == 0, said.output
    assert read(place / "quick.fenlei").manifest.labels == ["apple", "pear"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "Name a graph's file, or a template by --template"),
        (["x.json", "--template", "imbalanced"], "Name a graph's file, or a template by --template"),
        (["x.json", "--data", "photos"], "--data and --publish go with --template"),
        (["--template", "imbalanced"], "A template needs pictures"),
        (["--template", "slow", "--data", "photos"], "There is no template 'slow'; there are quick-classifier"),
        (["--template", "imbalanced", "--data", "photos", "-o", "absent/x.json"], "absent/x.json cannot be written"),
    ],
)
@pytest.mark.usefixtures("environment")
def test_what_cannot_be_asked_for_is_said(words: list[str], sentence: str, place: Path) -> None:
    said = CliRunner(env={"FENLEI_WORKSPACE": str(place / "graphs")}).invoke(app, ["run", *words])
    assert said.exit_code == 1
    assert sentence in str(said.exception)
