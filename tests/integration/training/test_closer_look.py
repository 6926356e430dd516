"""What a report shows of the test part: neighbours of wrong pictures, mix-ups, heat maps, slices."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from fenlei.modelfile import pack
from fenlei.training.finish import Trained
from fenlei.training.heat import maps_allowed
from fenlei.training.picture_list import FILE, read_list
from fenlei.training.report import CandidateResult
from fenlei.training.train import rebuild, train
from tests.support.drawing import class_folders
from tests.support.networks import tiny_network


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("network") / "tiny.onnx"
    path.write_bytes(tiny_network(size=32, width=48))
    return path


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that these tests share."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of which a sixth lie in the wrong class, and as many are nearly black."""
    root = class_folders(tmp_path_factory.mktemp("set") / "photos", {"cat": 330, "dog": 330}, size=32)
    for number in range(60):
        shutil.move(root / "cat" / f"{number:04d}.png", root / "dog" / f"was_cat_{number:04d}.png")
    for label in ("cat", "dog"):
        for number in range(250, 300):
            file = root / label / f"{number:04d}.png"
            Image.fromarray((np.asarray(Image.open(file)) // 40).astype(np.uint8)).save(file)
    return root


@pytest.fixture(scope="module")
def trained(photos: Path, kept: Path, network: Path) -> Trained:
    return train(photos, cache=kept, backbone=str(network))


def test_a_wrong_picture_stands_beside_those_it_resembles(trained: Trained) -> None:
    listed = {each.name: each for each in read_list(trained.model.report[FILE])}
    assert trained.report.worst
    for place, wrong in enumerate(trained.report.worst):
        assert len(wrong.nearest) == 3
        assert all(listed[each.name].part == "train" for each in wrong.nearest)
        assert all(listed[each.name].label == each.label for each in wrong.nearest)
        cosines = [each.similarity for each in wrong.nearest]
        assert cosines == sorted(cosines, reverse=True)
        assert all((each.thumbnail is not None) == (place < 24) for each in wrong.nearest)
    # Cats under the name of dogs resemble cats, and other cats under that name.
    strays = [each for each in trained.report.worst if "was_cat" in each.name]
    assert strays
    near = [name for each in strays for name in ((n.label, n.name) for n in each.nearest)]
    assert np.mean([label == "cat" or "was_cat" in name for label, name in near]) > 0.9


def test_a_model_that_is_there_while_the_search_goes_on_can_serve_and_the_last_one_has_the_pictures(
    photos: Path, kept: Path, network: Path
) -> None:
    soon: list[Trained] = []
    last = train(
        photos, cache=kept, backbone=str(network), budget=300, better=soon.append, enough=lambda: bool(soon)
    )  # fmt: skip
    first = soon[0]
    assert first.model.manifest.unknown is not None
    assert len(first.model.parity) == len(last.model.parity) > 0
    assert first.evaluation == last.evaluation
    assert [each.name for each in first.report.worst] == [each.name for each in last.report.worst]
    assert not any(each.thumbnail is not None or each.nearest for each in first.report.worst)
    assert not first.report.slices
    assert any(each.thumbnail is not None for each in last.report.worst)
    assert last.report.slices
    assert digest_of(rebuild(first.model, photos, cache=kept)) == digest_of(first)


def digest_of(found: Trained) -> str:
    return hashlib.sha256(pack(found.model)).hexdigest()


def test_every_mix_up_has_its_pictures(trained: Trained) -> None:
    report = trained.report
    confusion = report.evaluation.confusion
    assert (report.confused[0].truth, report.confused[0].called) == ("dog", "cat")
    for pair in report.confused:
        truth, called = report.labels.index(pair.truth), report.labels.index(pair.called)
        assert pair.count == confusion[truth][called]
        assert len(pair.pictures) == min(6, pair.count)
        assert all(picture.name.startswith(f"{pair.truth}/") for picture in pair.pictures)
        assert all(picture.score > picture.truth_score for picture in pair.pictures)
        assert f'href="#pair-{truth}-{called}"' in trained.model.report["index.html"].decode()


def test_the_worst_have_heat_maps_as_far_as_they_cost_little(trained: Trained) -> None:
    allowed = maps_allowed(660, 1)
    assert allowed == 1
    assert [each.heat is not None for each in trained.report.worst[:3]] == [True, False, False]
    assert maps_allowed(45, 1) == 0
    assert maps_allowed(100_000, 2) == 12


def test_who_ends_a_search_does_not_wait_for_heat_maps(photos: Path, kept: Path, network: Path) -> None:
    heard: list[CandidateResult] = []
    ended = train(
        photos,
        cache=kept,
        backbone=str(network),
        budget=600,
        heard=heard.append,
        enough=lambda: bool(heard),
    )
    assert ended.report.worst
    assert all(each.thumbnail is not None and each.heat is None for each in ended.report.worst)
    assert pack(rebuild(ended.model, photos, cache=kept).model) == pack(ended.model)


def test_slices_are_counted_and_what_differs_is_named(trained: Trained) -> None:
    found = trained.report.slices
    assert {each.kind for each in found} >= {"brightness", "sharpness"}
    light = [each for each in found if each.kind == "brightness"]
    assert sum(each.pictures for each in light) == trained.report.test_pictures
    assert sum(each.right for each in light) == sum(row[n] for n, row in enumerate(trained.evaluation.confusion))
    strays = [each for each in found if each.kind == "source"]
    assert strays == []  # only dogs were ever called was_cat: that tells the class once more
    page = trained.model.report["index.html"].decode()
    assert "Where it is weaker" in page
    assert "在哪些图片上较弱" in page


def test_learning_again_looks_at_no_picture_again_and_says_the_same(
    trained: Trained, photos: Path, kept: Path, network: Path
) -> None:
    size = {file.name: file.stat().st_size for file in (kept / "embeddings").iterdir()}
    assert len(size) >= 3
    again = train(photos, cache=kept, backbone=str(network))
    assert again.computed == 0
    assert pack(again.model) == pack(trained.model)
    # Maps come from what was kept of the covered pictures, and not from the network.
    assert {file.name: file.stat().st_size for file in (kept / "embeddings").iterdir()} == size


def test_no_picture_travels_where_none_may(photos: Path, kept: Path, network: Path, trained: Trained) -> None:
    closed = train(photos, cache=kept, backbone=str(network), synthetic_parity=True)
    page = closed.model.report["index.html"].decode()
    assert "data:image" not in page
    text = msgspec.json.encode(closed.report)
    assert all(each.heat is None and each.thumbnail is None for each in closed.report.worst)
    assert b'"thumbnail":0' not in text
    assert [each.name for each in closed.report.worst] == [each.name for each in trained.report.worst]
    assert [[n.name for n in each.nearest] for each in closed.report.worst] == [
        [n.name for n in each.nearest] for each in trained.report.worst
    ]


def test_a_new_class_costs_its_own_pictures_alone(tmp_path: Path, network: Path, workspace: Path) -> None:
    def learn() -> Trained:
        return train(root, cache=workspace / "cache", backbone=str(network))

    root = class_folders(tmp_path / "photos", {"cat": 20, "dog": 20})
    assert learn().computed == 40
    class_folders(root, {"a": 0, "b": 0, "cow": 11})  # a class that is drawn unlike the others
    for empty in ("a", "b"):
        (root / empty).rmdir()
    more = learn()
    assert more.computed == 11
    assert more.report.labels == ["cat", "cow", "dog"]
