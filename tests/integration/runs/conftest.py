"""A table for the traces of recipes."""

from __future__ import annotations

import pytest

from fenlei.store import Store
from tests.support.runs import Marks


@pytest.fixture
def marks(store: Store) -> Marks:
    """What recipes have written."""
    return Marks(store)
