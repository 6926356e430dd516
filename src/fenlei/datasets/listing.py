"""The files below a folder, as a flat list that looks the same for a folder on disk, a zip and a tar."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from fenlei.datasets.found import DatasetError, Skipped

JUNK = {"thumbs.db", "desktop.ini", ".ds_store", "__macosx"}
"""What Windows and macOS leave in every folder, lower case."""

MAX_NAME = 1000
"""Characters of a path. Longer ones are left aside: nobody could read them in a list."""
MAX_DEPTH = 50
MAX_MANIFEST_BYTES = 512 * 1024 * 1024
MAX_FOLDERS = 1_000_000


class Source(Protocol):
    """Where files lie, each under a number. Safe to call from many threads; raises DatasetError."""

    def read(self, key: int, name: str, most: int | None) -> bytes:
        """The whole file; `name` is what errors call it. Larger ones than `most` are refused; None: than a picture."""
        ...

    def head(self, key: int, name: str, size: int) -> bytes:
        """Its first bytes, at most `size`."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """One file: its path below the folder, NFC, with `/`, and a way to its bytes."""

    name: str
    source: Source
    key: int

    @property
    def path(self) -> tuple[str, ...]:
        return tuple(self.name.split("/"))

    @property
    def ending(self) -> str:
        """What follows the last dot of its name, lower case; empty without one."""
        last = self.name.rpartition("/")[2]
        return last.rpartition(".")[2].lower() if "." in last else ""

    def head(self, size: int = 32) -> bytes:
        return self.source.head(self.key, self.name, size)

    def read(self) -> bytes:
        return self.source.read(self.key, self.name, None)

    def read_manifest(self) -> bytes:
        """The whole file, where it may be larger than a picture."""
        return self.source.read(self.key, self.name, MAX_MANIFEST_BYTES)


@dataclass
class Listing:
    """Every file below a folder. `folders` also names those that are empty; `notes` are for the person who gave it."""

    entries: list[Entry] = field(default_factory=list)
    folders: set[tuple[str, ...]] = field(default_factory=set)
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    close: Callable[[], None] = field(default=lambda: None)

    def add_folder(self, path: tuple[str, ...]) -> None:
        """A folder and those around it."""
        while path and path not in self.folders:
            if len(self.folders) >= MAX_FOLDERS:
                raise DatasetError(f"There are more than {MAX_FOLDERS} folders; at most that many are allowed.")
            self.folders.add(path)
            path = path[:-1]

    def in_order(self) -> Listing:
        """Sorted by name. Of files of one name the last stays, as it does where an archive is unpacked."""
        self.entries.sort(key=lambda entry: entry.name)
        kept: list[Entry] = []
        for entry in self.entries:
            if kept and kept[-1].name == entry.name:
                self.skipped.append(Skipped(entry.name, "another file has the same name, and that one is taken"))
                kept.pop()
            kept.append(entry)
        self.entries = kept
        return self


class Filing:
    """Puts the names of an archive, as they come, where they belong in a listing: folder, file or left aside."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        self._cleaned: dict[str, tuple[str, str | None]] = {"": ("", None)}
        self._added = {""}

    def file(self, name: str, source: Source, key: int, reason: str | None = None) -> None:
        """A file of an archive; with a reason, one that is left aside. No name leads out: `..` is dropped."""
        parent, _, last = name.rpartition("/")
        above, why = self._clean(parent)
        if last in {"", ".", ".."}:
            return
        last = unicodedata.normalize("NFC", last)
        full = f"{above}/{last}" if above else last
        reason = why or why_hidden((last,)) or reason or why_unusable(full)
        if reason is not None:
            self._listing.skipped.append(Skipped(full, reason))
            return
        self._listing.entries.append(Entry(full, source, key))
        self._add(above)

    def folder(self, name: str) -> None:
        """A folder of an archive, maybe an empty one."""
        clean, why = self._clean(name.rstrip("/"))
        if why is None:
            self._add(clean)

    def _clean(self, name: str) -> tuple[str, str | None]:
        """A folder's path as it is shown, and the reason to leave aside what is in it."""
        known = self._cleaned.get(name)
        if known is None:
            segments = [unicodedata.normalize("NFC", part) for part in name.split("/") if part not in {"", ".", ".."}]
            clean = "/".join(segments)
            known = self._cleaned[name] = (clean, why_hidden(tuple(segments)) or why_unusable(clean))
        return known

    def _add(self, clean: str) -> None:
        if clean not in self._added:
            self._added.add(clean)
            self._listing.add_folder(tuple(clean.split("/")))


def why_hidden(segments: tuple[str, ...]) -> str | None:
    """The reason to leave a path aside because of its name alone, or None."""
    for segment in segments:
        if segment.lower() in JUNK:
            return f"{segment} is written by the operating system, it is no picture"
        if segment.startswith("."):
            return f"{segment} is hidden (its name starts with a dot)"
    return None


def why_unusable(name: str) -> str | None:
    """The reason to leave a path aside because it is too long or too deep, or None."""
    if len(name) > MAX_NAME:
        return f"its path is longer than {MAX_NAME} characters"
    if name.count("/") >= MAX_DEPTH:
        return f"it lies more than {MAX_DEPTH} folders deep"
    return None


def readable_name(name: str) -> str:
    """A path segment as text, NFC: bytes that are no UTF-8 are read as GBK, and shown as escapes where that fails.

    Args:
        name: as `os.fsdecode` gives it, bytes that are no UTF-8 as lone surrogates.
    """
    if name.isascii():
        return name
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raw = name.encode("utf-8", "surrogateescape")
        try:
            name = raw.decode("gb18030")
        except UnicodeDecodeError:
            name = raw.decode("utf-8", "backslashreplace")
    return unicodedata.normalize("NFC", name)
