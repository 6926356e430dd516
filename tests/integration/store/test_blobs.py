"""Blobs: what is acknowledged is there, what is there is whole, what cannot be done is said, on disk and in S3."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from fenlei.store import Blobs, NotFound, S3Access, StoreError, now
from tests.support.loopback import Reply, serving
from tests.support.s3 import S3

ROOT = Path(__file__).parents[3]
MISSING = "0" * 64


@pytest.fixture(params=["disk", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "disk":
        return Blobs(tmp_path / "blobs")
    server: S3 = request.getfixturevalue("s3")
    return Blobs(server.place(), server.access)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_what_is_put_comes_out_again(blobs: Blobs, tmp_path: Path) -> None:
    big = random.Random(1).randbytes(9_000_000)
    (tmp_path / "big").write_bytes(big)
    datas = [b"", b"one", b"two", b"one", random.Random(2).randbytes(100_000)]
    assert blobs.put_many(datas) == [sha256(data) for data in datas]
    assert blobs.put_file(tmp_path / "big") == blobs.put(big) == sha256(big)
    for data in [*datas, big]:
        assert blobs.get(sha256(data)) == data
        assert b"".join(blobs.stream(sha256(data))) == data
        assert blobs.has(sha256(data))
        assert blobs.size(sha256(data)) == len(data)
        blobs.save_to(sha256(data), tmp_path / "saved")
        assert (tmp_path / "saved").read_bytes() == data
    assert {path.name for path in tmp_path.iterdir()} - {"blobs"} == {"big", "saved"}
    there = {info.sha256: info for info in blobs.all()}
    assert {name: info.bytes for name, info in there.items()} == {sha256(data): len(data) for data in [*datas, big]}
    assert all(abs(info.written_at - now()) < timedelta(minutes=1) for info in there.values())


def test_what_is_not_there_is_named(blobs: Blobs, tmp_path: Path) -> None:
    for ask in (blobs.get, blobs.stream, blobs.size, lambda name: blobs.save_to(name, tmp_path / "saved")):
        with pytest.raises(NotFound, match=MISSING):
            ask(MISSING)
    for name in ("../../etc/passwd", "", "A" * 64):
        assert not blobs.has(name)
    assert not (tmp_path / "saved").exists()
    assert list(blobs.all()) == []


def test_removing_spares_what_was_put_again(blobs: Blobs) -> None:
    names = blobs.put_many([b"one", b"two"])
    before = now() + timedelta(seconds=2)
    assert blobs.remove(names, now() - timedelta(hours=1)) == []
    assert blobs.remove([*names, MISSING], before) == names
    assert blobs.remove(names) == []
    assert list(blobs.all()) == []


def test_a_blob_on_disk_is_not_written_again_but_made_young(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    name = blobs.put(b"a picture")
    (tmp_path / "file").write_bytes(b"a picture")
    path = tmp_path / name[:2] / name
    for by_file in (False, True):
        os.utime(path, (1, 1))
        inode = path.stat().st_ino
        assert (blobs.put_file(tmp_path / "file") if by_file else blobs.put(b"a picture")) == name
        assert path.stat().st_ino == inode
        assert path.stat().st_mtime > time.time() - 60
    assert list((tmp_path / ".incoming").iterdir()) == []


def test_a_damaged_blob_is_noticed_and_healed_by_putting_it_again(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "blobs")
    data = random.Random(3).randbytes(3_000_000)
    name = blobs.put(data)
    path = tmp_path / "blobs" / name[:2] / name
    for damaged in (data[:-1], b"", data[:-1] + b"?"):
        path.write_bytes(damaged)
        for read in (
            blobs.get,
            lambda name: list(blobs.stream(name)),
            lambda name: blobs.save_to(name, tmp_path / "out"),
        ):
            with pytest.raises(StoreError, match=f"{name} is damaged"):
                read(name)
        assert [each.name for each in tmp_path.iterdir()] == ["blobs"]
    path.write_bytes(data[:-1])
    assert blobs.get(blobs.put(data)) == data


def test_what_a_dead_process_left_is_invisible_and_swept_when_old(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    blobs.put(b"a picture")
    half = tmp_path / ".incoming" / "half"
    half.write_bytes(b"12345")
    assert len(list(blobs.all())) == 1
    assert blobs.leftovers(now() - timedelta(hours=1)).files == 0
    blobs.sweep(now() - timedelta(hours=1))
    assert half.exists()
    later = now() + timedelta(seconds=1)
    assert (blobs.leftovers(later).files, blobs.leftovers(later).bytes) == (1, 5)
    blobs.sweep(later)
    assert not half.exists()
    assert len(list(blobs.all())) == 1


PUTS_FOR_EVER = """
import json, random, sys
from pathlib import Path
from fenlei.store import Blobs, S3Access

url, access, passing, seed = json.loads(sys.argv[1])
blobs = Blobs(url if url.startswith("s3://") else Path(url), S3Access(*access) if access else None)
chance, passing = random.Random(seed), Path(passing)
while True:
    if chance.random() < 0.5:
        names = blobs.put_many([chance.randbytes(chance.randrange(1, 200_000)) for _ in range(chance.randrange(1, 40))])
    else:
        passing.write_bytes(chance.randbytes(chance.randrange(1, 4_000_000)))
        names = [blobs.put_file(passing)]
    print(*names, flush=True)
"""


def test_after_kill_9_what_was_acknowledged_is_there_and_what_is_there_is_whole(blobs: Blobs, tmp_path: Path) -> None:
    access = blobs.s3 and [blobs.s3.endpoint, blobs.s3.key_id, blobs.s3.secret, blobs.s3.region]
    acknowledged: set[str] = set()
    chance = random.Random(4)
    for seed in range(2 if blobs.s3 else 4):
        words = json.dumps([str(blobs.url), access, str(tmp_path / "passing"), seed])
        child = subprocess.Popen([sys.executable, "-c", PUTS_FOR_EVER, words], stdout=subprocess.PIPE, cwd=ROOT)
        assert child.stdout is not None
        first = child.stdout.readline().decode()
        time.sleep(chance.uniform(0.05, 0.4))  # not waiting for anything: the moment of death is the point
        child.send_signal(signal.SIGKILL)
        said = first + child.communicate()[0].decode()
        acknowledged.update(said[: said.rfind("\n") + 1].split())
    there = {info.sha256 for info in blobs.all()}
    assert acknowledged
    assert acknowledged <= there
    for name in there:
        blobs.get(name)  # raises when it is not whole


DIES_WHILE_WRITING = """
import resource, signal, sys
from pathlib import Path
from fenlei.store import Blobs

blobs = Blobs(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # the system kills the process half-way through a write
if sys.argv[2] == "put":
    blobs.put(bytes(200_000))
else:
    blobs.put_file(Path(sys.argv[2]))
"""


def test_a_death_in_the_middle_of_a_write_leaves_nothing_visible(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(bytes(200_000))
    for what in ("put", str(tmp_path / "big")):
        words = [sys.executable, "-c", DIES_WHILE_WRITING, str(tmp_path / "blobs"), what]
        assert subprocess.run(words, cwd=ROOT, check=False).returncode == -signal.SIGXFSZ
    blobs = Blobs(tmp_path / "blobs")
    assert [path.stat().st_size for path in (tmp_path / "blobs" / ".incoming").iterdir()] == [100_000] * 2
    assert list(blobs.all()) == []
    assert not blobs.has(sha256(bytes(200_000)))
    assert blobs.get(blobs.put(bytes(200_000))) == bytes(200_000)


WITHOUT_ROOM = """
import sys, resource
from pathlib import Path
from fenlei.store import Blobs, StoreError

blobs = Blobs(Path(sys.argv[1]))
big = Path(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))  # what a full disk does: a write stops half-way
for put in (lambda: blobs.put_many([b"small", bytes(200_000)]), lambda: blobs.put_file(big)):
    try:
        put()
    except StoreError as exc:
        print(exc)
"""


def test_no_room_is_a_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(bytes(200_000))
    words = [sys.executable, "-c", WITHOUT_ROOM, str(tmp_path / "blobs"), str(tmp_path / "big")]
    said = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, check=True).stdout.splitlines()
    assert said == [f"A blob cannot be written into {tmp_path / 'blobs'}: File too large."] * 2
    assert list(Blobs(tmp_path / "blobs").all()) == []
    assert list((tmp_path / "blobs" / ".incoming").iterdir()) == []


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    blobs = Blobs(tmp_path / "file")
    with pytest.raises(StoreError, match=f"cannot be written into {tmp_path / 'file'}: "):
        blobs.put(b"data")
    with pytest.raises(StoreError, match="cannot be read"):
        Blobs(tmp_path).put_file(tmp_path / "nothing")
    with pytest.raises(StoreError, match="understood"):
        Blobs("gs://bucket")
    with pytest.raises(StoreError, match="names no bucket"):
        Blobs("s3://")


def each_call(blobs: Blobs, file: Path) -> Iterator[Callable[[], object]]:
    yield blobs.check
    yield lambda: blobs.put_many([b"data", b"more"])
    yield lambda: blobs.put_file(file)
    yield lambda: blobs.get(MISSING)
    yield lambda: list(blobs.all())


CLOSE = {"Connection": "close"}
ANSWERS: dict[str, Reply] = {
    "forbidden": (403, CLOSE, b"<Error><Code>AccessDenied</Code><Message>Access Denied.</Message></Error>"),
    "broken": (500, CLOSE, b""),
}


@pytest.mark.parametrize("wrong", ["refused", "no bucket", *ANSWERS])
def test_an_s3_that_cannot_be_used_is_a_sentence_within_seconds(wrong: str, s3: S3, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"file")
    with serving(lambda *_: ANSWERS[wrong]) as server:
        url, access = {
            "refused": ("s3://fenlei", S3Access("http://127.0.0.1:9", "key", "secret")),
            "no bucket": ("s3://nobodys", s3.access),
        }.get(wrong, ("s3://fenlei", S3Access(server.base, "key", "secret")))
        for call in each_call(Blobs(url, access), tmp_path / "file"):
            begin = time.monotonic()
            with pytest.raises(StoreError) as raised:
                call()
            sentence = str(raised.value)
            assert sentence.startswith(f"The S3 bucket {url[5:]} at {access.endpoint} cannot be used: ")
            assert not any(word in sentence for word in ("secret", "Debug", "\n", ".."))
            assert time.monotonic() - begin < 5
