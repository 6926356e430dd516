"""One network and one set of pictures for all; and one core, since threads would wait for each other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.tunable import leaning_folders, tiny_resnet


@pytest.fixture(scope="package", autouse=True)
def one_core() -> Iterator[None]:
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(allowed)[_own_number() % len(allowed)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def _own_number() -> int:
    """Which of the processes that test side by side this is."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


@pytest.fixture(scope="package")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_resnet(tmp_path_factory.mktemp("published") / "tiny-resnet")


@pytest.fixture(scope="package")
def leaning(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures that the network, random as it is, can hardly tell apart before it has learned."""
    return leaning_folders(tmp_path_factory.mktemp("leaning"), 80, kinds=2)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")
