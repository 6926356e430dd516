"""Whatever is killed, whatever was acknowledged is there, once; the bounded form of `python -m tests.torture`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.torture.torment import torment

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds processes by /proc")


def test_nothing_acknowledged_is_lost_or_there_twice_whichever_process_is_killed(tmp_path: Path) -> None:
    outcome = torment(tmp_path, kills=10, seed=20, seconds=35)
    assert outcome.violations == [], f"{outcome.table()}\n{outcome.log[-4000:]}"
    assert outcome.toll.total >= 6
    assert sum(outcome.ledger.acknowledged.values()) > 30
