"""Names of files: as a stranger sent them, as they are kept, and as any system can unpack them."""

from __future__ import annotations

import re
import unicodedata

from fenlei.datasets.create import BadValue

MOST_NAME_CHARS = 1_000
"""What the store keeps of a name."""

MOST_SEGMENT_BYTES = 240
"""Of a path segment in an archive we write: file systems take 255, and a number may have to fit in front."""

_DRIVE = re.compile(r"^[A-Za-z]:(?=/|$)")
_RESERVED = re.compile(r"^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\.|$)", re.IGNORECASE)
_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')
_HIDDEN_KINDS = {"Cc", "Cs", "Zl", "Zp"}


def kept_name(name: str) -> str:
    """A name as the store can keep and a terminal can show it: NFC, control characters and half characters as `_`."""
    return "".join(
        "_" if unicodedata.category(each) in _HIDDEN_KINDS else each for each in unicodedata.normalize("NFC", name)
    )


def sent_name(name: str) -> str:
    """The name of a file that somebody sends: a path below nowhere, with `/`. It never becomes a path on our disk.

    Raises:
        BadValue: nothing is left of it, or it is too long.
    """
    parts = _DRIVE.sub("", kept_name(name).replace("\\", "/")).split("/")
    cleaned = "/".join(part for part in parts if part.strip() not in {"", ".", ".."})
    allowed = f"1 to {MOST_NAME_CHARS} characters, as `cat/1.jpg`"
    if not cleaned:
        raise BadValue(f"The name {name!r} names no file; {allowed}.", "name", allowed)
    if len(cleaned) > MOST_NAME_CHARS:
        raise BadValue(f"The name of the file has {len(cleaned)} characters; {allowed}.", "name", allowed)
    return cleaned


def numbered(name: str, number: int, most: int = MOST_NAME_CHARS) -> str:
    """The name with ` (2)` before its ending: what a second file of that name is called."""
    folder, slash, last = name.rpartition("/")
    stem, ending = split_ending(last)
    mark = f" ({number}){ending}"
    return f"{folder}{slash}{stem}"[: most - len(mark)] + mark


def split_ending(name: str) -> tuple[str, str]:
    """A file's name in two: `1.tar` and `.gz`. What begins with a dot, or ends in a long word, has no ending."""
    stem, dot, ending = name.rpartition(".")
    return (stem, dot + ending) if stem and 0 < len(ending) <= 10 else (name, "")


def safe_segment(name: str) -> str:
    """A name that Windows, macOS and Linux can give a file or folder, and that no importer takes for hidden."""
    cleaned = _FORBIDDEN.sub("_", kept_name(name)).rstrip(". ").lstrip(" ")
    if not cleaned or cleaned.startswith(".") or _RESERVED.match(cleaned):
        cleaned = f"_{cleaned}"
    stem, ending = split_ending(cleaned)
    while len((stem + ending).encode()) > MOST_SEGMENT_BYTES:
        stem = stem[:-1].rstrip(". ")
    return stem + ending
