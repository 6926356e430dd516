"""A tuned network that is made again where numbers are rounded otherwise is right as often, but for noise."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from fenlei.cli.rebuild import rebuild as make_again
from fenlei.model.rebuild import compare_files
from fenlei.modelfile import write
from fenlei.training.errors import TrainingError
from fenlei.training.finetune.tuner import Needs, Tuner
from fenlei.training.finish import Trained
from fenlei.training.train import rebuild, train
from tests.support.hurried import hurry
from tests.support.tunable import tiny_resnet
from tests.support.tuning import SETTINGS


@pytest.fixture(scope="module")
def tuned(leaning: Path, network: Path, cache: Path) -> Trained:
    with pytest.MonkeyPatch.context() as patch:
        hurry(patch.setattr, replace(SETTINGS, epochs=8))
        # It is learned once, and ships as it was judged.
        patch.setattr(Tuner, "needs", lambda tuner, candidate: Needs(judging=1.0, anew=1e6))
        return train(leaning, cache=cache, goal="accurate", budget=900, backbone=str(network))


def test_by_another_engine_it_is_learned_again_and_compared_picture_by_picture(
    tuned: Trained,
    leaning: Path,
    network: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert tuned.report.recipe.head == "fine-tuned network"
    old, new = tmp_path / "m.fenlei", tmp_path / "n.fenlei"
    write(old, tuned.model)
    monkeypatch.chdir(network.parent)  # a model file names a folder of this machine without its path
    monkeypatch.setenv("FENLEI_ENGINE", "onnxruntime")
    make_again(old, leaning, new, workspace=tmp_path / "elsewhere")
    assert "The network was fine-tuned again and is right as often, but for noise: of" in capsys.readouterr().err
    found = compare_files(old.read_bytes(), new.read_bytes())
    assert "backbone.onnx" in found.differs  # another network, by other roundings
    assert found.paired is not None
    assert found.paired.pictures == tuned.report.test_pictures
    assert found.same_figures


def test_where_the_network_that_it_began_with_comes_out_otherwise_it_is_refused_and_named(
    tuned: Trained, leaning: Path, network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model file holds the tuned network and not the one that it began with."""
    tiny_resnet(tmp_path / "there" / network.name, seed=4)
    monkeypatch.chdir(tmp_path / "there")
    with pytest.raises(TrainingError, match="exported by other versions of its libraries"):
        rebuild(tuned.model, leaning, cache=tmp_path / "cache")
