"""Blobs that nothing refers to are told, then removed; whatever somebody needs or is about to need stays."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import String, delete, select

from fenlei.store import Blobs, Conflict, Store, StoreError, new_id, now
from fenlei.store.gc import find_garbage, remove_garbage
from fenlei.store.keeping import keeping
from fenlei.store.references import NAMED
from fenlei.store.tables import Base, Dataset, DatasetVersion, Model, ModelVersion, Picture, Run, Step
from tests.support.cli import Said, fenlei
from tests.support.stores import environment

ROOT = Path(__file__).parents[3]
NOW = timedelta(seconds=-5)
"""A grace period that leaves nothing alone, whatever the other side's clock says."""


def gc(store: Store, workspace: Path, *words: str) -> Said:
    return fenlei("gc", *words, workspace=workspace, cwd=None, **environment(store))


def a_dataset(store: Store, name: str = "flowers") -> str:
    with store.writing() as work:
        dataset = Dataset(id=new_id("ds"), name=name, created_at=now(), created_by=None, updated_at=now())
        work.session.add(dataset)
    return dataset.id


def a_picture(dataset_id: str, sha256: str, **more: Any) -> Picture:
    return Picture(
        dataset_id=dataset_id,
        name=more.pop("name", f"{sha256[:8]}.png"),
        sha256=sha256,
        width=1,
        height=1,
        bytes=1,
        format="png",
        added_at=now(),
        **more,
    )


def a_run(state: str, result: dict[str, Any] | None, number: int) -> Run:
    return Run(
        id=new_id("rn"),
        number=number,
        kind="train",
        state=state,
        subject={},
        settings={},
        result=result,
        created_at=now(),
    )


def test_every_column_that_may_name_a_blob_is_known() -> None:
    """A new column of 64 characters is either a blob's name, and then it is in NAMED, or it is listed here."""
    others = {"app_keys.digest", "sign_ins.digest", "sign_in_links.digest", "api_tokens.digest", "repeats.request"}
    others |= {"uploads.sha256", "looks.sha256", "looks.pixels"}
    others |= {"graph_revisions.digest", "graph_revisions.meaning", "node_runs.key", "node_results.key"}
    found = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, String) and column.type.length == 64 and column.name != "name"
    }
    assert found - others == {f"{column.class_.__tablename__}.{column.key}" for column in NAMED}


def test_what_is_referred_to_stays_and_the_rest_goes(store: Store) -> None:
    names = ["picture", "removed", "in version", "model", "exported", "step", "old step", "nobody's", "of the deleted"]
    blob = dict(zip(names, store.blobs.put_many([name.encode() for name in names]), strict=True))
    manifest = store.blobs.put(f'{{"format":"x"}}\n["a.png","{blob["in version"]}",null]\n'.encode())
    dataset, deleted = a_dataset(store), a_dataset(store, "deleted")
    with store.writing() as work:
        work.session.add_all(
            [
                a_picture(dataset, blob["picture"]),
                a_picture(dataset, blob["removed"], removed_at=now()),
                a_picture(deleted, blob["of the deleted"]),
                DatasetVersion(
                    id="dv_1", dataset_id=dataset, number=1, digest=manifest, pictures=1, counts={}, created_at=now()
                ),
                Model(id="md_1", name="model", created_at=now()),
                running := a_run("running", None, 1),
                a_run("done", {"sha256": blob["exported"]}, 2),
                done := a_run("done", {}, 3),
            ]
        )
        work.session.flush()
        work.session.add_all(
            [
                ModelVersion(
                    id="mv_1",
                    model_id="md_1",
                    number=1,
                    sha256=blob["model"],
                    bytes=5,
                    origin="run",
                    labels=[],
                    lineage={},
                    tags=[],
                    created_at=now(),
                ),
                Step(run_id=running.id, name="learn", state="done", result={"sha256": blob["step"]}, started_at=now()),
                Step(run_id=done.id, name="learn", state="done", result={"sha256": blob["old step"]}, started_at=now()),
            ]
        )
    with store.writing() as work:
        work.session.execute(delete(Dataset).where(Dataset.id == deleted))
    gone = {blob["old step"]: 8, blob["nobody's"]: 8, blob["of the deleted"]: 14}
    assert find_garbage(store).files == 0
    assert find_garbage(store, NOW).blobs == gone
    assert len(list(store.blobs.all())) == 10  # looking removes nothing
    removed = remove_garbage(store, NOW)
    assert (removed.blobs, removed.bytes) == (gone, 30)
    assert {info.sha256 for info in store.blobs.all()} == {*blob.values(), manifest} - gone.keys()
    assert remove_garbage(store, NOW).files == 0


def test_what_nodes_left_behind_stays_with_what_it_lists_until_nobody_has_used_it_for_long(store: Store) -> None:
    names = ["picture", "map", "model", "shared", "old", "picture of old"]
    blob = dict(zip(names, store.blobs.put_many([name.encode() for name in names]), strict=True))
    split = store.blobs.put(f'{{"format":"x"}}\n["a.png","{blob["picture"]}",null]\n'.encode())
    report = store.blobs.put(f'{{"maps":["{blob["map"]}"]}}'.encode())
    old = store.blobs.put(f'{{"format":"x"}}\n["b.png","{blob["picture of old"]}",null]\n'.encode())
    left = {
        "features": {"kind": "features", "digest": "f" * 64, "split": {"kind": "split", "digest": split}},
        "model": {"kind": "model", "digest": blob["model"]},
        "report": {"kind": "report", "digest": report, "about": "explanation"},
    }
    with store.writing() as work:
        work.session.add(run := a_run("done", {}, 1))
        work.session.flush()
        work.nodes.say(run.id, "learn", now(), position=0, state="done", key="k" * 64, outputs=left)
        work.results.keep("a" * 64, "t", {"model": {"kind": "model", "digest": blob["shared"]}}, now())
        unused = now() - timedelta(days=31)
        work.results.keep("b" * 64, "t", {"images": {"kind": "images", "digest": old}}, unused)
    removed = remove_garbage(store, NOW)
    assert removed.blobs.keys() == {old, blob["old"], blob["picture of old"]}
    with store.reading() as work:
        assert (work.results.find("b" * 64), work.results.find("a" * 64) is not None) == (None, True)
    with store.writing() as work:
        work.session.execute(delete(Run).where(Run.id == run.id))
    assert remove_garbage(store, NOW).blobs.keys() == {blob["picture"], blob["map"], blob["model"], split, report}


def test_a_blob_that_is_put_again_meanwhile_stays(store: Store) -> None:
    """It was garbage when it was looked for; before it is removed somebody puts it, and will refer to it."""
    digest = store.blobs.put(b"comes back")
    before = now() + timedelta(seconds=5)

    class PutWhileLooking(Blobs):
        def remove(self, sha256s: Any, before: Any = None) -> list[str]:
            if blobs.s3 is None:
                path = Path(blobs.url) / digest[:2] / digest
                os.utime(path, (1, 1))
            self.put(b"comes back")
            return super().remove(sha256s, before - timedelta(seconds=10))

    blobs = store.blobs
    store.blobs = PutWhileLooking(blobs.url, blobs.s3)
    assert remove_garbage(store, NOW).files == 0
    assert store.blobs.has(digest)
    assert before > now()


def test_without_a_manifest_nothing_is_removed(store: Store) -> None:
    digest = store.blobs.put(b"picture")
    dataset = a_dataset(store)
    with store.writing() as work:
        work.session.add(
            DatasetVersion(
                id="dv_1", dataset_id=dataset, number=1, digest="0" * 64, pictures=1, counts={}, created_at=now()
            )
        )
    with pytest.raises(StoreError, match="manifest of the data set version dv_1 cannot be read"):
        remove_garbage(store, NOW)
    assert store.blobs.has(digest)


def test_what_dead_processes_left_half_written_goes_too(sqlite_store: Store) -> None:
    sqlite_store.blobs.put(b"x")
    left = Path(sqlite_store.blobs.url) / ".incoming" / "half"
    left.write_bytes(bytes(100))
    assert find_garbage(sqlite_store, NOW).leftovers.files == 0  # it may be going on
    os.utime(left, (1, 1))
    assert find_garbage(sqlite_store).leftovers.bytes == 100
    assert remove_garbage(sqlite_store, NOW).bytes == 101
    assert not left.exists()


def test_nothing_is_removed_during_a_backup(store: Store) -> None:
    digest = store.blobs.put(b"nobody's")
    with keeping(store.database), keeping(store.database):
        assert find_garbage(store, NOW).files == 1
        with pytest.raises(Conflict, match="A backup or another removal is going on"):
            remove_garbage(store, NOW)
    assert store.blobs.has(digest)
    assert remove_garbage(store, NOW).files == 1


IMPORTS = """
import random, sys, time
from fenlei.app.storage import open_store
from fenlei.settings import Settings
from fenlei.store import now
from fenlei.store.tables import Picture

store, chance, number = open_store(Settings()), random.Random(1), 0
print("importing", flush=True)
while True:
    with store.writing() as work:
        for row in work.session.query(Picture).order_by(Picture.id).limit(8 * (number > 40)):
            work.session.delete(row)
    # Few pictures, new ones each second, which come again just when they are old enough to be taken away: however fast
    # this process is, some of them become garbage and some are wanted in the moment of their removal.
    second = int(time.time()) - chance.choice((0, 3, 4))
    digests = store.blobs.put_many([f"picture {second} {chance.randrange(100)}".encode() for _ in range(8)])
    with store.writing() as work:
        for sha256 in digests:
            number += 1
            facts = {"width": 1, "height": 1, "bytes": 1, "format": "png", "added_at": now()}
            work.session.add(Picture(dataset_id=sys.argv[1], name=f"{number}", sha256=sha256, **facts))
"""


@contextmanager
def importing(store: Store, dataset: str) -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen(
        [sys.executable, "-c", IMPORTS, dataset],
        env={**os.environ, **environment(store)},
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == b"importing\n"
        yield child
    finally:
        child.kill()
        child.communicate()


def test_nothing_needed_is_removed_while_others_import(sqlite_store: Store) -> None:
    dataset = a_dataset(sqlite_store)
    removed = rounds = 0
    end = time.monotonic() + 120
    with importing(sqlite_store, dataset) as child:
        while removed < 150:
            assert child.poll() is None, "the other process failed"
            rounds += 1
            assert time.monotonic() < end, f"only {removed} files became garbage in {rounds} rounds"
            # Every blob that was not put within the last moment may be taken; from blob to row it takes milliseconds.
            removed += remove_garbage(sqlite_store, timedelta(seconds=3)).files
    with sqlite_store.reading() as work:
        needed = set(work.session.scalars(select(Picture.sha256)))
    assert needed
    assert needed <= {info.sha256 for info in sqlite_store.blobs.all()}


def test_the_command_says_first_and_removes_when_told(sqlite_store: Store, tmp_path: Path) -> None:
    digest = sqlite_store.blobs.put(bytes(1_500_000))
    os.utime(Path(sqlite_store.blobs.url) / digest[:2] / digest, (1, 1))
    sqlite_store.blobs.put(b"young")
    told = gc(sqlite_store, tmp_path)
    assert (told.code, told.out) == (0, "")
    assert told.err.startswith("1 files, 1.5 MB, are older than 24h and nothing refers to them. `fenlei gc --yes`")
    assert sqlite_store.blobs.has(digest)
    told = gc(sqlite_store, tmp_path, "--yes", "--json")
    assert json.loads(told.out) == {"removed": True, "files": 1, "bytes": 1_500_000, "sha256": [digest]}
    assert not sqlite_store.blobs.has(digest)
    assert "no file older than 24h" in gc(sqlite_store, tmp_path).err
    assert gc(sqlite_store, tmp_path, "--older-than", "1s").code == 2


def test_the_command_makes_nothing_where_nothing_is(tmp_path: Path) -> None:
    told = fenlei("gc", "--workspace", tmp_path / "nowhere", workspace=tmp_path)
    assert told.code == 1
    assert told.err.startswith(f"error: There is no database {tmp_path / 'nowhere' / 'fenlei.db'}.")
    assert not (tmp_path / "nowhere").exists()
