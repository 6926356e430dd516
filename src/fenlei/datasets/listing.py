"""The files below a folder, as a flat list that looks the same for a folder on disk and for a zip."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fenlei.datasets.found import MAX_PICTURE_BYTES, DatasetError, Skipped

JUNK = {"thumbs.db", "desktop.ini", ".ds_store", "__macosx"}
"""What Windows and macOS leave in every folder, lower case."""


@dataclass(frozen=True)
class Entry:
    """One file: the segments of its path, a way to its first bytes, a way to all of them."""

    path: tuple[str, ...]
    head: Callable[[], bytes]
    read: Callable[[], bytes]


@dataclass
class Listing:
    """Every file below a folder. `folders` also names those that are empty."""

    entries: list[Entry] = field(default_factory=list)
    folders: set[tuple[str, ...]] = field(default_factory=set)
    skipped: list[Skipped] = field(default_factory=list)
    close: Callable[[], None] = field(default=lambda: None)


def list_folder(root: Path) -> Listing:
    """List a folder on disk. Links that lead out of it, and links to folders, are not followed.

    Raises:
        DatasetError: the folder itself cannot be opened.
    """
    listing = Listing()
    top = root.resolve()
    try:
        with os.scandir(top):
            pass
    except OSError as exc:
        raise DatasetError(f"{root} cannot be opened: {exc.strerror}.") from exc
    _walk(top, top, (), listing)
    return listing


def why_hidden(segments: tuple[str, ...]) -> str | None:
    """The reason to leave a path aside because of its name alone, or None."""
    for segment in segments:
        if segment.lower() in JUNK:
            return f"{segment} is written by the operating system, it is no picture"
        if segment.startswith("."):
            return f"{segment} is hidden (its name starts with a dot)"
    return None


def readable_name(name: str) -> str:
    """A path segment as text, NFC: bytes that are no UTF-8 are read as GBK, and shown as escapes where that fails."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raw = os.fsencode(name)
        try:
            name = raw.decode("gb18030")
        except UnicodeDecodeError:
            name = raw.decode("utf-8", "backslashreplace")
    return unicodedata.normalize("NFC", name)


def _walk(folder: Path, top: Path, segments: tuple[str, ...], listing: Listing) -> None:
    try:
        with os.scandir(folder) as found:
            children = sorted(found, key=lambda child: child.name)
    except OSError as exc:
        listing.skipped.append(Skipped("/".join(segments) + "/", f"the folder cannot be opened: {exc.strerror}"))
        return
    for child in children:
        path = (*segments, readable_name(child.name))
        name = "/".join(path)
        reason = why_hidden(path[-1:])
        if reason is None and child.is_symlink():
            reason = _why_not_followed(Path(child.path), top)
        if reason is not None:
            listing.skipped.append(Skipped(name, reason))
        elif child.is_dir():
            listing.folders.add(path)
            _walk(Path(child.path), top, path, listing)
        elif child.is_file():
            listing.entries.append(_entry(Path(child.path), path))
        else:
            listing.skipped.append(Skipped(name, "it is no regular file"))


def _why_not_followed(link: Path, top: Path) -> str | None:
    try:
        target = link.resolve(strict=True)
    except (OSError, RuntimeError):
        return "it is a link that leads nowhere"
    if not target.is_relative_to(top):
        return "it is a link that leads out of the folder; such links are not followed"
    if target.is_dir():
        return "it is a link to a folder; put the folder itself here"
    return None


def _entry(path: Path, segments: tuple[str, ...]) -> Entry:
    name = "/".join(segments)

    def read(limit: int | None = None) -> bytes:
        try:
            with path.open("rb") as file:
                data = file.read(MAX_PICTURE_BYTES + 1 if limit is None else limit)
        except OSError as exc:
            raise DatasetError(f"{name} cannot be read: {exc.strerror}.") from exc
        if len(data) > MAX_PICTURE_BYTES:
            raise DatasetError(
                f"{name} is larger than {MAX_PICTURE_BYTES // 1024**2} MiB, the most a picture may have."
            )
        return data

    return Entry(segments, lambda: read(32), read)
