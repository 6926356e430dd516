"""Made again where numbers are rounded otherwise: the same figures, by what is promised of each kind of model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from threadpoolctl import threadpool_limits

from fenlei.imaging import Policy
from fenlei.model.rebuild import compare_files
from fenlei.modelfile import ModelFile, pack
from fenlei.training.again import Again
from fenlei.training.candidate import TUNED, VOTE, Candidate
from fenlei.training.errors import TrainingError
from fenlei.training.finish import Trained
from fenlei.training.formula import KEY, read_formula
from fenlei.training.picture_list import FILE, read_list, write_list
from fenlei.training.recipe import RECIPE
from fenlei.training.train import rebuild, train
from fenlei.training.view import View
from tests.support.drawing import tinted_scenes
from tests.support.networks import tiny_network

NAMES = ("one.onnx", "other.onnx")
SMALL = {"hidden": 8, "dropout": 0.1, "decay": 0.001, "rate": 0.01, "epochs": 6}
"""Of a head that is a network of its own."""


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two of them."""
    folder = tmp_path_factory.mktemp("networks")
    for seed, name in enumerate(NAMES):
        (folder / name).write_bytes(tiny_network(size=32, width=24, seed=seed))
    return folder


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tinted_scenes(tmp_path_factory.mktemp("set") / "photos", {"a": 30, "b": 30, "c": 30})


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("here")


@pytest.fixture(scope="module")
def linear(photos: Path, networks: Path, cache: Path) -> Trained:
    """A head on one network, made by OpenVINO on two threads."""
    with threadpool_limits(2):
        return train(photos, cache=cache, backbone=str(networks / NAMES[0]))


@pytest.fixture(scope="module")
def vote(linear: Trained, photos: Path, networks: Path, cache: Path) -> Trained:
    """The model that a search would have left that this vote on two networks had won."""
    one, other = (View((name,), None, Policy.SQUASH) for name in NAMES)
    members = (
        Candidate(view=one, copies="altered"),
        Candidate(view=other, kind="prototypes"),
        Candidate(view=other, kind="svm"),
        Candidate(view=one, kind="network", setting=SMALL),
    )
    candidate = Candidate(view=View(NAMES, None, Policy.SQUASH), kind=VOTE, members=members, shares=(0.25,) * 4)
    with threadpool_limits(2):
        second = train(photos, cache=cache, goal="fast", backbone=str(networks / NAMES[1]))
        formula, further = (read_formula(made.model, RECIPE) for made in (linear, second))
        needed = [msgspec.structs.replace(each, size=None) for each in (*formula.ingredients, *further.ingredients)]
        made_of = msgspec.structs.replace(formula, candidate=candidate, ingredients=needed)
        return train(photos, cache=cache, again=Again(linear.model, made_of))


@pytest.fixture
def elsewhere(
    photos: Path, networks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[ModelFile], ModelFile]:
    """Makes a model again in another workspace, by another engine and on one thread."""
    monkeypatch.chdir(networks)  # a model file names a network without its folder

    def again(model: ModelFile) -> ModelFile:
        with threadpool_limits(1):
            return rebuild(model, photos, cache=tmp_path / "another workspace", engine="onnxruntime").model

    return again


@pytest.mark.parametrize("kind", ["linear", "vote"])
def test_heads_that_are_made_again_by_another_engine_have_the_same_figures(
    kind: str, request: pytest.FixtureRequest, elsewhere: Callable[[ModelFile], ModelFile]
) -> None:
    made: Trained = request.getfixturevalue(kind)
    assert len(made.model.head.voters) == (4 if kind == "vote" else 1)
    found = compare_files(pack(made.model), pack(elsewhere(made.model)))
    assert "head.safetensors" in found.differs  # it was rounded otherwise, or this shows nothing
    assert {"accuracy", "macro_f1", "log_loss", "expected_calibration_error"} <= set(found.figures)
    assert found.same_figures
    assert found.paired is None


def test_figures_that_moved_by_more_than_a_thousandth_are_not_the_same(linear: Trained) -> None:
    def told(accuracy: float) -> bytes:
        manifest = msgspec.structs.replace(linear.model.manifest, metrics={"accuracy": accuracy})
        return pack(changed(linear.model, manifest=manifest))

    assert compare_files(told(0.9), told(0.9005)).same_figures
    assert not compare_files(told(0.9), told(0.9015)).same_figures


def test_a_network_that_comes_out_otherwise_elsewhere_is_refused_and_named(
    vote: Trained, networks: Path, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file of a model on several networks holds them joined and none of them alone."""
    for name, seed in zip(NAMES, (0, 5), strict=True):
        (tmp_path / name).write_bytes(tiny_network(size=32, width=24, seed=seed))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        TrainingError, match=r"backbone file:other at 32 pixels of the digest \w{12}; here it is \w{12}"
    ):
        rebuild(vote.model, photos, cache=tmp_path / "cache")


def changed(model: ModelFile, **parts: object) -> ModelFile:
    known = {name: getattr(model, name) for name in ("manifest", "head", "network", "report", "parity", "unknown")}
    return ModelFile(**{**known, **parts})


def tuned(model: ModelFile, wrong: int, pictures: int = 60, *, listed: bool = True) -> bytes:
    """A file that says that its network was tuned, and that of so many pictures of the test part so many were wrong."""
    again = {**model.manifest.recipe[KEY], "candidate": {"kind": TUNED}}
    metrics = {"accuracy": 1 - wrong / pictures, "log_loss": 0.1 * wrong}
    manifest = msgspec.structs.replace(model.manifest, recipe={**model.manifest.recipe, KEY: again}, metrics=metrics)
    if not listed:
        return pack(changed(model, manifest=manifest, report={}))
    first = read_list(model.report[FILE])[0]
    rows = [
        first._replace(
            name=f"{number}-{wrong}.png", digest=f"{number:016x}", part="test", label="a",
            called="b" if number < wrong else "a",
        )
        for number in range(pictures)
    ]  # fmt: skip
    return pack(changed(model, manifest=manifest, report={**model.report, FILE: write_list(rows)}))


@pytest.mark.parametrize(("wrong", "same"), [(3, True), (20, False)], ids=["as-noise-has-it", "beyond-noise"])
def test_a_network_that_was_tuned_again_is_held_against_the_old_one_picture_by_picture(
    linear: Trained, wrong: int, same: bool
) -> None:
    found = compare_files(tuned(linear.model, 2), tuned(linear.model, wrong))
    assert found.same_figures is same
    assert abs(found.figures["accuracy"][1] - found.figures["accuracy"][0]) > 0.01
    assert found.paired is not None
    assert (found.paired.pictures, found.paired.only_old, found.paired.only_new) == (60, wrong - 2, 0)
    assert found.paired.difference == pytest.approx((2 - wrong) / 60)
    low, high = found.paired.difference_interval
    assert low < found.paired.difference < high


def test_without_a_list_of_what_was_called_what_a_tuned_network_is_held_to_a_thousandth(linear: Trained) -> None:
    old, new = tuned(linear.model, 2, listed=False), tuned(linear.model, 3, listed=False)
    found = compare_files(old, new)
    assert found.paired is None
    assert not found.same_figures
