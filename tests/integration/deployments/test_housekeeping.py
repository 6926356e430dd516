"""What nobody needs any more goes by itself."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from fenlei.app import housekeeping
from fenlei.app.housekeeping import Housekeeping
from fenlei.store import Store
from tests.support.until import until

DAYS = 24 * 3600


def aged(path: Path, days: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    os.utime(path, (time.time() - days * DAYS,) * 2)
    return path


def test_leftovers_go_at_the_start_and_in_every_round(sqlite_store: Store, tmp_path: Path) -> None:
    uploads = tmp_path / "uploads"
    address = sqlite_store.address
    old = [
        aged(uploads / "im_of_nothing" / "up_1", 0),
        aged(uploads / "models" / "mf_1", 2),
        aged(uploads / "models" / ".mf_2", 2),
        aged(Path(str(address.blobs)) / ".incoming" / "half", 1),
    ]
    young = [aged(uploads / "models" / "mf_3", 0), aged(Path(str(address.blobs)) / ".incoming" / "growing", 0)]
    keeper = Housekeeping(sqlite_store, uploads, every=0.05)
    keeper.start()
    try:
        until(lambda: not any(path.exists() for path in old))
        again = aged(uploads / "models" / "mf_4", 2)
        until(lambda: not again.exists())
    finally:
        keeper.close()
    assert all(path.exists() for path in young)


def test_what_cannot_be_swept_keeps_nothing_else_from_it(
    sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*arguments: object) -> None:
        raise OSError("the disk is away")

    monkeypatch.setattr(housekeeping, "sweep_uploads", fails)
    parked = aged(tmp_path / "models" / "mf_1", 2)
    keeper = Housekeeping(sqlite_store, tmp_path)
    keeper.start()
    try:
        until(lambda: not parked.exists())
    finally:
        keeper.close()
