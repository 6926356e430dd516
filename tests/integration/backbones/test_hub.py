"""Backbones from a hub: a small one on the loopback that serves a tiny random model."""

from __future__ import annotations

import json
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fenlei.backbones import BackboneError, fetch, hub, kept, load_backbone, open_backbone
from tests.support.cli import fenlei
from tests.support.hub import Hub, hub_server

NAME = "hf:small/vit"


@pytest.fixture
def server(tiny_vit: Path, tmp_path: Path) -> Iterator[Hub]:
    """A hub with one good repository, which also holds files that nobody should fetch."""
    folder = tmp_path / "published"
    shutil.copytree(tiny_vit, folder)
    (folder / "pytorch_model.bin").write_bytes(b"a pickle")
    (folder / "modeling_evil.py").write_text("raise SystemExit('code from the hub was run')")
    with hub_server() as hub_:
        hub_.publish("small/vit", folder, license="mit")
        yield hub_


def test_a_repository_becomes_a_backbone_with_its_licence(server: Hub, tiny_vit: Path, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    backbone = open_backbone(NAME, cache=tmp_path, endpoint=server.url, report=lambda *step: told.append(step))
    assert (backbone.id, backbone.licence, backbone.size, backbone.width) == (NAME, "mit", 32, 16)
    assert backbone.digest == open_backbone(str(tiny_vit), cache=tmp_path / "other").digest
    record = json.loads(backbone.network.with_suffix(".json").read_bytes())
    assert record["made_with"]["commit"] == server.commit("small/vit")
    fetched = [(done, total) for what, done, total in told if what == "fetching small/vit"]
    size = sum(
        len(content) for file, content in server.repositories["small/vit"].items() if file.endswith(("json", "s"))
    )
    assert fetched[-1] == (size, size)


def test_only_what_is_needed_is_fetched(server: Hub, tmp_path: Path) -> None:
    open_backbone(NAME, cache=tmp_path, endpoint=server.url)
    files = {asked.rsplit("/", 1)[-1] for asked in server.asked if "/resolve/" in asked}
    assert files == {"config.json", "model.safetensors", "preprocessor_config.json"}


def test_a_second_call_asks_nobody(server: Hub, tmp_path: Path) -> None:
    first = open_backbone(NAME, cache=tmp_path, endpoint=server.url)
    server.asked.clear()
    assert open_backbone(NAME, cache=tmp_path, endpoint=server.url) == first
    assert open_backbone(NAME, cache=tmp_path, allow_network=False) == first
    assert server.asked == []


def test_fetching_again_follows_the_main_branch(server: Hub, tmp_path: Path) -> None:
    first = open_backbone(NAME, cache=tmp_path, endpoint=server.url)
    said = json.loads(server.repositories["small/vit"]["preprocessor_config.json"])
    said["image_mean"] = [0.1, 0.1, 0.1]
    server.repositories["small/vit"]["preprocessor_config.json"] = json.dumps(said).encode()
    assert open_backbone(NAME, cache=tmp_path, endpoint=server.url) == first
    second, smaller = fetch(NAME, cache=tmp_path, endpoint=server.url)
    assert second.digest != first.digest
    assert open_backbone(NAME, cache=tmp_path, endpoint=server.url) == second
    assert open_backbone(NAME, size=smaller.size, cache=tmp_path) == smaller
    assert load_backbone(NAME, size=smaller.size, cache=tmp_path).normalisation.mean == pytest.approx((25.5,) * 3)
    both = {backbone.digest for backbone in kept(tmp_path) if backbone.size == second.size}
    assert both == {first.digest, second.digest}


def test_a_revision_can_be_named(server: Hub, tmp_path: Path) -> None:
    name = f"{NAME}@{server.commit('small/vit')}"
    assert open_backbone(name, cache=tmp_path, endpoint=server.url).id == name
    with pytest.raises(BackboneError, match="no revision `old`"):
        open_backbone(f"{NAME}@old", cache=tmp_path, endpoint=server.url)


def test_the_revision_that_was_asked_for_is_what_is_tuned_whatever_was_fetched_since(
    server: Hub, tmp_path: Path
) -> None:
    old = f"{NAME}@{server.commit('small/vit')}"
    open_backbone(old, cache=tmp_path, endpoint=server.url)
    said = json.loads(server.repositories["small/vit"]["preprocessor_config.json"])
    said["image_mean"] = [0.1, 0.1, 0.1]
    server.repositories["small/vit"]["preprocessor_config.json"] = json.dumps(said).encode()
    open_backbone(NAME, cache=tmp_path, endpoint=server.url)
    first, second = (load_backbone(name, cache=tmp_path).normalisation for name in (old, NAME))
    assert second.mean == pytest.approx((25.5, 25.5, 25.5))  # of grey levels
    assert first != second


def test_what_may_not_be_fetched_is_not_asked_for(server: Hub, tmp_path: Path) -> None:
    with pytest.raises(BackboneError, match="not allowed"):
        open_backbone(NAME, cache=tmp_path, endpoint=server.url, allow_network=False)
    assert server.asked == []


def test_an_absent_repository_is_named(server: Hub, tmp_path: Path) -> None:
    with pytest.raises(BackboneError, match=rf"There is no small/none at {server.url}"):
        open_backbone("hf:small/none", cache=tmp_path, endpoint=server.url)


def test_a_gated_repository_says_what_to_do(server: Hub, tmp_path: Path) -> None:
    server.gated.add("small/vit")
    with pytest.raises(BackboneError, match="gated: accept its terms"):
        open_backbone(NAME, cache=tmp_path, endpoint=server.url)


def test_pickled_weights_are_not_loaded(server: Hub, tmp_path: Path) -> None:
    del server.repositories["small/vit"]["model.safetensors"]
    with pytest.raises(BackboneError, match=r"no model\.safetensors.*pickles"):
        open_backbone(NAME, cache=tmp_path, endpoint=server.url)


@pytest.mark.parametrize("name", ["hf:", "hf:vit", "hf:a/b/c", "hf:small/vit@", "hf:small/v t", "hf:../../x"])
def test_a_name_that_names_no_repository_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BackboneError, match="write hf:org/name"):
        open_backbone(name, cache=tmp_path)


def test_a_hub_that_is_not_there_is_said_within_seconds(tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
    start = time.monotonic()
    with pytest.raises(
        BackboneError, match=rf"small/vit could not be fetched from http://127\.0\.0\.1:{port}.*catalogue"
    ):
        open_backbone(NAME, cache=tmp_path, endpoint=f"http://127.0.0.1:{port}")
    assert time.monotonic() - start < 8
    assert kept(tmp_path) == []


def test_a_hub_that_is_silent_is_said_within_seconds(
    server: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hub.FIRST_ANSWER <= 10
    monkeypatch.setattr(hub, "FIRST_ANSWER", 0.5)
    server.silent = True
    start = time.monotonic()
    with pytest.raises(BackboneError, match="could not be fetched"):
        open_backbone(NAME, cache=tmp_path, endpoint=server.url)
    assert time.monotonic() - start < 8


def test_the_command_line_fetches_from_a_hub_and_shows_licence_and_size(server: Hub, tmp_path: Path) -> None:
    said = fenlei("backbones", "fetch", NAME, workspace=tmp_path, HF_ENDPOINT=server.url)
    assert said.code == 0, said.err
    assert "mit" in said.out
    assert "MB" in said.out
    assert NAME in fenlei("backbones", "list", workspace=tmp_path).out


def test_the_command_line_says_in_one_sentence_that_no_hub_answers(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
    said = fenlei("backbones", "fetch", NAME, workspace=tmp_path, HF_ENDPOINT=address)
    assert said.code == 1
    assert f"could not be fetched from {address}" in said.err
    assert "bug" not in said.err


def test_what_was_fetched_stays_when_the_hub_is_gone(server: Hub, tmp_path: Path) -> None:
    first = fenlei("backbones", "fetch", NAME, workspace=tmp_path, HF_ENDPOINT=server.url)
    again = fenlei("backbones", "fetch", NAME, workspace=tmp_path, HF_ENDPOINT="http://127.0.0.1:9")
    assert (again.code, again.out) == (0, first.out)
    assert "stays as it is" in again.err
