"""The host: models share engines, prove themselves, and are refused with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from fenlei.backbones.shelf import Shelf
from fenlei.backbones.source import Network
from fenlei.imaging.prepare import prepare
from fenlei.inference import EngineError
from fenlei.modelfile import DamagedModelFile, NotAModelFile, write
from fenlei.serving.errors import BackboneMissing, ModelNotServable, ScoresMoved
from fenlei.serving.host import ModelHost
from tests.support.drawing import jpeg
from tests.support.engines import GatedOpener
from tests.support.models import LABELS, SIZE, WIDTH, tiny_model, write_tiny
from tests.support.networks import tiny_network

OPTIONS: dict[str, Any] = {"kind": "onnxruntime", "streams": 2}


@pytest.fixture
def opener() -> GatedOpener:
    return GatedOpener()


@pytest.fixture
def host(tmp_path: Path, opener: GatedOpener) -> Iterator[ModelHost]:
    host = ModelHost(cache=tmp_path / "cache", opener=opener, **OPTIONS)
    yield host
    host.close()


def test_a_loaded_model_scores_pictures_as_its_parts_do(host: ModelHost, opener: GatedOpener, tmp_path: Path) -> None:
    loaded = host.load(write_tiny(tmp_path / "m.fenlei"))
    scores = loaded.predictor.predict(jpeg(200, 100, seed=9))
    model = tiny_model()
    features = opener.engines[0].infer(prepare(jpeg(200, 100, seed=9), model.manifest.input)[None])
    np.testing.assert_allclose(scores, model.head.scores(features)[0], atol=1e-6)
    assert loaded.predictor.labels == LABELS
    assert scores.sum() == pytest.approx(1)


def test_models_on_one_backbone_share_one_engine_until_the_last_is_released(
    host: ModelHost, opener: GatedOpener, tmp_path: Path
) -> None:
    paths = [write_tiny(tmp_path / f"{seed}.fenlei", head_seed=seed) for seed in range(4)]
    loaded = host.load_all(paths)
    assert [model.path for model in loaded] == paths
    assert len(opener.engines) == host.engines == 1
    for model in loaded[:3]:
        host.release(model)
    assert [engine.closed for engine in opener.engines] == [False]
    host.release(loaded[3])
    assert [engine.closed for engine in opener.engines] == [True]
    assert host.engines == 0


def test_models_on_different_backbones_have_their_own_engines(host: ModelHost, tmp_path: Path) -> None:
    host.load_all([write_tiny(tmp_path / f"{seed}.fenlei", network_seed=seed) for seed in range(2)])
    assert host.engines == 2


def test_a_model_has_run_before_it_is_handed_out_even_without_parity_pictures(
    host: ModelHost, opener: GatedOpener, tmp_path: Path
) -> None:
    host.load(write_tiny(tmp_path / "m.fenlei", parity=0))
    assert opener.engines[0].calls == 1


def test_a_model_whose_scores_moved_is_refused_and_its_engine_closed(
    host: ModelHost, opener: GatedOpener, tmp_path: Path
) -> None:
    host.load(write_tiny(tmp_path / "near.fenlei", parity_shift=0.0009, network_seed=1))
    with pytest.raises(ScoresMoved, match=r"far\.fenlei.*moved by 0\.0012.*0\.001 is allowed"):
        host.load(write_tiny(tmp_path / "far.fenlei", parity_shift=0.0012))
    assert [engine.closed for engine in opener.engines] == [False, True]


def test_a_model_in_eight_bits_may_say_how_far_engines_are_apart_on_it(host: ModelHost, tmp_path: Path) -> None:
    made = tiny_model(parity_shift=0.03)
    write(tmp_path / "m.fenlei", replace(made, manifest=msgspec.structs.replace(made.manifest, tolerance=0.05)))
    host.load(tmp_path / "m.fenlei")
    write(tmp_path / "m.fenlei", replace(made, manifest=msgspec.structs.replace(made.manifest, tolerance=0.02)))
    with pytest.raises(ScoresMoved, match=r"moved by 0\.03.*0\.02 is allowed"):
        host.load(tmp_path / "m.fenlei")


def test_a_model_trained_on_pixels_made_another_way_is_refused_before_it_answers(
    host: ModelHost, tmp_path: Path
) -> None:
    with pytest.raises(ModelNotServable, match=r"old\.fenlei.*older/1"):
        host.load(write_tiny(tmp_path / "old.fenlei", method="older/1", parity=0))
    assert host.engines == 0


def test_a_model_file_that_was_changed_is_refused(host: ModelHost, tmp_path: Path) -> None:
    path = write_tiny(tmp_path / "m.fenlei")
    data = bytearray(path.read_bytes())
    place = data.index(b"features") + 2
    data[place] ^= 1
    path.write_bytes(data)
    with pytest.raises(DamagedModelFile):
        host.load(path)
    assert host.engines == 0


def test_when_one_of_several_cannot_be_loaded_none_stays(host: ModelHost, opener: GatedOpener, tmp_path: Path) -> None:
    with pytest.raises(NotAModelFile, match=r"absent\.fenlei"):
        host.load_all([write_tiny(tmp_path / "m.fenlei"), tmp_path / "absent.fenlei"])
    assert host.engines == 0
    assert all(engine.closed for engine in opener.engines)


def test_a_referenced_backbone_is_found_in_the_cache_by_its_digest(host: ModelHost, tmp_path: Path) -> None:
    path = write_tiny(tmp_path / "m.fenlei", embedded=False)
    shelf = Shelf(tmp_path / "cache")
    with pytest.raises(BackboneMissing, match="backbones fetch tiny"):
        host.load(path)
    shelf.put("tiny", "another", network_of(5), {}, default=True)
    with pytest.raises(BackboneMissing):
        host.load(path)
    shelf.put("whatever-it-is-called", "the one", network_of(0), {}, default=True)
    assert host.load(path).predictor.labels == LABELS


def network_of(seed: int) -> Network:
    content = tiny_network(SIZE, seed=seed)
    return Network(content=content, size=SIZE, width=WIDTH, licence="Apache-2.0", made_with={})


def test_an_engine_that_does_not_open_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    def broken(*args: Any, **options: Any) -> Any:
        raise EngineError("no such engine")

    host = ModelHost(cache=tmp_path, opener=broken, **OPTIONS)
    with pytest.raises(EngineError, match="no such engine"):
        host.load(write_tiny(tmp_path / "m.fenlei"))
    assert host.engines == 0


def test_compiled_networks_are_kept_in_the_cache(host: ModelHost, opener: GatedOpener, tmp_path: Path) -> None:
    host.load(write_tiny(tmp_path / "m.fenlei"))
    assert opener.caches == [tmp_path / "cache" / "compiled"]
