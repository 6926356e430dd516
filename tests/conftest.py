"""Marks follow folders; the shared pictures are found beside the checkout, or the test says why it skips."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# Suites that several test files subclass: their asserts shall explain themselves too.
pytest.register_assert_rewrite("tests.support")

pytest_plugins = ["tests.support.stores"]

# A busy machine is no finding: examples are bounded in number, not in time.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

HERE = Path(__file__).parent
SHARED = HERE.parent.parent / "shared"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--requests",
        type=int,
        default=None,
        metavar="N",
        help="strange requests of each kind to every operation of the management API, as each role",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(item.path.relative_to(HERE).parts[0])


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real pictures and of the source document that lies beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip("no folder `shared` beside this checkout")
    return SHARED


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """An empty workspace folder."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder
