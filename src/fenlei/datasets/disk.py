"""The files of a folder on disk. Nothing outside it is read, and nothing that is no regular file is waited for."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from fenlei.datasets.found import MAX_PICTURE_BYTES, DatasetError, Skipped, too_large
from fenlei.datasets.listing import Entry, Listing, readable_name, why_hidden, why_unusable


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
    _walk(top, top, (), listing, Disk())
    return listing.in_order()


def list_file(path: Path) -> Listing:
    """One file, as if it lay alone in a folder."""
    disk = Disk()
    name = readable_name(path.name)
    return Listing(entries=[Entry(name, disk, disk.keep(path.resolve()))])


class Disk:
    """Files by their place. A link that came into the place since it was listed is not followed."""

    def __init__(self) -> None:
        self._places: list[str] = []

    def keep(self, place: Path | str) -> int:
        self._places.append(str(place))
        return len(self._places) - 1

    def place(self, key: int) -> Path:
        return Path(self._places[key])

    def head(self, key: int, name: str, size: int) -> bytes:
        return self._bytes(key, name, size)

    def read(self, key: int, name: str, most: int | None) -> bytes:
        most = MAX_PICTURE_BYTES if most is None else most
        data = self._bytes(key, name, most + 1)
        if len(data) > most:
            raise too_large(name, most)
        return data

    def _bytes(self, key: int, name: str, most: int) -> bytes:
        # Not waiting: a pipe put into the file's place would hold us for ever.
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        try:
            number = os.open(self._places[key], flags)
            with os.fdopen(number, "rb") as file:
                about = os.fstat(number)
                if not stat.S_ISREG(about.st_mode):
                    raise DatasetError(f"{name} cannot be read: it is no regular file.")
                # Room is taken for all that is asked for, before it is known how much there is.
                return file.read(min(most, about.st_size + 1))
        except OSError as exc:
            raise DatasetError(f"{name} cannot be read: {exc.strerror}.") from exc


def _walk(folder: Path, top: Path, segments: tuple[str, ...], listing: Listing, disk: Disk) -> None:
    try:
        with os.scandir(folder) as found:
            children = sorted(found, key=lambda child: child.name)
    except OSError as exc:
        listing.skipped.append(Skipped("/".join(segments) + "/", f"the folder cannot be opened: {exc.strerror}"))
        return
    for child in children:
        path = (*segments, readable_name(child.name))
        name = "/".join(path)
        place = child.path
        reason = why_hidden(path[-1:]) or why_unusable(name)
        if reason is None and child.is_symlink():
            target = _target(Path(child.path), top)
            reason = target if isinstance(target, str) else None
            place = str(target)
        if reason is not None:
            listing.skipped.append(Skipped(name, reason))
        elif child.is_dir():
            listing.add_folder(path)
            _walk(Path(child.path), top, path, listing, disk)
        elif child.is_file():
            listing.entries.append(Entry(name, disk, disk.keep(place)))
        else:
            listing.skipped.append(Skipped(name, "it is no regular file"))


def _target(link: Path, top: Path) -> Path | str:
    """The file that a link leads to, or the reason not to follow it."""
    try:
        target = link.resolve(strict=True)
    except (OSError, RuntimeError):
        return "it is a link that leads nowhere"
    if not target.is_relative_to(top):
        return "it is a link that leads out of the folder; such links are not followed"
    if target.is_dir():
        return "it is a link to a folder; put the folder itself here"
    return target
