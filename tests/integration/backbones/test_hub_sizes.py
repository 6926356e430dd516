"""What is fetched from a hub is here at a second input size too, where its architecture takes one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fenlei.backbones import Backbone, fetch, fetched, kept, load_backbone, open_backbone
from fenlei.backbones.another_size import another_size
from fenlei.backbones.hub import HubSource
from fenlei.imaging import Policy
from fenlei.training import search
from fenlei.training.plan import make_plan
from fenlei.training.train import train
from fenlei.training.view import one
from tests.support.cli import fenlei
from tests.support.drawing import class_folders, pixels
from tests.support.foreign import normalised
from tests.support.hub import Hub, hub_server

Run = Callable[[Backbone, NDArray[np.uint8]], NDArray[np.float32]]

GREY = {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.3, 0.4]}


def published(folder: Path, model: Any, size: int) -> Path:
    """A folder as a publisher has it."""
    model.save_pretrained(folder)
    said = {**GREY, "do_normalize": True, "do_rescale": True, "size": {"height": size, "width": size}}
    (folder / "preprocessor_config.json").write_text(json.dumps(said))
    return folder


@pytest.fixture(scope="module")
def server(transformers: Any, tiny_vit: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub with a transformer whose positions can be stretched, a network of convolutions, and one that takes its own
    size only."""
    import torch

    place = tmp_path_factory.mktemp("networks")
    torch.manual_seed(2)
    convnext = transformers.ConvNextConfig(hidden_sizes=[4, 8, 8, 12], depths=[1, 1, 1, 1], image_size=64)
    levit = transformers.LevitConfig(
        image_size=64,
        hidden_sizes=[16, 16, 16],
        num_attention_heads=[2, 2, 2],
        depths=[1, 1, 1],
        key_dim=[4, 4, 4],
        down_ops=[["Subsample", 4, 4, 4, 2, 2], ["Subsample", 4, 4, 4, 2, 2]],
    )
    with hub_server() as hub:
        hub.publish("small/vit", tiny_vit, license="mit")
        hub.publish("small/conv", published(place / "conv", transformers.ConvNextModel(convnext), 64), license="mit")
        hub.publish("small/fixed", published(place / "fixed", transformers.LevitModel(levit), 64), license="mit")
        yield hub


@pytest.mark.parametrize(
    ("own", "step", "other"),
    [(224, 32, 160), (256, 32, 192), (384, 16, 272), (224, 14, 154), (518, 14, 364), (32, 8, 24), (64, 32, 32)],
)
def test_the_other_size_is_about_half_the_work_in_whole_patches(own: int, step: int, other: int) -> None:
    assert another_size(own, step) == other


def test_the_smallest_input_has_the_next_larger_one_beside_it_and_the_largest_none() -> None:
    assert another_size(32, 32) == 64
    assert another_size(2048, 2048) is None


@pytest.mark.parametrize(("name", "own", "other"), [("vit", 32, 24), ("conv", 64, 32)])
def test_it_is_fetched_once_and_gives_the_originals_features_at_both_sizes(
    server: Hub, transformers: Any, features: Run, tmp_path: Path, name: str, own: int, other: int
) -> None:
    import torch

    server.asked.clear()
    both = fetch(f"hf:small/{name}", cache=tmp_path, endpoint=server.url)
    assert [(each.size, each.licence) for each in both] == [(own, "mit"), (other, "mit")]
    assert len([asked for asked in server.asked if "/api/models/" in asked and "/tree/" not in asked]) <= 2
    weights = [
        asked
        for asked in server.asked
        if asked == f"GET /small/{name}/resolve/{server.commit(f'small/{name}')}/model.safetensors"
    ]
    assert len(weights) == 1

    server.asked.clear()
    for each in both:
        assert open_backbone(each.id, size=each.size, cache=tmp_path, allow_network=False) == each
        seen = np.stack([pixels(each.size, each.size, seed=seed) for seed in range(2)])
        mean, std = (np.array(GREY[key], np.float32) for key in ("image_mean", "image_std"))
        planes = torch.from_numpy(normalised(seen, mean, std))
        [snapshot] = (tmp_path / "hub" / f"models--small--{name}" / "snapshots").iterdir()
        model = transformers.AutoModel.from_pretrained(snapshot).eval()
        stretched = {"interpolate_pos_encoding": True} if name == "vit" else {}
        with torch.inference_mode():
            expected = model(pixel_values=planes, **stretched).pooler_output.numpy()
            # What is trained further is the same network.
            loaded = load_backbone(each.id, size=each.size, cache=tmp_path)
            assert loaded.size == each.size
            np.testing.assert_allclose(loaded.module(planes).numpy(), expected, atol=1e-5)
        np.testing.assert_allclose(features(each, seen), expected, atol=1e-4)
    assert server.asked == []


def test_what_takes_its_own_size_only_is_tried_at_that_and_a_line_says_why(server: Hub, workspace: Path) -> None:
    cache = workspace / "cache"
    said = fenlei("backbones", "fetch", "hf:small/fixed", workspace=workspace, HF_ENDPOINT=server.url)
    assert said.code == 0, said.err
    assert "hf:small/fixed at 64 px" in said.out
    assert "at 64 pixels only: small/fixed does not run on pictures of 48 by 48 pixels" in " ".join(said.err.split())
    assert [each.size for each in kept(cache) if each.id == "hf:small/fixed"] == [64]
    for backbone in (None, "hf:small/fixed"):
        plan = make_plan("fast", 60, cache=cache, backbone=backbone)
        assert {view.size for view in plan.views if view.name == "fixed"} <= {64, None}
        [why] = [why for view, why in plan.left_out if view == one("hf:small/fixed", 48, Policy.SQUASH)]
        assert "does not run on pictures of 48 by 48 pixels" in why


def test_sizes_that_are_asked_for_are_fetched_and_no_other(server: Hub, tmp_path: Path) -> None:
    said = fenlei(
        *("backbones", "fetch", "hf:small/vit", "--size", "40", "--size", "48"),
        workspace=tmp_path,
        HF_ENDPOINT=server.url,
    )
    assert said.code == 0, said.err
    assert fetched(tmp_path / "cache")["hf:small/vit"].all == (40, 48)


def test_what_was_fetched_at_both_sizes_stays_when_the_hub_is_gone(server: Hub, tmp_path: Path) -> None:
    first = fenlei("backbones", "fetch", "hf:small/vit", workspace=tmp_path, HF_ENDPOINT=server.url)
    assert ["at 32 px" in first.out, "at 24 px" in first.out] == [True, True]
    again = fenlei("backbones", "fetch", "hf:small/vit", workspace=tmp_path, HF_ENDPOINT="http://127.0.0.1:9")
    assert (again.code, again.out) == (0, first.out)


def test_its_own_size_stays_its_own_when_it_is_asked_for_by_number(server: Hub, tmp_path: Path) -> None:
    own, other = fetch("hf:small/vit", cache=tmp_path, endpoint=server.url)
    assert fetch("hf:small/vit", size=32, cache=tmp_path, endpoint=server.url) == [own]
    assert open_backbone("hf:small/vit", cache=tmp_path, allow_network=False) == own
    sizes = fetched(tmp_path)["hf:small/vit"]
    assert (sizes.own, sizes.others) == (32, (other.size,))


def test_a_search_that_fetches_its_network_tries_it_at_both_sizes(
    server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Near(HubSource):
        def __init__(self, name: str, cache: Path, endpoint: str | None) -> None:
            super().__init__(name, cache, endpoint or server.url)

    monkeypatch.setattr("fenlei.backbones.open.HubSource", Near)
    monkeypatch.setattr(search, "IN_VAIN", 0)  # nothing is proposed: it ends with what was planned
    sizes: set[int] = set()

    def tell(line: Any) -> None:
        if line.score is not None:
            sizes.add(line.size)

    train(
        class_folders(tmp_path / "photos", {"a": 20, "b": 20}, 40),
        cache=tmp_path / "cache",
        budget=600,
        backbone="hf:small/vit",
        fine_tune=False,
        enough=lambda: sizes == {32, 24},
        heard=tell,
    )
    assert sizes == {32, 24}
