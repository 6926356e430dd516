"""A version, or a data set as it is, to take away: a zip of class folders, and a list as CSV. Both are streamed."""

from __future__ import annotations

import io
import zipfile
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO, cast

from fenlei.datasets.csv_text import FORMULA_STARTS, csv_text
from fenlei.datasets.file_names import numbered, safe_segment
from fenlei.datasets.version_content import VersionContent
from fenlei.store import Blobs, Store

UNLABELLED = "_unlabelled"
"""The folder of pictures without a label."""

CSV_COLUMNS = ("name", "label", "split", "group", "sha256", "width", "height", "bytes")

_AHEAD = 8
_NO_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip knows: the same content is the same zip, whenever it is made."""


def download_zip(store: Store, content: VersionContent, *, parts: bool = False) -> Iterator[bytes]:
    """The pictures as a zip of class folders, in pieces; ZIP64 where it has to be. The same content, the same bytes.

    Folders and files have names that every system takes; of two that would be the same on some system, the second
    becomes `name (2)`. Pictures are stored as they are, not packed a second time. About one picture at a time is held.

    Args:
        store: where the blobs are.
        content: `read_version` of a version, or `read_current` of a data set.
        parts: put the parts of the split around the class folders, as `train/cat/1.png`; pictures in no part are in
            `train/`.

    Raises:
        NotFound: a blob is missing; in the middle of the stream.
    """
    names = archive_names(content, parts=parts)
    sink = _Sink()
    with zipfile.ZipFile(cast(BinaryIO, sink), "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, data in zip(names, _read_ahead(store.blobs, [each.sha256 for each in content.entries]), strict=True):
            info = zipfile.ZipInfo(name, _NO_DATE)
            info.create_system = 3  # as on Unix, wherever this runs
            info.external_attr = 0o100644 << 16
            archive.writestr(info, data)
            yield sink.drain()
    yield sink.drain()


def download_csv(content: VersionContent) -> Iterator[str]:
    """The list of pictures as CSV text, in pieces: see `CSV_COLUMNS`.

    Programs read this list, so nothing in it is altered, with one exception: a name that a spreadsheet would take for
    a formula begins with `./`, which is the same path. Labels and groups are as they are.
    """
    yield from csv_text(_rows(content))


def archive_names(content: VersionContent, *, parts: bool = False) -> list[str]:
    """The path of every picture in the zip, in the order of the entries."""
    tops = _Names()
    folders = [tops.take(safe_segment(label)) for label in content.labels]
    beside = tops.take(UNLABELLED) if any(entry.label is None for entry in content.entries) else ""
    taken = _Names()
    names = []
    for entry in content.entries:
        folder = beside if entry.label is None else folders[entry.label]
        if parts:
            folder = f"{entry.split or 'train'}/{folder}"
        names.append(taken.take(f"{folder}/{safe_segment(entry.name.rpartition('/')[2])}"))
    return names


class _Names:
    """Names that are taken, the way file systems compare them that do not tell cases apart."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._next: dict[str, int] = {}

    def take(self, name: str) -> str:
        """This name, or the next free one like it."""
        chosen, key = name, name.casefold()
        number = self._next.get(key, 2)
        while chosen.casefold() in self._taken:
            chosen = numbered(name, number)
            number += 1
        self._next[key] = number
        self._taken.add(chosen.casefold())
        return chosen


class _Sink:
    """What `zipfile` writes into. It may go back to what was not drained yet: to the header of the file it writes."""

    def __init__(self) -> None:
        self._piece = io.BytesIO()
        self._before = 0

    def write(self, data: bytes) -> int:
        return self._piece.write(data)

    def tell(self) -> int:
        return self._before + self._piece.tell()

    def seek(self, position: int, whence: int = io.SEEK_SET) -> int:
        if whence != io.SEEK_SET or position < self._before:
            raise io.UnsupportedOperation("what was sent cannot be written again")
        return self._before + self._piece.seek(position - self._before)

    def flush(self) -> None:
        return

    def drain(self) -> bytes:
        piece = self._piece.getvalue()
        self._before += len(piece)
        self._piece = io.BytesIO()
        return piece


def _read_ahead(blobs: Blobs, digests: Sequence[str]) -> Iterator[bytes]:
    """Blobs in order; the next few are fetched meanwhile, for a store that is far away."""
    waiting: deque[Future[bytes]] = deque()
    with ThreadPoolExecutor(_AHEAD, thread_name_prefix="fenlei-download") as pool:
        try:
            for digest in digests:
                if len(waiting) >= _AHEAD:
                    yield waiting.popleft().result()
                waiting.append(pool.submit(blobs.get, digest))
            while waiting:
                yield waiting.popleft().result()
        finally:
            for each in waiting:
                each.cancel()


def _rows(content: VersionContent) -> Iterator[tuple[object, ...]]:
    yield CSV_COLUMNS
    for entry in content.entries:
        name = f"./{entry.name}" if entry.name.startswith(FORMULA_STARTS) else entry.name
        label, split, group = content.label_of(entry) or "", entry.split or "", entry.group or ""
        yield name, label, split, group, entry.sha256, entry.width, entry.height, entry.bytes
