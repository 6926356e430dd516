"""Classifiers from elsewhere, as ONNX files: taken when they make sense, refused with a sentence when they do not."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from fenlei.imaging import prepare
from fenlei.inference import open_engine
from fenlei.modelfile import ModelFile, pack, read, write
from fenlei.projects.foreign.accept import Sample, accept
from fenlei.projects.foreign.declaration import BadDeclaration, declared
from fenlei.projects.foreign.errors import ForeignRefused
from fenlei.projects.trial import try_model_file, try_onnx
from fenlei.serving.errors import ModelNotServable
from tests.support.classifiers import (
    LABELS,
    SIZE,
    colour_network,
    declaration,
    endless_network,
    greedy_network,
    picture,
)
from tests.support.models import tiny_model

SAMPLES = [Sample(picture(colour), colour) for colour in LABELS]


def taken(said: dict[str, Any] | None = None, **network: Any) -> ModelFile:
    return accept(colour_network(**network), declared(declaration(**(said or {}))), "colours", SAMPLES).model


def scores(model: ModelFile, data: bytes) -> list[float]:
    assert model.network is not None
    spec = model.manifest.input
    engine = open_engine(model.network, size=(spec.height, spec.width), streams=1)
    try:
        return [float(score) for score in model.head.scores(engine.infer(prepare(data, spec)[None]))[0]]
    finally:
        engine.close()


def softmax(*logits: float) -> list[float]:
    powers = np.exp(np.array(logits))
    return [float(share) for share in powers / powers.sum()]


TRUE = softmax(20 * 200 / 255, 20 * 30 / 255, 20 * 30 / 255)
"""What the network as it is makes of the red picture."""


@pytest.mark.parametrize(
    ("said", "network"),
    [
        ({}, {}),
        ({}, {"batch": 1}),
        ({}, {"size": "side"}),
        ({}, {"kind": "float16"}),
        ({}, {"rank": 4}),
        ({}, {"opset": 7}),
        ({}, {"opset": 21}),
        ({"layout": "NHWC"}, {"layout": "NHWC"}),
        ({"outputs": "probabilities"}, {"outputs": "probabilities"}),
        ({"output": "output"}, {"extra_outputs": 1}),
        ({"scale": 1}, {"kind": "uint8", "weight": np.eye(3, dtype=np.float32) * 20 / 255}),
        ({"scale": 1, "std": [255, 255, 255]}, {}),
    ],
    ids=str,
)
def test_a_network_that_is_what_it_is_said_to_be_scores_as_it_did(
    said: dict[str, Any], network: dict[str, Any]
) -> None:
    model = taken(said, **network)
    np.testing.assert_allclose(scores(model, SAMPLES[0].data), TRUE, atol=2e-3 if "float16" in str(network) else 1e-5)
    assert model.manifest.labels == LABELS
    assert len(model.parity) == 20
    assert model.manifest.recipe["origin"] == "onnx"


def test_what_is_done_to_a_picture_is_what_the_declaration_says() -> None:
    # The network's own channels are blue, green, red; mean and spread are given in that order.
    said = declaration(channels="BGR", mean=[0.1, 0.2, 0.3], std=[0.5, 1.0, 2.0], labels=["blue", "green", "red"])
    model = accept(colour_network(), declared(said), "colours").model
    level = 20 * np.array([(30 / 255 - 0.1) / 0.5, (30 / 255 - 0.2) / 1.0, (200 / 255 - 0.3) / 2.0])
    np.testing.assert_allclose(scores(model, SAMPLES[0].data), softmax(*level), atol=1e-5)

    boxed = accept(colour_network(), declared(declaration(resize="letterbox", fill=255)), "colours").model
    rows = round(SIZE * 40 / 60)
    mean = 20 * (np.array([200, 30, 30]) * rows + 255 * (SIZE - rows)) / SIZE / 255
    np.testing.assert_allclose(scores(boxed, SAMPLES[0].data), softmax(*mean), atol=1e-4)


def test_the_same_network_and_declaration_give_the_same_model_file() -> None:
    assert pack(taken()) == pack(taken())


@pytest.mark.parametrize(
    ("said", "network", "why"),
    [
        ({}, {"outputs": "probabilities"}, "must be declared as `probabilities`"),
        ({"outputs": "probabilities"}, {}, "do not sum to one"),
        ({"outputs": "probabilities"}, {"outputs": "sigmoid"}, "do not sum to one"),
        ({}, {"kind": "uint8"}, "declare scale 1"),
        ({}, {"batch": 4}, "4 pictures at a time"),
        ({}, {"size": 64}, "64 × 64 pixels, and 32 × 32 are declared"),
        ({"layout": "NHWC"}, {}, "perhaps it is NCHW"),
        ({}, {"channels": 4, "weight": np.ones((4, 3), np.float32)}, "4 channels; three are allowed"),
        ({}, {"rank": 1, "batch": 1}, "one row of scores, (1, 3)"),
        ({"channels": "BGR"}, {}, "calls a sample that is 'red' 'blue'"),
        ({}, {"extra_outputs": 1}, "`output` has to name"),
        ({"output": "x"}, {"extra_outputs": 1}, "not `x`"),
        ({}, {"weight": np.ones((3, 2), np.float32)}, "gives 2 scores"),
        ({}, {"weight": np.full((3, 3), np.nan, np.float32)}, "not numbers"),
        ({}, {"weight": np.zeros((3, 3), np.float32)}, "same answer for every picture"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_network_that_makes_no_sense_is_refused_with_a_sentence(
    said: dict[str, Any], network: dict[str, Any], why: str
) -> None:
    with pytest.raises(ForeignRefused) as refused:
        taken(said, **network)
    assert why in str(refused.value)


def test_weights_in_other_files_are_refused_before_anybody_looks_for_them() -> None:
    model = onnx.load_from_string(colour_network())
    matrix = model.graph.initializer[0]
    onnx.external_data_helper.set_external_data(matrix, "/etc/hostname")
    matrix.ClearField("raw_data")
    with pytest.raises(ForeignRefused, match="lie in other files"):
        accept(model.SerializeToString(), declared(declaration()), "outside")

    inside = onnx.load_from_string(colour_network())
    hidden = numpy_helper.from_array(np.eye(3, dtype=np.float32), "hidden")
    onnx.external_data_helper.set_external_data(hidden, "/etc/hostname")
    branch = helper.make_graph([helper.make_node("Constant", [], ["made"], value=hidden)], "branch", [], [])
    inside.graph.node.append(helper.make_node("If", ["means"], ["never"], then_branch=branch, else_branch=branch))
    with pytest.raises(ForeignRefused, match="lie in other files"):
        accept(inside.SerializeToString(), declared(declaration()), "outside")


def test_operators_that_are_no_part_of_onnx_and_files_that_are_none_are_refused() -> None:
    model = onnx.load_from_string(colour_network())
    model.graph.node[-1].domain = "com.example"
    model.opset_import.append(helper.make_opsetid("com.example", 1))
    with pytest.raises(ForeignRefused, match=r"of `com\.example`, which is no part of ONNX"):
        accept(model.SerializeToString(), declared(declaration()), "custom")
    for nonsense in (b"", b"PK\x03\x04 not a network", bytes(4000)):
        with pytest.raises(ForeignRefused, match="no ONNX file"):
            accept(nonsense, declared(declaration()), "nonsense")


@pytest.mark.parametrize(
    ("changes", "field", "why"),
    [
        ({"size": "large"}, "size", "expected `int`"),
        ({"size": 8}, "size", "from 16 to 2048"),
        ({"labels": ["one"]}, "labels", "2 to 4000"),
        ({"labels": ["a", "a"]}, "labels", "more than once"),
        ({"labels": ["a", " "]}, "labels", "visible characters"),
        ({"mean": [1, 2]}, "mean", "length 3"),
        ({"std": [0, 1, 1]}, "std", "above 0"),
        ({"scale": 0}, "scale", "above 0"),
        ({"outputs": "scores"}, "outputs", "logits, probabilities"),
        ({"colour": "RGB"}, "colour", "unknown field"),
    ],
)
def test_a_declaration_that_cannot_be_names_the_field_and_what_is_allowed(
    changes: dict[str, Any], field: str, why: str
) -> None:
    with pytest.raises(BadDeclaration) as bad:
        declared(declaration(**changes))
    assert bad.value.field == field
    assert why in str(bad.value)
    assert field in str(bad.value)


def test_a_declaration_that_leaves_the_normalisation_out_is_not_guessed_at() -> None:
    said = declaration()
    del said["mean"]
    with pytest.raises(BadDeclaration, match="missing required field `mean`"):
        declared(said)
    with pytest.raises(BadDeclaration, match="no JSON"):
        declared(b"{")


def test_a_network_is_tried_in_a_process_of_its_own(tmp_path: Path) -> None:
    path, target = tmp_path / "colours.onnx", tmp_path / "colours.fenlei"
    path.write_bytes(colour_network())
    cache = tmp_path / "cache"
    answers = try_onnx(path, declared(declaration()), "colours", SAMPLES, target, cache=cache, engine="openvino")
    assert [max(answer, key=answer.__getitem__) for answer in answers] == LABELS
    try_model_file(target, "colours", cache=cache, engine="openvino")
    assert read(target).manifest.labels == LABELS

    path.write_bytes(colour_network(batch=4))
    with pytest.raises(ModelNotServable, match="4 pictures at a time"):
        try_onnx(path, declared(declaration()), "colours", SAMPLES, target, cache=cache, engine="openvino")


def test_a_network_without_end_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "endless.onnx"
    path.write_bytes(endless_network())
    with pytest.raises(ModelNotServable, match="not done after 3 seconds"):
        try_onnx(
            path,
            declared(declaration()),
            "endless",
            [],
            tmp_path / "m.fenlei",
            cache=tmp_path / "cache",
            engine="onnxruntime",
            seconds=3,
        )


@pytest.mark.skipif(sys.platform != "linux", reason="the system limits memory on Linux only")
@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_a_network_that_wants_all_memory_does_not_get_it(tmp_path: Path, engine: str) -> None:
    path, target = tmp_path / "greedy.onnx", tmp_path / "m.fenlei"
    path.write_bytes(greedy_network())
    cache = tmp_path / "cache"
    with pytest.raises(ModelNotServable, match=r"does not run here|needs more memory|brought down the process"):
        try_onnx(path, declared(declaration()), "greedy", [], target, cache=cache, engine=engine)


def test_a_model_file_whose_scores_moved_does_not_pass_its_trial(tmp_path: Path) -> None:
    path = tmp_path / "moved.fenlei"
    write(path, tiny_model(parity_shift=0.01))
    with pytest.raises(ModelNotServable, match=r"moved\.fenlei does not score here as it did"):
        try_model_file(path, "moved.fenlei", cache=tmp_path / "cache", engine="openvino")
