"""Small pictures are made once, and made again whenever the cache is not what it was."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from fenlei.datasets.thumbnails import MEDIA_TYPE, thumbnail
from fenlei.imaging import Unreadable
from fenlei.store import NotFound, Store
from tests.support.drawing import encoded, image, jpeg, lying, opened, orientation, png


def kept_in(folder: Path) -> list[Path]:
    return sorted(each for each in folder.rglob("*") if each.is_file())


def test_a_thumbnail_is_small_upright_and_keeps_its_shape(sqlite_store: Store, tmp_path: Path) -> None:
    upright = image(300, 600)
    stored = jpeg_of(lying(upright, 6), 6)
    made = opened(thumbnail(sqlite_store, tmp_path, sqlite_store.blobs.put(stored), 128))
    assert (made.format, f"image/{(made.format or '').lower()}") == ("WEBP", MEDIA_TYPE)
    assert made.size == (64, 128)
    expected = upright.resize((64, 128))
    difference = [abs(a - b) for a, b in zip(made.convert("RGB").tobytes(), expected.tobytes(), strict=True)]
    assert sum(difference) / len(difference) < 6


def jpeg_of(picture: Image.Image, number: int) -> bytes:
    return encoded(picture, "JPEG", exif=orientation(number), quality=95)


@pytest.mark.parametrize(("asked", "side"), [(1, 64), (64, 64), (65, 128), (300, 512), (5000, 512)])
def test_sides_are_rounded_up_to_few(sqlite_store: Store, tmp_path: Path, asked: int, side: int) -> None:
    digest = sqlite_store.blobs.put(png(1200, 600))
    assert opened(thumbnail(sqlite_store, tmp_path, digest, asked)).size == (side, side // 2)


def test_small_pictures_stay_as_they_are(sqlite_store: Store, tmp_path: Path) -> None:
    assert opened(thumbnail(sqlite_store, tmp_path, sqlite_store.blobs.put(png(31, 30)), 256)).size == (31, 30)
    bitmap = encoded(image(2000, 1), "BMP")
    assert opened(thumbnail(sqlite_store, tmp_path, sqlite_store.blobs.put(bitmap), 64)).size == (64, 1)


def test_it_is_made_once_and_then_taken_from_disk(sqlite_store: Store, tmp_path: Path) -> None:
    digest = sqlite_store.blobs.put(jpeg(640, 480))
    made = thumbnail(sqlite_store, tmp_path, digest, 128)
    sqlite_store.blobs.remove([digest])
    assert thumbnail(sqlite_store, tmp_path, digest, 128) == made
    assert len(kept_in(tmp_path / "thumbnails")) == 1


def test_the_cache_may_go_or_be_damaged_at_any_time(sqlite_store: Store, tmp_path: Path) -> None:
    digest = sqlite_store.blobs.put(jpeg(640, 480))
    made = thumbnail(sqlite_store, tmp_path / "cache", digest, 128)
    (path,) = kept_in(tmp_path / "cache")
    for damaged in (b"", made[:100], made + b"x", b"no picture at all"):
        path.write_bytes(damaged)
        assert thumbnail(sqlite_store, tmp_path / "cache", digest, 128) == made
        assert path.read_bytes() == made
    shutil.rmtree(tmp_path / "cache")
    assert thumbnail(sqlite_store, tmp_path / "cache", digest, 128) == made


def test_a_cache_that_cannot_be_written_costs_time_only(sqlite_store: Store, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("this is a file where a folder should be")
    digest = sqlite_store.blobs.put(jpeg(640, 480))
    assert opened(thumbnail(sqlite_store, tmp_path / "cache", digest, 128)).size == (128, 96)


def test_many_who_ask_at_once_get_whole_pictures(store: Store, tmp_path: Path) -> None:
    digests = store.blobs.put_many([jpeg(640, 480, seed=number) for number in range(3)])
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda digest: (digest, thumbnail(store, tmp_path, digest, 128)), digests * 8))
    assert len(set(made)) == 3
    assert len(kept_in(tmp_path / "thumbnails")) == 3, "and nothing half-written is left"


@pytest.mark.parametrize("digest", ["0" * 64, "../../etc/passwd", "", "A" * 64, "0" * 63])
def test_what_is_no_blob_is_not_found(sqlite_store: Store, tmp_path: Path, digest: str) -> None:
    with pytest.raises(NotFound):
        thumbnail(sqlite_store, tmp_path, digest, 64)


def test_no_digest_leads_out_of_the_cache(sqlite_store: Store, tmp_path: Path) -> None:
    secret = thumbnail(sqlite_store, tmp_path / "a" / "b" / "cache", sqlite_store.blobs.put(png(40, 40)), 64)
    (tmp_path / "a" / "secret.webp").write_bytes(secret)
    (tmp_path / "a" / "b" / "cache" / "thumbnails" / "64").mkdir(parents=True, exist_ok=True)
    for steps in range(1, 7):
        with pytest.raises(NotFound):
            thumbnail(sqlite_store, tmp_path / "a" / "b" / "cache", "../" * steps + "secret", 64)


def test_what_is_no_picture_is_a_sentence(sqlite_store: Store, tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="no picture"):
        thumbnail(sqlite_store, tmp_path, sqlite_store.blobs.put(b"text"), 64)
    half = jpeg(640, 480)
    with pytest.raises(Unreadable):
        thumbnail(sqlite_store, tmp_path, sqlite_store.blobs.put(half[:1000]), 64)
    assert kept_in(tmp_path / "thumbnails") == []
