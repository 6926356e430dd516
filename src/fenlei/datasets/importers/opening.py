"""Open what was given, whatever it is: a folder, an archive, a manifest, a picture, or files that were sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from fenlei.datasets.disk import Disk, list_file, list_folder
from fenlei.datasets.found import DatasetError, Skipped
from fenlei.datasets.importers.pile import JSON_ENDINGS, TABLE_ENDINGS, Pile
from fenlei.datasets.layout import PICTURE_ENDINGS
from fenlei.datasets.listing import Entry, Filing, Listing
from fenlei.datasets.packed import first_bytes, is_packed, list_packed
from fenlei.datasets.tar_headers import BLOCK
from fenlei.imaging.sniff import sniff

_MANIFEST_ENDINGS = (*JSON_ENDINGS, *TABLE_ENDINGS, "txt")


def open_path(path: Path, scratch: Path | None) -> Pile:
    """What is at a path of this machine.

    Raises:
        DatasetError: there is nothing, or nothing that can be read.
    """
    if not path.exists():
        raise DatasetError(f"{path} does not exist.")
    if path.is_dir():
        return Pile(str(path), _with_archives(list_folder(path), scratch))
    head = first_bytes(path)
    if is_packed(head):
        return Pile(str(path), list_packed(path, scratch))
    ending = path.suffix[1:].lower()
    if ending in PICTURE_ENDINGS or sniff(head) not in {None, "BMP"}:
        return Pile(str(path), list_file(path))
    if ending in _MANIFEST_ENDINGS:
        listing = list_folder(path.parent)
        only = next((entry for entry in listing.entries if entry.name == list_file(path).entries[0].name), None)
        if only is not None:
            return Pile(str(path), listing, only)
    raise DatasetError(
        f"{path} is no folder, zip, tar, picture or manifest (.csv, .tsv, .json, .jsonl) that can be read."
    )


def open_sent(files: Sequence[tuple[str, Path]], scratch: Path | None) -> Pile:
    """Files that somebody sent, each by the name it was sent under, wherever it lies now.

    Raises:
        DatasetError: an archive among them cannot be read.
    """
    called = files[0][0] if len(files) == 1 else "What was sent"
    listing = Listing()
    filing, disk = Filing(listing), Disk()
    for name, path in files:
        filing.file(name.replace("\\", "/"), disk, disk.keep(path))
    return Pile(called, _with_archives(listing.in_order(), scratch))


def _with_archives(listing: Listing, scratch: Path | None) -> Listing:
    """Where archives lie at the top, and no pictures or folders beside them, what is in them counts: the only one as if
    it were the folder, several each as a folder of its name."""
    if listing.folders or any(entry.ending in PICTURE_ENDINGS for entry in listing.entries):
        return listing
    archives = [(entry, disk) for entry in listing.entries if (disk := _archive_on(entry)) is not None]
    names = {entry.name for entry, _ in archives}
    others = [entry for entry in listing.entries if entry.name not in names]
    if not archives:
        return listing
    opened: list[Listing] = []
    try:
        opened.extend(_opened(disk.place(entry.key), entry.name, scratch) for entry, disk in archives)
    except BaseException:
        _closing(opened)()
        raise
    merged = Listing(others, set(), list(listing.skipped), list(listing.notes), _closing(opened))
    for (entry, _), inner in zip(archives, opened, strict=True):
        _merge(merged, inner, "" if len(archives) == 1 else entry.name.partition(".")[0])
    return merged.in_order()


def _archive_on(entry: Entry) -> Disk | None:
    """The disk that a file lies on, if it is an archive at the top."""
    if "/" in entry.name or not isinstance(entry.source, Disk):
        return None
    try:
        return entry.source if is_packed(entry.head(BLOCK)) else None
    except DatasetError:
        return None


def _opened(place: Path, name: str, scratch: Path | None) -> Listing:
    try:
        return list_packed(place, scratch)
    except DatasetError as exc:
        # Whoever sent it knows it by its name, not by where it was laid down.
        raise DatasetError(str(exc).replace(str(place), name)) from exc


def _merge(merged: Listing, inner: Listing, folder: str) -> None:
    """Put the files of an archive below a folder."""
    above = f"{folder}/" if folder else ""
    merged.entries += [Entry(above + entry.name, entry.source, entry.key) for entry in inner.entries]
    merged.skipped += [Skipped(above + each.name, each.reason) for each in inner.skipped]
    merged.notes += inner.notes
    for path in inner.folders:
        merged.add_folder((folder, *path) if folder else path)
    if folder:
        merged.add_folder((folder,))


def _closing(listings: Sequence[Listing]) -> Callable[[], None]:
    def close() -> None:
        for listing in listings:
            listing.close()

    return close
