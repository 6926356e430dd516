"""A wired house around a tiny model, with engines that tests can count and stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fenlei.app import House, ServedModel, build
from fenlei.settings import Settings
from tests.support.engines import GatedOpener
from tests.support.models import write_tiny

KEY = "the-key-of-the-test"


@pytest.fixture
def opener() -> GatedOpener:
    return GatedOpener()


@pytest.fixture
def make_house(tmp_path: Path, opener: GatedOpener) -> Iterator[Callable[..., House]]:
    """Builds a house with one model `cats`; takes settings, and `envelope`, `status`, `key`."""
    houses: list[House] = []

    def factory(*, key: str | None = KEY, envelope: Any = None, status: Any = None, **options: Any) -> House:
        settings = Settings(workspace=tmp_path, **{"engine": "onnxruntime", "threads": 2, **options})
        wire = {name: value for name, value in (("envelope", envelope), ("status", status)) if value is not None}
        model = ServedModel(write_tiny(tmp_path / "cats.fenlei"))
        houses.append(build([model], settings, key=key, opener=opener, **wire))
        return houses[-1]

    yield factory
    for engine in opener.engines:
        engine.gate.set()
    for house in houses:
        house.close()


@pytest.fixture
def house(make_house: Callable[..., House]) -> House:
    return make_house()
