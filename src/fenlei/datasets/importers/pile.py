"""What was given, as all importers see it, and the questions that several of them ask."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice

import msgspec

from fenlei.datasets.found import DatasetError, Part
from fenlei.datasets.importers.finder import Finder
from fenlei.datasets.importers.text import parsed
from fenlei.datasets.layout import PICTURE_ENDINGS, Layout, read_layout
from fenlei.datasets.listing import Entry, Listing

MOST_MANIFESTS = 50
"""Files that are looked into for being a manifest, those nearest the top; the folder of a million pictures may have a
million texts beside them."""

JSON_ENDINGS = ("json", "jsonl", "ndjson", "jsonlines")
TABLE_ENDINGS = ("csv", "tsv")


class _Task(msgspec.Struct):
    """What tells a Label Studio task from any other object."""

    data: msgspec.Raw = msgspec.Raw()
    annotations: msgspec.Raw = msgspec.Raw()
    completions: msgspec.Raw = msgspec.Raw()
    predictions: msgspec.Raw = msgspec.Raw()


class Pile:
    """Files, and maybe the one among them that was pointed at.

    Attributes:
        called: how errors name what was given.
        listing: the files.
        only: the manifest that was pointed at; then no other file is one.
    """

    def __init__(self, called: str, listing: Listing, only: Entry | None = None) -> None:
        self.called = called
        self.listing = listing
        self.only = only
        self.troubles: dict[str, str] = {}
        """What might have been a manifest, and why it cannot be read."""
        self._shapes: dict[str, str | None] = {}

    @cached_property
    def layout(self) -> Layout:
        """What the folders mean if they mean classes."""
        return read_layout(self.listing, need_train=False)

    @cached_property
    def finder(self) -> Finder:
        return Finder(self.listing, self.layout.inside)

    @cached_property
    def pictures(self) -> int:
        """How many files have the name of a picture."""
        return len(self.listing.entries) - len(self.others)

    @cached_property
    def others(self) -> list[Entry]:
        """Files that have no name of a picture."""
        return [entry for entry in self.listing.entries if entry.ending not in PICTURE_ENDINGS]

    @cached_property
    def _picture_tops(self) -> set[str]:
        """Folders below the wrapping one that hold pictures."""
        depth = len(self.layout.inside)
        pictures = (entry.path for entry in self.listing.entries if entry.ending in PICTURE_ENDINGS)
        return {path[depth] for path in pictures if len(path) > depth + 1}

    def by_folder(self, entry: Entry) -> tuple[str | None, Part | None]:
        """The class and part of a file by its folder; no class where one folder holds all pictures."""
        if not self.layout.parts and len(self._picture_tops) < 2:
            return None, None
        place = self.layout.place(entry)
        return (None, None) if isinstance(place, str) else place

    def manifests(self, endings: Sequence[str]) -> list[Entry]:
        """Files that may be manifests by their ending, those nearest the top first."""
        if self.only is not None:
            return [self.only]
        found = [entry for entry in self.others if entry.ending in endings]
        found.sort(key=lambda entry: (entry.name.count("/"), entry.name))
        return found[:MOST_MANIFESTS]

    def json_of(self, shape: str) -> list[Entry]:
        """The manifests that are JSON of one shape: `coco`, `txfl`, `label-studio` or `records`."""
        return [entry for entry in self.manifests(JSON_ENDINGS) if self._shape(entry) == shape]

    def _shape(self, entry: Entry) -> str | None:
        if entry.name not in self._shapes:
            try:
                self._shapes[entry.name] = _json_shape(entry.read_manifest(), entry.name)
            except DatasetError as exc:
                self._shapes[entry.name] = None
                self.troubles[entry.name] = str(exc)
        return self._shapes[entry.name]


def _json_shape(data: bytes, name: str) -> str | None:
    """Which kind of manifest a JSON file is; None where it is none."""
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start == b"[":
        items = parsed(data, name, list[msgspec.Raw])
        return _array_shape(items)
    if start != b"{":
        return None
    try:
        fields = parsed(data, name, dict[str, msgspec.Raw])
    except DatasetError:
        parsed(data.lstrip().partition(b"\n")[0], name, dict[str, msgspec.Raw])
        return "records"  # one object a line is no JSON as a whole
    arrays = {key for key, value in fields.items() if bytes(value).lstrip()[:1] == b"["}
    if {"images", "categories"} <= arrays or {"images", "annotations"} <= arrays:
        return "coco"
    if "categories" in arrays and "annotations" not in fields:
        return "txfl"
    return "records" if data.count(b"\n", 0, 4096) <= 1 else None


def _array_shape(items: list[msgspec.Raw]) -> str | None:
    for item in islice(_objects(items), 1):
        task = msgspec.json.decode(item, type=_Task)
        if task.data and (task.annotations or task.completions or task.predictions):
            return "label-studio"
    return "records"


def _objects(items: list[msgspec.Raw]) -> Iterator[msgspec.Raw]:
    return (item for item in items if bytes(item).lstrip()[:1] == b"{")
