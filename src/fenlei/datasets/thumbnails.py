"""Small pictures for lists, made when they are first asked for and kept on disk."""

from __future__ import annotations

import contextlib
import io
import re
import secrets
import threading
from pathlib import Path

from PIL import Image

from fenlei.contract.errors import Refused
from fenlei.imaging import decode_for_training, read_header
from fenlei.imaging.resize import OVERSAMPLE
from fenlei.imaging.sniff import sniff
from fenlei.inference.cores import usable_cores
from fenlei.store import NotFound, Store

SIDES = (64, 128, 256, 512)
"""Pixels of the longer side. Others are rounded up, so that the cache holds few of each picture."""

MEDIA_TYPE = "image/webp"
_QUALITY = 80
_SHA256 = re.compile(r"[0-9a-f]{64}")
_turns = threading.BoundedSemaphore(max(2, usable_cores()))
"""Decoding a large picture holds much memory, and lists ask for many at once."""


def thumbnail(store: Store, cache_folder: Path, sha256: str, side: int) -> bytes:
    """A picture as WebP, upright, shape kept; its longer side is at most `side`, rounded up to one of `SIDES`.

    Safe from many threads and processes. The folder may be removed at any time, and may be full or read-only: then the
    thumbnail is made every time.

    Args:
        store: where the picture's blob is.
        cache_folder: where thumbnails are kept.
        sha256: of the picture's file.
        side: pixels.

    Raises:
        NotFound: there is no such blob.
        Unreadable: it cannot be decoded.
    """
    if not _SHA256.fullmatch(sha256):  # it becomes a path
        raise NotFound(f"There is no blob {sha256[:80]!r}.")
    side = next((each for each in SIDES if each >= side), SIDES[-1])
    path = cache_folder / "thumbnails" / str(side) / sha256[:2] / f"{sha256}.webp"
    with contextlib.suppress(OSError):
        kept = path.read_bytes()
        if _is_whole(kept):
            return kept
    data = store.blobs.get(sha256)
    with _turns:
        made = _small(data, side)
    with contextlib.suppress(OSError):
        _keep(path, made)
    return made


def _small(data: bytes, side: int) -> bytes:
    image = Image.fromarray(decode_for_training(data, _enough(data, side)))
    image.thumbnail((side, side), Image.Resampling.BILINEAR)
    out = io.BytesIO()
    image.save(out, "WEBP", quality=_QUALITY, method=2)
    return out.getvalue()


def _enough(data: bytes, side: int) -> tuple[int, int] | None:
    """(height, width) that the decoder need not go beyond, where it can leave out detail."""
    if sniff(data) not in ("JPEG", "PNG"):
        return None
    try:
        width, height = read_header(data).upright_size
    except Refused:
        return None  # the decoder says it better
    scale = min(1.0, OVERSAMPLE * side / max(width, height))
    return max(1, round(height * scale)), max(1, round(width * scale))


def _is_whole(kept: bytes) -> bool:
    """Whether a file is a WebP to its end: a power cut may leave half of one, which is made anew."""
    return kept[:4] == b"RIFF" and kept[8:12] == b"WEBP" and int.from_bytes(kept[4:8], "little") + 8 == len(kept)


def _keep(path: Path, made: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        beside.write_bytes(made)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
