"""Graphs as plain code: calls of `fenlei.Bench` do what nodes do, with the same memory and the same words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import fenlei
from fenlei.model.graphs import Workbench
from fenlei.pipelines.graph import read_graph
from fenlei.pipelines.node_run import NodeState
from fenlei.pipelines.reference import Report
from fenlei.settings import Settings
from tests.support.drawing import class_folders
from tests.support.networks import tiny_network
from tests.support.workbench import OutOfReach


class Trial(NamedTuple):
    """A bench with a model on it, and all it has told."""

    place: Path
    bench: fenlei.Bench
    told: list[str]
    split: Any
    made: Any


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    place = tmp_path_factory.mktemp("bench")
    class_folders(place / "photos", {"apple": 10, "pear": 10}, size=32)
    network = place / "tiny.onnx"
    network.write_bytes(tiny_network())
    told: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FENLEI_BACKBONE", str(network))
        patch.setenv("FENLEI_ENGINE", "onnxruntime")
        patch.setenv("FENLEI_WORKSPACE", str(place / "nobody"))
        with fenlei.Bench(place / "workspace", tell=told.append) as bench:
            split = bench.data.split(bench.data.folder(path=place / "photos"), test=0.3)
            yield Trial(place, bench, told, split, bench.train.linear(split, head="prototypes"))


def test_what_a_call_gave_is_saved_and_read(trial: Trial) -> None:
    report = trial.bench.judge.evaluate(trial.made.model, split=trial.split)
    assert trial.bench.read(report)["accuracy"] == report.headline["accuracy"]
    path = trial.place / "new folder" / "fruit.fenlei"
    assert trial.bench.save(trial.made.model, path) == trial.made.model.digest
    with fenlei.load(path) as model:
        assert model.labels == ["apple", "pear"]


def test_calls_and_graphs_find_what_the_other_has_worked_out(trial: Trial) -> None:
    assert trial.bench.train.linear(trial.split, head="prototypes") == trial.made
    assert trial.told[-1] == "train.linear: there already"
    graph = {
        "nodes": [
            {"id": "pictures", "type": "data.folder", "params": {"path": str(trial.place / "photos")}},
            {"id": "split", "type": "data.split", "params": {"test": 0.3}},
            {"id": "fit", "type": "train.linear", "params": {"head": "prototypes"}},
            {"id": "other", "type": "train.linear", "params": {"head": "prototypes", "seed": 5}},
        ],
        "edges": [
            {"source": ["pictures", "images"], "target": ["split", "images"]},
            {"source": ["split", "split"], "target": ["fit", "split"]},
            {"source": ["split", "split"], "target": ["other", "split"]},
        ],
    }
    bench = Workbench(Settings.at(trial.place / "workspace"))
    runs = bench.run(read_graph(json.dumps(graph)), reach=OutOfReach())
    assert [runs[each].state for each in ("pictures", "split", "fit")] == [NodeState.CACHED] * 3
    assert runs["other"].state is NodeState.DONE
    assert (
        trial.bench.node("train.linear")(trial.split, head="prototypes", seed=5).model == runs["other"].outputs["model"]
    )
    assert trial.told[-1] == "train.linear: there already"


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda b, t: b.judge.evaluate(t.split, t.split), "The input `model` of Evaluate takes `model`, and Split"),
        (lambda b, t: b.judge.evaluate(t.made.model), "The input `split` of Evaluate is joined to nothing."),
        (
            lambda b, t: b.judge.evaluate(t.made, t.split),
            "several outputs of a node; name one of them: `.model`, `.",
        ),
        (lambda b, t: b.judge.evaluate("it", t.split), "value of the type `str`; it takes what a node gave."),
        (lambda b, t: b.judge.evaluate(t.made.model, t.split, 3), "3 inputs; its inputs are: `model`, `split`."),
        (lambda b, t: b.judge.evaluate(t.made.model, model=t.made.model), "`model` of Evaluate was given twice."),
        (lambda b, t: b.train.linear(t.split, head="bald"), 'it says "bald". Allowed: logistic, svm'),
        (lambda b, t: b.train.linear(t.split, heat=1), "`heat` cannot be so: there is no such parameter."),
        (
            lambda b, t: b.train.linear(t.split, seed=object()),
            "A parameter of Linear head is nothing that JSON",
        ),
        (lambda b, t: b.data.folder(path="absent"), "absent is not on this machine."),
        (lambda b, t: b.train.bald(t.split), "no node type 'train.bald' here; there are train.auto"),
        (lambda b, t: b.train(t.split), "no node type 'train' here; there are train.auto"),
        (lambda b, t: b.acme, "no node type 'acme' here; there are data, features"),
        (lambda b, t: b.node("acme.dim"), "no node type 'acme.dim' here"),
        (lambda b, t: b.finish.calibrate(t.made.model, t.split), "Calibrate: There is no validation part"),
        (lambda b, t: b.finish.publish(t.made.model, name="a", open_to_all=True), "Publish: Nobody is signed in at"),
        (lambda b, t: b.save(t.split, "x"), "A model or a report can be saved, and `split` is neither."),
        (lambda b, t: b.read(t.made.model), "A report can be read, and `model` is none."),
        (lambda b, t: b.read(Report(digest="0" * 64, about="export")), "An export is a zip"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(
    trial: Trial, call: Callable[[fenlei.Bench, Trial], object], sentence: str
) -> None:
    with pytest.raises(fenlei.FenleiError) as told:
        call(trial.bench, trial)
    assert sentence in str(told.value)


def test_what_there_is_can_be_looked_for(trial: Trial) -> None:
    assert {"data", "train", "save", "node"} <= set(dir(trial.bench))
    assert "linear" in dir(trial.bench.train)
    assert "[default: 'logistic']" in str(trial.bench.train.linear.__doc__)
    assert not hasattr(trial.bench, "acme")


def test_lines_go_to_stderr_where_nobody_else_is_told(trial: Trial, capsys: pytest.CaptureFixture[str]) -> None:
    with fenlei.Bench(trial.place / "workspace") as bench:
        bench.data.folder(path=str(trial.place / "photos"))
    assert capsys.readouterr() == ("", "data.folder: there already\n")
