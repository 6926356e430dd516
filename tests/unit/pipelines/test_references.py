"""References travel as JSON, and come out as they went in."""

from __future__ import annotations

import msgspec
import pytest

from fenlei.pipelines.kinds import LOOKS, Kind
from fenlei.pipelines.reference import (
    OF_KIND,
    AnyReference,
    Deployment,
    Features,
    Images,
    Model,
    Report,
    Split,
)

SPLIT = Split(digest="b" * 64, labels={"cat": 2}, parts={"train": 2})
ALL: list[AnyReference] = [
    Images(digest="a" * 64, pictures=3, labels={"猫": 2, "dog": 1}),
    SPLIT,
    Features(digest="c" * 64, split=SPLIT, backbone="lite0", size=224, width=1280),
    Model(digest="d" * 64, labels=["cat", "dog"], bytes=10, metrics={"accuracy": 0.5}),
    Report(digest="e" * 64, about="evaluation"),
    Deployment(digest="f" * 64, name="cats", url="/api/image/cats"),
]


@pytest.mark.parametrize("reference", ALL, ids=lambda each: each.kind.value)
def test_a_reference_comes_out_of_json_as_it_went_in(reference: AnyReference) -> None:
    data = msgspec.json.encode(reference)
    assert msgspec.json.decode(data)["kind"] == reference.kind
    assert msgspec.json.decode(data, type=AnyReference) == reference


def test_every_kind_has_a_reference_and_a_look_of_its_own() -> None:
    assert set(OF_KIND) == set(LOOKS) == set(Kind)
    assert len({look.colour for look in LOOKS.values()}) == len(Kind)
    assert {each.kind for each in ALL} == set(Kind)
