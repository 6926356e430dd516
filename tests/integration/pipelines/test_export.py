"""Export packs a model for machines without Fenlei, from a graph as from the command line."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from fenlei.cli import app
from fenlei.modelfile import write
from fenlei.pipelines.reference import Model
from fenlei.serving.errors import ScoresMoved
from tests.support.drawing import class_folders
from tests.support.models import LABELS, tiny_model
from tests.support.workbench import Workbench

NAME = "finish.export"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    return Workbench(tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="module")
def model(bench: Workbench) -> Model:
    return bench.model(tiny_model())


def test_it_is_the_bundle_that_the_command_line_writes(bench: Workbench, model: Model) -> None:
    report = bench.run(NAME, model, name="birds")
    data = bench.blobs.get(report.digest)
    write(bench.folder / "birds.fenlei", tiny_model())
    wanted = ["export", str(bench.folder / "birds.fenlei"), "-o", str(bench.folder / "birds.zip")]
    done = CliRunner().invoke(app, [*wanted, "--workspace", str(bench.folder / "workspace")])
    assert done.exit_code == 0, done.output
    ours, theirs = (zipfile.ZipFile(io.BytesIO(each)) for each in (data, (bench.folder / "birds.zip").read_bytes()))
    assert ours.namelist() == theirs.namelist()
    for name in ("network.onnx", "labels.json", "run.py", "README.md"):
        assert ours.read(name) == theirs.read(name)
    assert json.loads(ours.read("labels.json")) == list(LABELS)
    assert report.about == "export"
    assert report.headline["bytes"] == len(data)
    assert report.headline["classes"] == len(LABELS)
    assert report.headline["proved_on_pictures"] == len(json.loads(ours.read("parity/scores.json")))
    assert 0 <= report.headline["farthest_score_apart"] <= 1e-3


def test_a_graph_writes_it_to_a_file_and_it_classifies_there(tmp_path: Path) -> None:
    photos = class_folders(tmp_path / "photos", {"a": 8, "b": 8}, size=40)
    (tmp_path / "tiny.onnx").write_bytes(Workbench(tmp_path).backbone.read_bytes())
    params = {
        "data.folder": {"path": str(photos)},
        "data.split": {},
        "train.linear": {"backbone": str(tmp_path / "tiny.onnx")},
        NAME: {},
    }
    ids = {kind: kind.replace(".", "_") for kind in params}
    joined = [
        ("data.folder", "data.split", "images"),
        ("data.split", "train.linear", "split"),
        ("train.linear", NAME, "model"),
    ]
    graph = {
        "format": "fenlei-graph/1",
        "nodes": [{"id": ids[kind], "type": kind, "params": each} for kind, each in params.items()],
        "edges": [{"source": [ids[one], port], "target": [ids[other], port]} for one, other, port in joined],
    }
    (tmp_path / "graph.json").write_text(json.dumps(graph))
    to = tmp_path / "out.zip"
    said = [
        "run",
        str(tmp_path / "graph.json"),
        "--save",
        f"{ids[NAME]}={to}",
        "--workspace",
        str(tmp_path / "workspace"),
    ]
    done = CliRunner().invoke(app, said)
    assert done.exit_code == 0, done.output
    with zipfile.ZipFile(to) as archive:
        archive.extractall(tmp_path / "away")
    # The program that travels along, as it would be imported there.
    from fenlei.serving.export.runner import Classifier

    scores = Classifier(tmp_path / "away").scores((photos / "b" / "0003.png").read_bytes())
    assert ["a", "b"][int(np.argmax(scores))] == "b"


def test_a_model_that_does_not_run_as_it_should_is_not_exported(bench: Workbench) -> None:
    with pytest.raises(ScoresMoved):
        bench.run(NAME, bench.model(tiny_model(parity_shift=0.1)))
