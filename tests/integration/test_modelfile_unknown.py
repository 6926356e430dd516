"""The rule for unknown pictures and the thresholds travel in the model file, whole or not at all."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from fenlei.modelfile import DamagedModelFile, Decision, HeadMeasure, Unknown, read, write
from fenlei.modelfile.unknown import HEAD_MEASURES
from fenlei.training.unknown.rules import BOTH, LEARN, PARTS
from tests.support.models import WIDTH, tiny_model

RNG = np.random.default_rng(0)
FEATURES = RNG.normal(0, 2, (80, WIDTH)).astype(np.float32)
TRUTH = np.arange(80) % 3


def rule(name: str) -> Unknown:
    if name in HEAD_MEASURES:
        return Unknown(name, HeadMeasure(name, 1.3), -2.0, 1.0, 0.05)
    parts = [replace(LEARN[part](FEATURES, TRUTH), centre=0.5, spread=2.0) for part in PARTS[name]]
    return Unknown(name, tuple(parts), 1.0, 4.0, 0.05)


@pytest.mark.parametrize("name", [*PARTS, *HEAD_MEASURES])
def test_every_rule_comes_back_as_it_was_written(name: str, tmp_path: Path) -> None:
    made = tiny_model(unknown=rule(name))
    digest = write(tmp_path / "m.fenlei", made)
    found = read(tmp_path / "m.fenlei")
    assert found.unknown is not None
    assert made.unknown is not None
    assert np.array_equal(
        found.unknown.strangeness(FEATURES, found.head), made.unknown.strangeness(FEATURES, made.head)
    )
    assert write(tmp_path / "again.fenlei", found) == digest


def test_a_model_without_a_rule_has_none(tmp_path: Path) -> None:
    write(tmp_path / "m.fenlei", tiny_model())
    found = read(tmp_path / "m.fenlei")
    assert (found.unknown, found.manifest.unknown, found.manifest.decision) == (None, None, None)


def test_thresholds_come_back_and_those_that_cannot_be_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.fenlei"
    right = Decision(method="cost", thresholds=[0.5, 0.2, 0.9], weights=[2.0, 11.0, 2.0])
    write(path, tiny_model(decision=right))
    assert read(path).manifest.decision == right
    for wrong in (
        Decision(method="precision", thresholds=[0.5, 0.2]),
        Decision(method="precision", thresholds=[0.5, 0.2, 1.5]),
        Decision(method="cost", thresholds=[0.5, 0.2, 0.9]),
        Decision(method="cost", thresholds=[0.5, 0.2, 0.9], weights=[1.0, 0.0, 1.0]),
        Decision(method="luck", thresholds=[0.5, 0.2, 0.9]),
    ):
        write(path, tiny_model(decision=wrong))
        with pytest.raises(DamagedModelFile, match=r"decision|threshold"):
            read(path)


def test_a_rule_that_cannot_be_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.fenlei"
    good = rule(BOTH)
    assert not isinstance(good.measure, HeadMeasure)
    first, second = good.measure

    def with_part(**changes: Any) -> Unknown:
        return replace(good, measure=(first, replace(second, **changes)))

    for wrong in (
        replace(good, threshold=good.centre),
        replace(good, threshold=float("nan")),
        replace(good, measure=()),
        with_part(weight=second.weight[:-1]),
        with_part(nearest=1000),
        with_part(spread=0.0),
        with_part(bias=second.bias[:-1]),
        with_part(points=np.full_like(second.points, np.inf)),
    ):
        write(path, tiny_model(unknown=wrong))
        with pytest.raises(DamagedModelFile, match="unknown"):
            read(path)


def test_a_rule_whose_arrays_are_gone_is_refused(tmp_path: Path) -> None:
    path, cut = tmp_path / "m.fenlei", tmp_path / "cut.fenlei"
    write(path, tiny_model(unknown=rule("neighbours")))
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(cut, "w") as out:
        manifest = msgspec.json.decode(whole.read("manifest.json"))
        del manifest["files"]["unknown.safetensors"]
        for name in whole.namelist():
            if name == "manifest.json":
                out.writestr(name, msgspec.json.encode(manifest))
            elif name != "unknown.safetensors":
                out.writestr(name, whole.read(name))
    with pytest.raises(DamagedModelFile, match=r"unknown\.safetensors is missing"):
        read(cut)
