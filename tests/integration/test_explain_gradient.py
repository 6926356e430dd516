"""Gradient maps: on networks of which one knows what they see, and on every build of network and head."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

import fenlei
from fenlei.backbones import Backbone, open_backbone
from fenlei.backbones.joined import join
from fenlei.contract.errors import FenleiError
from fenlei.imaging import InputSpec
from fenlei.inference import open_engine
from fenlei.model.loaded import Method
from fenlei.modelfile import BackboneRef, Head, Manifest, ModelFile, write
from fenlei.serving.explain import NoMap
from fenlei.training.gradient import GradientMap
from tests.support.heads import heads
from tests.support.models import LABELS, SIZE, WIDTH, random_head, write_corners, write_tiny
from tests.support.networks import tiny_network
from tests.support.tunable import tiny_resnet

PATCH = 8


def noise(seed: int, side: int = SIZE) -> NDArray[np.uint8]:
    """A picture of nothing."""
    return np.random.default_rng(seed).integers(90, 160, (side, side, 3)).astype(np.uint8)


def with_patch(seed: int, row: int, column: int) -> NDArray[np.uint8]:
    """The same with a red patch."""
    picture = noise(seed)
    picture[row : row + PATCH, column : column + PATCH] = (230, 30, 30)
    return picture


def wrapped(network: bytes, width: int, head: Head, labels: list[str], path: Path, side: int = SIZE) -> Path:
    """A model file of a network and a head."""
    backbone = BackboneRef(
        id="tiny", digest=hashlib.sha256(network).hexdigest(), licence="Apache-2.0", size=side, width=width
    )
    manifest = Manifest(labels=labels, input=InputSpec(height=side, width=side), backbone=backbone)
    write(path, ModelFile(manifest, head, network))
    return path


def adds_up(model: fenlei.Model, picture: NDArray[np.uint8]) -> None:
    """What the places of a map add is what tells the picture from a plain area of its mean colour."""
    plain = np.broadcast_to(picture.mean(axis=(0, 1)).round(), picture.shape).astype(np.uint8)
    label = model.labels[0]

    def odds(shown: NDArray[np.uint8]) -> float:
        score = model.predict(shown).scores[label]
        return float(np.log(score) - np.log1p(-score))

    wanted = odds(picture) - odds(plain)
    assert abs(wanted) > 0.01, "choose another picture: this one tells nothing"
    found = float(model.explain(picture, label, method="gradient").mean()) * 64
    assert found == pytest.approx(wanted, rel=0.1, abs=0.1)


@pytest.fixture(scope="module")
def patches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that has learned to tell pictures with a red patch, wherever it lies, from pictures without."""
    network = tiny_network(SIZE, WIDTH, seed=2)
    rng = np.random.default_rng(4)
    places = rng.integers(0, SIZE - PATCH, (60, 2))
    shown = [noise(seed) for seed in range(60)] + [with_patch(60 + n, *place) for n, place in enumerate(places)]
    engine = open_engine(network, size=(SIZE, SIZE), kind="onnxruntime", streams=1)
    features = engine.infer(np.stack(shown)).astype(np.float64)
    engine.close()
    said = np.repeat([-3.0, 3.0], 60)
    rows = np.column_stack([features, np.ones(120)])
    solved = np.linalg.solve(rows.T @ rows + 1e-3 * np.eye(WIDTH + 1), rows.T @ said)
    weight = np.zeros((WIDTH, 2), np.float32)
    weight[:, 1] = solved[:-1]
    head = Head.linear(weight, np.array([0, solved[-1]], np.float32))
    path = tmp_path_factory.mktemp("patches") / "patches.fenlei"
    return wrapped(network, WIDTH, head, ["plain", "red"], path)


@pytest.mark.parametrize(("row", "column"), [(2, 3), (4, 20), (20, 5), (22, 22)])
def test_the_hottest_place_is_the_patch_that_decides(patches: Path, workspace: Path, row: int, column: int) -> None:
    picture = with_patch(999, row, column)
    with fenlei.load(patches, workspace=workspace) as model:
        assert model.predict(picture).label == "red"
        heat = model.explain(picture, method="gradient")
        against = model.explain(picture, "plain", method="gradient")
    hottest = np.unravel_index(int(heat.argmax()), heat.shape)
    assert row - 1 <= hottest[0] <= row + PATCH, hottest
    assert column - 1 <= hottest[1] <= column + PATCH, hottest
    inside = np.zeros(heat.shape, bool)
    inside[row : row + PATCH, column : column + PATCH] = True
    assert heat[inside].mean() > 4 * np.abs(heat[~inside]).mean()
    np.testing.assert_allclose(
        against, -heat, atol=1e-4
    )  # of two classes, what speaks for one speaks against the other


def test_maps_lie_on_the_picture_and_are_the_same_each_time(workspace: Path, tmp_path: Path) -> None:
    picture = np.full((80, 120, 3), 30, np.uint8)
    picture[:40, :60] = 240
    with fenlei.load(write_corners(tmp_path / "corners.fenlei"), workspace=workspace) as model:
        found = model.explanation(picture, method="gradient")
        np.testing.assert_array_equal(found.heat, model.explain(picture, method="gradient"))
    assert found.label == "top_left"
    assert found.heat.shape == (80, 120)
    # That the other corners are darker than the mean speaks for this one too, but less.
    assert found.heat[:36, :54].min() > 2 * found.heat[44:, 64:].max()


@pytest.mark.parametrize("kind", [each for each in heads(WIDTH, len(LABELS)) if "neighbours" not in each])
def test_behind_every_head_the_places_add_up_to_the_answer(kind: str, workspace: Path, tmp_path: Path) -> None:
    path = write_tiny(tmp_path / "tiny.fenlei", head=heads(WIDTH, len(LABELS))[kind], parity=0)
    with fenlei.load(path, workspace=workspace) as model:
        adds_up(model, with_patch(1, 3, 14))


def test_what_nearest_neighbours_rest_on_derivatives_do_not_say_and_covered_places_do(
    workspace: Path, tmp_path: Path
) -> None:
    path = write_tiny(tmp_path / "tiny.fenlei", head=heads(WIDTH, len(LABELS))["neighbours"], parity=0)
    with fenlei.load(path, workspace=workspace) as model:
        with pytest.raises(NoMap, match="neighbours answer by steps.*`occlusion` needs answers alone"):
            model.explain(with_patch(1, 3, 14), method="gradient")
        assert np.abs(model.explain(with_patch(1, 3, 14))).max() > 0


def test_joined_and_referenced_networks_have_maps_too(workspace: Path, tmp_path: Path) -> None:
    parts = []
    for number, width in enumerate((10, 6)):
        (tmp_path / f"part{number}.onnx").write_bytes(tiny_network(SIZE, width, seed=number))
        parts.append(open_backbone(str(tmp_path / f"part{number}.onnx"), cache=workspace / "cache"))
    both: Backbone = join(parts, workspace / "cache")
    path = wrapped(both.network.read_bytes(), 16, random_head(3, 16), list(LABELS), tmp_path / "both.fenlei")
    with fenlei.load(path, workspace=workspace) as model:
        adds_up(model, with_patch(1, 3, 14))
        shown = model.explain(with_patch(1, 3, 14), method="gradient")
    backbone = BackboneRef(id="both", digest=both.digest, licence="", size=SIZE, width=16, embedded=False)
    manifest = Manifest(labels=list(LABELS), input=InputSpec(height=SIZE, width=SIZE), backbone=backbone)
    write(tmp_path / "referenced.fenlei", ModelFile(manifest, random_head(3, 16), None))
    with fenlei.load(tmp_path / "referenced.fenlei", workspace=workspace) as model:
        np.testing.assert_allclose(model.explain(with_patch(1, 3, 14), method="gradient"), shown, atol=1e-5)


def test_networks_of_torch_have_maps_too(workspace: Path, tmp_path: Path) -> None:
    backbone = open_backbone(str(tiny_resnet(tmp_path / "resnet")), cache=workspace / "cache")
    head = random_head(3, backbone.width)
    path = wrapped(backbone.network.read_bytes(), backbone.width, head, list(LABELS), tmp_path / "net.fenlei")
    with fenlei.load(path, workspace=workspace) as model:
        adds_up(model, with_patch(1, 3, 14))


def one_step(kind: str, **attributes: Any) -> bytes:
    """A network with a step between pixels and features that has no derivative."""
    nodes = [
        helper.make_node("Cast", ["pixels"], ["float"], to=TensorProto.FLOAT),
        helper.make_node(kind, ["float"], ["stepped"], **attributes),
        helper.make_node("Cast", ["stepped"], ["again"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["again"], ["features"], axes=[1, 2], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "stepped",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", SIZE, SIZE, 3])],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 3])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (one_step("Round"), "tiny has operators whose derivatives are not known here: Round"),
        (one_step("Cast", to=TensorProto.INT32), "is a step without derivative"),
    ],
    ids=["unknown operator", "no derivative"],
)
def test_what_has_no_gradient_is_refused_in_words_that_name_what_works(
    network: bytes, words: str, workspace: Path, tmp_path: Path
) -> None:
    path = wrapped(network, 3, random_head(3, 3), list(LABELS), tmp_path / "stepped.fenlei")
    with fenlei.load(path, workspace=workspace) as model:
        with pytest.raises(NoMap, match=f"^No gradient map: .*{words}.*`occlusion`"):
            model.explain(noise(0), method="gradient")
        assert model.explain(noise(0)).shape == (SIZE, SIZE)
        with pytest.raises(FenleiError, match="no method `rise`; choose one of occlusion, gradient"):
            model.explain(noise(0), method=cast("Method", "rise"))


def test_no_map_is_shown_of_a_network_that_torch_sees_otherwise_than_the_engine() -> None:
    engine = open_engine(tiny_network(SIZE, WIDTH, seed=1), size=(SIZE, SIZE), kind="onnxruntime", streams=1)
    try:
        draw = GradientMap(tiny_network(SIZE, WIDTH, seed=0), random_head(3), engine, "tiny")
        with pytest.raises(NoMap, match="apart between torch and onnxruntime"):
            draw(noise(0), 0)
    finally:
        engine.close()
