"""A server in this process that answers for what the store says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fenlei.store import Store
from tests.support.counter import Counter


@pytest.fixture
def counter(store: Store, tmp_path: Path) -> Iterator[Counter]:
    """A server; it does not look at the database by itself."""
    with Counter(store, tmp_path / "cache") as running:
        yield running
