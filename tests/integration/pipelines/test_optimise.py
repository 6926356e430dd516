"""Optimise writes a network in eight bits where that costs little, by pictures that judge nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from fenlei.backbones import open_backbone
from fenlei.backbones.errors import BackboneError
from fenlei.backbones.joined import join
from fenlei.inference import open_engine
from fenlei.modelfile import ModelFile
from fenlei.pipelines.eight_bits import proving
from fenlei.pipelines.errors import PipelineError
from fenlei.pipelines.pictures import content, only, split_of
from fenlei.pipelines.reference import Model, Report, Split
from fenlei.serving.export import export
from fenlei.serving.host import ModelHost
from fenlei.training.errors import TrainingError
from fenlei.training.formula import formula_of
from tests.support.cornered import corner_model
from tests.support.drawing import class_folders, tinted_scenes
from tests.support.models import tiny_model
from tests.support.networks import tiny_network
from tests.support.workbench import Workbench

NAME = "finish.optimise"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    return Workbench(tmp_path_factory.mktemp("bench"), width=256)


@pytest.fixture(scope="module")
def split(bench: Workbench) -> Split:
    return bench.split(class_folders(bench.folder / "photos", {"a": 16, "b": 16, "c": 16}, size=40), test=0.25)


@pytest.fixture(scope="module")
def model(bench: Workbench, split: Split) -> Model:
    made = bench.run("train.linear", split)[0]
    assert isinstance(made, Model)
    return made


@pytest.fixture(scope="module")
def made(bench: Workbench, model: Model, split: Split) -> tuple[Model, Report]:
    small, report = bench.run(NAME, model, split)
    return small, report


def kinds(file: ModelFile) -> set[str]:
    assert file.network is not None
    return {node.op_type for node in onnx.load_from_string(file.network).graph.node}


def test_a_model_in_eight_bits_is_smaller_and_the_report_says_what_that_cost(
    bench: Workbench, model: Model, split: Split, made: tuple[Model, Report]
) -> None:
    small, report = made
    told = bench.told(report)
    assert told["taken"]
    assert (report.about, report.headline["taken"]) == ("optimisation", True)
    assert told["decided_by"] == "training part, by folds"
    assert told["points_lost"] <= told["points_allowed"] == 0.3
    assert told["pictures_for_ranges"] + told["decision"]["pictures"] == split.parts["train"]
    assert told["judged"]["pictures"] == split.parts["test"]
    assert told["judged"]["old"] == model.metrics["accuracy"]
    assert told["judged"]["new"] == small.metrics["accuracy"] > 0.8
    assert told["network_bytes_after"] < 0.5 * told["network_bytes_before"]
    assert (told["model_bytes_before"], told["model_bytes_after"]) == (model.bytes, small.bytes)
    assert {each["engine"] for each in told["milliseconds"]} == {"openvino", "onnxruntime"}
    assert 0 <= told["called_unknown_after"] <= 1
    file = bench.file(small)
    assert "QuantizeLinear" in kinds(file)
    assert file.manifest.allowed == told["scores_may_differ_by"] >= 0.02
    (done,) = file.manifest.recipe["finished"]
    assert (done["by"], done["of"]) == (NAME, model.digest)
    with pytest.raises(TrainingError, match="changed after it was trained"):
        formula_of(file)
    assert bench.run("judge.evaluate", small, split).headline["accuracy"] == small.metrics["accuracy"]


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_both_engines_serve_it_and_it_goes_out_as_one_network(
    bench: Workbench, made: tuple[Model, Report], engine: str, tmp_path: Path
) -> None:
    file = bench.file(made[0])
    assert file.parity
    host = ModelHost(cache=tmp_path, kind=engine, streams=1)
    try:
        host.adopt(file, Path("small"))
    finally:
        host.close()
    assert export(file, "small", cache=tmp_path, engine=engine).proof.farthest <= file.manifest.allowed


def test_a_network_that_eight_bits_break_stays_as_it_is(bench: Workbench, tmp_path: Path) -> None:
    uneven = tmp_path / "uneven.onnx"
    uneven.write_bytes(tiny_network(width=24, uneven=1e5))
    split = bench.split(tinted_scenes(tmp_path / "photos", {"r": 24, "g": 24}, size=40), test=0.25)
    model, _ = bench.run("train.linear", split, backbone=str(uneven))
    same, report = bench.run(NAME, model, split)
    told = bench.told(report)
    assert same == model
    assert not told["taken"]
    assert told["scores_may_differ_by"] is None
    assert told["points_lost"] > 0.3
    assert bench.log[-1] == told["why"]
    assert "The model stays as it is" in told["why"]
    broken, report = bench.run(NAME, model, split, loss=100.0)
    assert bench.told(report)["taken"]
    assert bench.run("judge.evaluate", broken, split).headline["accuracy"] < model.metrics["accuracy"]


def test_the_test_part_neither_sets_ranges_nor_decides(
    bench: Workbench, model: Model, split: Split, made: tuple[Model, Report]
) -> None:
    found = content(bench.context, split)
    held = [each.name for each in found.entries if each.split == "test"]
    fewer = split_of(bench.context, only(found, lambda each: each.name not in held[1:]))
    small, report = bench.run(NAME, model, fewer)
    first, second = (bench.file(each).manifest.backbone.digest for each in (made[0], small))
    assert first == second
    before, after = bench.told(made[1]), bench.told(report)
    assert before["decision"] == after["decision"]
    assert (after["judged"]["pictures"], before["judged"]["pictures"]) == (1, len(held))


def test_backbones_side_by_side_are_rounded_as_one_network(bench: Workbench, split: Split, tmp_path: Path) -> None:
    paths = [bench.backbone, tmp_path / "other.onnx"]
    paths[1].write_bytes(tiny_network(width=8, seed=3))
    parts = [open_backbone(str(each), cache=tmp_path) for each in paths]
    together = tmp_path / "together.onnx"
    together.write_bytes(join(parts, tmp_path).network.read_bytes())
    model, _ = bench.run("train.linear", split, backbone=str(together))
    small, report = bench.run(NAME, model, split)
    assert bench.told(report)["taken"]
    network = onnx.load_from_string(bench.file(small).network or b"")
    convolutions = [node for node in network.graph.node if node.op_type == "Conv"]
    rounded = {name for node in network.graph.node if node.op_type == "DequantizeLinear" for name in node.output}
    assert len(convolutions) == 4
    assert all(node.input[1] in rounded for node in convolutions)


def test_what_cannot_be_rounded_is_told(bench: Workbench, split: Split, made: tuple[Model, Report]) -> None:
    with pytest.raises(BackboneError, match="in eight bits already"):
        bench.run(NAME, made[0], split)
    with pytest.raises(BackboneError, match="no layer that eight bits would make smaller"):
        bench.run(NAME, bench.model(corner_model(bench.folder, ("a", "b", "c", "d"))), split)


def test_too_few_pictures_to_decide_by_are_told(bench: Workbench, model: Model, split: Split) -> None:
    found = content(bench.context, split)
    train = [each.name for each in found.entries if each.split == "train"]
    few = split_of(bench.context, only(found, lambda each: each.name not in train[8:]))
    with pytest.raises(PipelineError, match="at least 10 are needed"):
        bench.run(NAME, model, few)


class Shaky:
    """An engine that sees some pictures of a batch a little otherwise."""

    def __init__(self, of: Any, rows: list[int], by: float) -> None:
        self._of, self._rows, self._by = of, rows, by

    def infer(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        features: NDArray[np.float32] = self._of.infer(pixels)
        features[self._rows] += np.linspace(0, self._by, features.shape[1], dtype=np.float32)
        return features


@pytest.mark.parametrize(("rows", "kept"), [([], 6), ([1, 4], 4), ([0, 1, 2, 3], None)])
def test_pictures_on_which_engines_differ_do_not_travel_and_a_model_of_too_many_is_not_made(
    rows: list[int], kept: int | None
) -> None:
    file = tiny_model(parity=6)
    assert file.network is not None
    engine = open_engine(file.network, size=(32, 32), kind="onnxruntime", streams=1)
    try:
        engines: list[Any] = [engine, Shaky(Shaky(engine, rows, 2.0), [5], 0.001)]
        found = proving(file, engines)
    finally:
        engine.close()
    assert (None if found is None else len(found.pictures)) == kept
    if found is not None:
        assert found.pictures == [each for row, each in enumerate(file.parity) if row not in rows]
        assert found.allowed < 0.1
        assert (found.apart > 0.03) == bool(rows)
