"""Imports whose process is killed again and again end as if nobody had touched them."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import pytest

from fenlei.datasets import carry_out as carrying
from fenlei.datasets.carry_out import carry_out
from fenlei.datasets.create import create_dataset
from fenlei.datasets.imports import begin_import
from fenlei.datasets.versions import make_version
from fenlei.store import Store, StoreAddress
from fenlei.store.tables import Import
from tests.integration.datasets_store.importing import contents, label_names, lay, sent, zipped
from tests.support import mortals
from tests.support.drawing import png
from tests.support.stores import MakeStore

BATCH = 6


def files(count: int) -> dict[str, bytes]:
    """Class folders with all that an import meets: good pictures, broken ones, no pictures, copies."""
    found = {
        f"{['dog', 'cat', 'ant'][number % 3]}/{number:03d}.png": png(31, 30, seed=number) for number in range(count)
    }
    found |= {f"cat/broken {number}.png": png(31, 30)[:100] for number in range(count // 20)}
    found |= {f"dog/note {number}.txt": b"no picture" for number in range(count // 20)}
    return found | {"ant/copy.png": found["dog/000.png"], "ant/again.png": found["dog/000.png"]}


def earlier(found: dict[str, bytes]) -> dict[str, bytes]:
    """What is in the data set already: some of it the same, some under the same name."""
    names = sorted(found)[::7]
    return {name: found[name] if number % 2 else png(33, 33, seed=number) for number, name in enumerate(names)}


def begin(store: Store, folder: Path, found: dict[str, bytes], name: str) -> Import:
    """An import of a zip into a data set that has some of it already."""
    into = create_dataset(store, name).id
    first = begin_import(store, into, {"kind": "path", "path": str(lay(folder / name, earlier(found)))})
    carry_out(store, folder, first.id)
    row = begin_import(store, into, {"kind": "upload"})
    sent(store, folder, row.id, "pets.zip", zipped(found))
    return row


def outcome(store: Store, row: Import) -> dict[str, Any]:
    """All that an import leaves behind, but for ids and times."""
    with store.reading() as work:
        entries = work.imports.entries(row.id, None, 10_000)[0]
        counts = work.imports.get(row.id).counts
        named = {each.picture_id: work.pictures.get(each.picture_id).name for each in entries if each.picture_id}
    return {
        "pictures": contents(store, row.dataset_id),
        "labels": label_names(store, row.dataset_id),
        "entries": [
            (each.number, each.name, each.outcome, each.reason, named.get(each.picture_id or 0)) for each in entries
        ],
        "counts": counts,
        "version": make_version(store, row.dataset_id).digest,
    }


def dealt_with(store: Store, import_id: str) -> list[str]:
    with store.reading() as work:
        return list(work.imports.names_of_entries(import_id))


def _carry_out(address: StoreAddress, folder: Path, import_id: str, said: Any) -> None:
    """Runs in a process of its own."""
    carrying.BATCH_FILES = BATCH
    carry_out(Store.at(address), folder, import_id, progress=lambda done, total: said.send(done))


def torn(store: Store, folder: Path, row: Import, kills: int) -> int:
    """Carry an import out in processes that are killed at random moments; returns how many were."""
    chance = random.Random(7)
    killed = 0
    before: list[str] = []
    while killed < kills:
        ours, theirs = mortals.pipe()
        child = mortals.start(_carry_out, store.address, folder, row.id, theirs)
        theirs.close()
        for _ in range(chance.randrange(4)):  # some get no further than the beginning
            assert ours.poll(30), "the process got nowhere"
            ours.recv()
        time.sleep(chance.uniform(0, 0.02))  # the moment of the kill is drawn; nothing is waited for
        if not mortals.kill(child):
            break
        killed += 1
        after = dealt_with(store, row.id)
        assert after[: len(before)] == before, "what was reported once stays reported"
        before = after
    return killed


@pytest.mark.parametrize(("kind", "kills", "count"), [("sqlite-disk", 22, 500), ("postgres-s3", 3, 90)])
def test_an_import_that_is_killed_again_and_again_loses_nothing_and_doubles_nothing(
    make_store: MakeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, kills: int, count: int
) -> None:
    monkeypatch.setattr(carrying, "BATCH_FILES", BATCH)
    store, folder, found = make_store(kind), tmp_path / "uploads", files(count)
    row = begin(store, folder, found, "torn")
    assert torn(store, folder, row, kills) == kills, "it was done before it was killed often enough"
    got_on = len(dealt_with(store, row.id))
    assert 0 < got_on < len(found), "killed too early or too late to prove anything"
    assert carry_out(store, folder, row.id)["state"] == "done"
    left = outcome(store, row)  # before another import could bring the blobs that this one lost
    assert not (folder / row.id).exists()
    undisturbed = begin(store, folder, found, "undisturbed")
    carry_out(store, folder, undisturbed.id)
    assert left == outcome(store, undisturbed)
