"""After every test of data sets: the numbers that are kept are those that counting gives."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fenlei.store import Store
from tests.support.counted import miscounted


@pytest.fixture(autouse=True)
def the_numbers_are_true(request: pytest.FixtureRequest) -> Iterator[None]:
    """Asked of the store that a test used, before it is closed."""
    used = [name for name in ("store", "sqlite_store") if name in request.fixturenames]
    stores: list[Store] = [request.getfixturevalue(name) for name in used]
    yield
    for store in stores:
        with store.reading() as work:
            assert miscounted(work) == {}
