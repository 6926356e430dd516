"""What is in a version of a data set, and how that is written down: once, and always the same way.

A manifest is JSON Lines. The first line is the header: format, labels in declared order, names of the columns. Each
line after it is a picture, as a list in the order of the columns, labels by their number; pictures are in the order of
their names, by code points. The same content is the same bytes, so the SHA-256 of the manifest names the version. It is
not compressed: other builds of the compressor would write other bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from fenlei.datasets.found import DatasetError

FORMAT = "fenlei-dataset/1"
COLUMNS = ("name", "sha256", "label", "split", "group", "width", "height", "bytes")


class VersionEntry(NamedTuple):
    """One picture of a version. `label` is a number in its labels, None for none; `bytes` is the file's size."""

    name: str
    sha256: str
    label: int | None
    split: str | None
    group: str | None
    width: int
    height: int
    bytes: int


class VersionContent(msgspec.Struct, frozen=True):
    """All that a version holds.

    Attributes:
        labels: in declared order, also those without a picture.
        entries: in the order of their names.
    """

    labels: list[str]
    entries: list[VersionEntry]

    def label_of(self, entry: VersionEntry) -> str | None:
        """The name of a picture's label."""
        return None if entry.label is None else self.labels[entry.label]


class _Header(msgspec.Struct):
    format: str
    labels: list[str]
    columns: list[str]
    pictures: int


def content_of(labels: Sequence[str], entries: Iterable[VersionEntry]) -> VersionContent:
    """Content in its one order."""
    return VersionContent(list(labels), sorted(entries))


def write_manifest(content: VersionContent) -> bytes:
    """The manifest of a content."""
    header = _Header(FORMAT, content.labels, list(COLUMNS), len(content.entries))
    return msgspec.json.Encoder().encode_lines([header, *content.entries])


def read_manifest(data: bytes) -> VersionContent:
    """The content of a manifest.

    Raises:
        DatasetError: it is none, or one of another format.
    """
    first, _, rest = data.partition(b"\n")
    try:
        header = msgspec.json.decode(first, type=_Header)
        if header.format != FORMAT:
            raise DatasetError(f"The manifest is of the format {header.format!r}; this Fenlei reads {FORMAT!r}.")
        entries = msgspec.json.Decoder(VersionEntry).decode_lines(rest)
    except msgspec.MsgspecError as exc:
        raise DatasetError(f"The manifest of the version is damaged: {exc}.") from exc
    if len(entries) != header.pictures:
        raise DatasetError(
            f"The manifest of the version is damaged: it has {len(entries)} pictures of {header.pictures}."
        )
    return VersionContent(header.labels, entries)
