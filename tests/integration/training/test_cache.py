"""Features on disk: found again, whole after a kill, shared by processes."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from fenlei.datasets.fingerprint import Fingerprint
from fenlei.training.cache import FeatureCache, Seen
from fenlei.training.errors import TrainingError

BACKBONE, SPEC, WIDTH = "ab" * 32, "cd" * 32, 12


def seen(number: int) -> Seen:
    rng = np.random.default_rng(number)
    greys = rng.integers(0, 256, 256 + 1024).astype(np.uint8)
    known = Fingerprint(number * 7, 2**64 - 1 - number, greys[:256], greys[256:])
    return Seen(number.to_bytes(32, "big"), known, rng.normal(size=WIDTH).astype(np.float32))


def opened(folder: Path, spec: str = SPEC, width: int = WIDTH) -> FeatureCache:
    return FeatureCache(folder, BACKBONE, spec, width)


def assert_known(cache: FeatureCache, number: int) -> None:
    found, wanted = cache.get(number.to_bytes(32, "big")), seen(number)
    assert found is not None
    assert found.picture == wanted.picture
    assert found.fingerprint[:2] == wanted.fingerprint[:2]
    np.testing.assert_array_equal(found.fingerprint.thumbnail, wanted.fingerprint.thumbnail)
    np.testing.assert_array_equal(found.fingerprint.view, wanted.fingerprint.view)
    np.testing.assert_array_equal(found.features, wanted.features)


def test_what_was_added_is_found_by_the_next_one(tmp_path: Path) -> None:
    first = opened(tmp_path)
    assert first.get(bytes(32)) is None
    first.add([seen(number) for number in range(10)])
    first.add([seen(10)])
    second = opened(tmp_path)
    assert len(second) == 11
    for number in range(11):
        assert_known(second, number)
    assert second.get((99).to_bytes(32, "big")) is None


def test_another_preprocessing_has_another_file(tmp_path: Path) -> None:
    opened(tmp_path).add([seen(1)])
    assert len(opened(tmp_path, spec="ef" * 32)) == 0


def test_records_of_another_version_are_not_misread(tmp_path: Path) -> None:
    """The version before had no views: its records are shorter, and the file is begun anew."""
    cache = opened(tmp_path)
    header = cache.path.read_bytes()
    assert header.startswith(b"FENLEI-FEATURES4")
    short = b"FENLEI-FEATURES1" + header[16:] + bytes(40 * (32 + 8 + 8 + 256 + 4 * WIDTH + 4))
    cache.path.write_bytes(short)
    cache = opened(tmp_path)
    assert len(cache) == 0
    cache.add([seen(3)])
    assert_known(opened(tmp_path), 3)


@pytest.mark.parametrize("lost", [1, 4, 100, 300])
def test_a_record_cut_off_by_a_kill_is_overwritten(tmp_path: Path, lost: int) -> None:
    cache = opened(tmp_path)
    cache.add([seen(1), seen(2)])
    os.truncate(cache.path, cache.path.stat().st_size - lost)
    again = opened(tmp_path)
    assert len(again) == 1
    assert_known(again, 1)
    again.add([seen(3)])
    last = opened(tmp_path)
    assert len(last) == 2
    assert_known(last, 1)
    assert_known(last, 3)


def test_a_record_that_was_changed_on_disk_does_not_count(tmp_path: Path) -> None:
    cache = opened(tmp_path)
    cache.add([seen(1), seen(2)])
    raw = bytearray(cache.path.read_bytes())
    raw[-20] ^= 1
    cache.path.write_bytes(raw)
    again = opened(tmp_path)
    assert again.get((2).to_bytes(32, "big")) is None
    assert_known(again, 1)
    again.add([seen(2)])
    assert_known(opened(tmp_path), 2)


@pytest.mark.parametrize("content", [b"", b"FENLEI", b"something else, and long enough to be taken for a header" * 9])
def test_a_file_that_is_not_ours_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    path = opened(tmp_path).path
    path.write_bytes(content)
    cache = opened(tmp_path)
    assert len(cache) == 0
    cache.add([seen(5)])
    assert_known(opened(tmp_path), 5)


def test_a_folder_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(TrainingError, match="cannot be written"):
        opened(tmp_path / "cache" / "embeddings")


def test_a_writer_waits_for_the_one_that_writes(tmp_path: Path) -> None:
    cache = opened(tmp_path)
    with cache.path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        writer = threading.Thread(target=cache.add, args=([seen(1)],))
        writer.start()
        writer.join(0.2)
        assert writer.is_alive()
        fcntl.flock(other, fcntl.LOCK_UN)
    writer.join(30)
    assert_known(opened(tmp_path), 1)


def _write_for_ever(folder: Path, start: int, step: int, count: int) -> None:
    cache = opened(folder)
    for number in range(start, start + step * count, step):
        cache.add([seen(number)])


def test_two_processes_write_at_once(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_write_for_ever, args=(tmp_path, start, 2, 200)) for start in (0, 1)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    cache = opened(tmp_path)
    assert len(cache) == 400
    for number in range(400):
        assert_known(cache, number)


def test_a_writer_killed_at_any_moment_leaves_a_usable_file(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    writer = spawn.Process(target=_write_for_ever, args=(tmp_path, 0, 1, 10_000_000))
    writer.start()
    path = opened(tmp_path).path
    deadline = time.monotonic() + 30
    while path.stat().st_size < 150_000:
        assert time.monotonic() < deadline, "the writer never wrote"
        assert writer.is_alive()
    assert writer.pid is not None
    os.kill(writer.pid, signal.SIGKILL)
    writer.join(30)
    cache = opened(tmp_path)
    count = len(cache)
    assert count > 50
    for number in range(count):
        assert_known(cache, number)
    cache.add([seen(-1 % 2**60)])
    assert len(opened(tmp_path)) == count + 1
