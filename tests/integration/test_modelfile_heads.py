"""Heads of every build travel in the model file, come back as they were, and are served."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from safetensors.numpy import load, save

from fenlei.modelfile import Calibration, DamagedModelFile, Head, VoterRef, read, write
from fenlei.modelfile.head_file import from_safetensors, refs, to_safetensors
from fenlei.modelfile.manifest import NearestRef
from fenlei.serving.host import ModelHost
from tests.support.drawing import jpeg
from tests.support.heads import heads
from tests.support.models import LABELS, WIDTH, tiny_model

CLASSES = len(LABELS)
HEADS = heads(WIDTH, CLASSES)


@pytest.fixture(params=list(HEADS))
def head(request: pytest.FixtureRequest) -> Head:
    found: Head = HEADS[request.param]
    return found


def test_a_head_comes_back_as_it_was_and_is_served(head: Head, tmp_path: Path) -> None:
    path = tmp_path / "m.fenlei"
    write(path, tiny_model(head=head))
    features = np.random.default_rng(0).normal(0, 1, (5, WIDTH)).astype(np.float32)
    np.testing.assert_array_equal(read(path).head.scores(features), head.scores(features))
    host = ModelHost(cache=tmp_path)
    try:
        scores = host.load(path).predictor.predict(jpeg(80, 60))  # its parity pictures have been run before
    finally:
        host.close()
    assert scores.sum() == pytest.approx(1)


def test_only_what_older_ones_cannot_read_is_of_the_newer_format(head: Head, tmp_path: Path) -> None:
    path = tmp_path / "m.fenlei"
    write(path, tiny_model(head=head))
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        names = set(load(archive.read("head.safetensors")))
    plain = head is HEADS["linear"]
    asks = "neighbours" in manifest["head"][0]["layers"] if manifest["head"] else False
    assert manifest["format"] == (1 if plain else 3 if asks else 2)
    assert ("nearest" in str(manifest["head"])) == asks  # other files are what they were
    assert (names == {"weight", "bias"}) == plain
    assert manifest["calibration"]["method"] == ("vector" if head.scale is not None else "temperature")


def test_a_vote_is_the_mean_of_what_its_voters_score() -> None:
    vote = HEADS["vote"]
    features = np.random.default_rng(1).normal(0, 1, (4, WIDTH)).astype(np.float32)
    mean = sum(voter.share * voter.scores(features) for voter in vote.voters)
    powered = mean ** (1 / vote.temperature)
    np.testing.assert_allclose(vote.scores(features), powered / powered.sum(axis=1, keepdims=True), rtol=1e-9)


def voter(**fields: Any) -> VoterRef:
    return msgspec.structs.replace(refs(HEADS["vote"])[0], **fields)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"columns": (0, WIDTH + 1)}, "reads the columns"),
        ({"columns": (3, 3)}, "reads the columns"),
        ({"columns": (0, 5)}, "weight is float32"),
        ({"layers": ["dense", "tanh", "dense"]}, "a layer `tanh`; known are dense, relu, normalise"),
        ({"layers": ["dense", "relu"]}, "the last must be dense"),
        ({"layers": []}, "the last must be dense"),
        ({"temperature": 0.0}, "temperature of voter 0 is 0.0"),
        ({"share": 0.5}, "shares that sum to 1.25"),
        ({"share": float("nan")}, "share"),
    ],
)
def test_a_manifest_that_does_not_fit_the_numbers_is_refused(change: dict[str, Any], words: str) -> None:
    head = HEADS["vote"]
    said = [voter(**change), refs(head)[1]]
    with pytest.raises(DamagedModelFile, match=words):
        from_safetensors(to_safetensors(head), width=WIDTH, classes=CLASSES, voters=said, calibration=Calibration())


@pytest.mark.parametrize("name", ["calibration.scale", "calibration.shift", "voters.1.layers.0.weight"])
def test_numbers_that_are_none_are_refused_by_name(name: str) -> None:
    head = HEADS["vote, by class"]
    arrays = load(to_safetensors(head))
    arrays[name] = np.full_like(arrays[name], np.nan)
    with pytest.raises(DamagedModelFile, match=name.replace(".", r"\.")):
        from_safetensors(
            bytes(save(arrays)),
            width=WIDTH,
            classes=CLASSES,
            voters=refs(head),
            calibration=Calibration(method="vector"),
        )


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("points", np.full((30, 6), np.inf, np.float32), "points is float32"),
        ("points", np.zeros((29, 6), np.float32), "points is float32"),
        ("labels", np.zeros(30, np.float32), "labels is absent, or no row of whole numbers"),
        ("labels", np.zeros(0, np.int32), "labels is absent, or no row of whole numbers"),
        ("labels", np.full(30, CLASSES, np.int32), f"none of {CLASSES}"),
        ("labels", np.full(30, -1, np.int32), f"none of {CLASSES}"),
        ("labels", np.zeros(6, np.int32), "7 of 6 neighbours"),
        ("weights", np.zeros(30, np.float32), "not above 0"),
    ],
)
def test_neighbours_that_cannot_be_asked_are_refused(name: str, value: Any, words: str) -> None:
    head = HEADS["neighbours"]
    arrays = {**load(to_safetensors(head)), f"voters.0.layers.2.{name}": value}
    with pytest.raises(DamagedModelFile, match=words):
        from_safetensors(
            bytes(save(arrays)), width=WIDTH, classes=CLASSES, voters=refs(head), calibration=Calibration()
        )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"nearest": msgspec.UNSET}, "nothing of 30 neighbours"),
        ({"nearest": NearestRef(count=0, temperature=1.0)}, "0 of 30 neighbours"),
        ({"nearest": NearestRef(count=31, temperature=1.0)}, "31 of 30 neighbours"),
        ({"nearest": NearestRef(count=7, temperature=0.0)}, "temperature of the neighbours is 0.0"),
        ({"layers": ["neighbours", "normalise", "dense"]}, "a layer `neighbours`"),
    ],
)
def test_a_manifest_that_says_nothing_possible_of_neighbours_is_refused(change: dict[str, Any], words: str) -> None:
    head = HEADS["neighbours"]
    said = [msgspec.structs.replace(refs(head)[0], **change)]
    with pytest.raises(DamagedModelFile, match=words):
        from_safetensors(to_safetensors(head), width=WIDTH, classes=CLASSES, voters=said, calibration=Calibration())
