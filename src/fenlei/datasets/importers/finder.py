"""Find the file that a manifest means, among those that are there. Nothing else is ever opened."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from urllib.parse import unquote

from fenlei.datasets.layout import PICTURE_ENDINGS
from fenlei.datasets.listing import Entry, Listing

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?=//)|data:")
_DRIVE = re.compile(r"[A-Za-z]:")


class Lost(Enum):
    """Why there is no file for what a manifest says; the value is the reason as a person reads it."""

    UNNAMED = "it names no file"
    WEB = "it is an address on the web; nothing is downloaded"
    ABSOLUTE = "it is an absolute path; only files inside the data set are read"
    OUTSIDE = "it leads out of the data set; only files inside it are read"
    MISSING = "it is not there"
    AMBIGUOUS = "several files have this name"
    LEFT_ASIDE = "it is left aside already"


class Finder:
    """Files by what manifests call them.

    A reference is looked up from the manifest's folder, from the wrapping folder and from the top. Then a file counts
    whose path ends with the reference, or the other way round; at last the name without its ending. Upper and lower
    case are told apart only where that decides. What fits several files fits none, unless `hints` (class and part, as
    folder names) tell them apart.
    """

    def __init__(self, listing: Listing, inside: tuple[str, ...] = ()) -> None:
        self._entries = listing.entries
        self._inside = inside
        self._by_name = {entry.name: entry for entry in listing.entries}
        self._aside = {each.name for each in listing.skipped}
        self._by_last: dict[str, list[Entry]] | None = None
        self._by_stem: dict[str, list[Entry]] | None = None

    def find(self, reference: object, base: tuple[str, ...] = (), hints: Sequence[str] = ()) -> Entry | Lost:
        """The file that is meant, or why there is none.

        Args:
            reference: what the manifest says; anything.
            base: the manifest's folder.
            hints: names of folders that the file may lie in.
        """
        if not isinstance(reference, str) or not reference.strip():
            return Lost.UNNAMED
        found = self._find(reference.strip(), base, hints)
        if found is Lost.MISSING and "%" in reference:
            return self._find(unquote(reference.strip()), base, hints)
        return found

    def by_last_name(self, name: str, hints: Sequence[str] = ()) -> Entry | Lost:
        """The one file of this name, in whatever folder."""
        return self._one_of(self._last().get(_key(name), []), (name,), hints)

    def _find(self, reference: str, base: tuple[str, ...], hints: Sequence[str]) -> Entry | Lost:
        if _SCHEME.match(reference):
            return Lost.ABSOLUTE if reference.lower().startswith("file:") else Lost.WEB
        reference = unicodedata.normalize("NFC", reference.replace("\\", "/"))
        if reference.startswith("/") or _DRIVE.match(reference):
            return Lost.ABSOLUTE
        segments = _resolved(base, reference)
        if segments is None:
            return Lost.OUTSIDE
        plain = tuple(part for part in reference.split("/") if part not in {"", "."})
        places = [segments] if ".." in plain else [segments, (*self._inside, *plain), plain]
        for place in places:
            name = "/".join(place)
            if name in self._by_name:
                return self._by_name[name]
            if name in self._aside:
                return Lost.LEFT_ASIDE
        wanted = segments if ".." in plain else plain
        return self._by_end(wanted, hints) if wanted else Lost.UNNAMED

    def _by_end(self, wanted: tuple[str, ...], hints: Sequence[str]) -> Entry | Lost:
        alike = [entry for entry in self._last().get(_key(wanted[-1]), []) if self._ends(entry, wanted)]
        if not alike and wanted[-1].rpartition(".")[2].lower() not in PICTURE_ENDINGS:
            stems = self._stem().get(_key(wanted[-1]), [])
            alike = [entry for entry in stems if self._ends(entry, (*wanted[:-1], entry.path[-1]))]
        return self._one_of(alike, wanted, hints)

    def _ends(self, entry: Entry, wanted: tuple[str, ...]) -> bool:
        """Whether one path ends with the other; the wrapping folder does not count."""
        path = entry.path
        if self._inside and path[: len(self._inside)] == self._inside:
            path = path[len(self._inside) :]
        shorter = min(len(path), len(wanted))
        return [_key(part) for part in path[-shorter:]] == [_key(part) for part in wanted[-shorter:]]

    def _one_of(self, alike: list[Entry], wanted: tuple[str, ...], hints: Sequence[str]) -> Entry | Lost:
        exact = [entry for entry in alike if entry.path[-len(wanted) :] == wanted]
        for choice in (alike, exact, _hinted(exact or alike, hints)):
            if len(choice) == 1:
                return choice[0]
        return Lost.AMBIGUOUS if alike else Lost.MISSING

    def _last(self) -> dict[str, list[Entry]]:
        if self._by_last is None:
            self._by_last = _index(self._entries, lambda last: last)
        return self._by_last

    def _stem(self) -> dict[str, list[Entry]]:
        if self._by_stem is None:
            pictures = (entry for entry in self._entries if entry.ending in PICTURE_ENDINGS)
            self._by_stem = _index(pictures, lambda last: last.rpartition(".")[0])
        return self._by_stem


def _resolved(base: tuple[str, ...], reference: str) -> tuple[str, ...] | None:
    """The place of a reference seen from the top; None where it leads out."""
    place = list(base)
    for part in reference.split("/"):
        if part in {"", "."}:
            continue
        if part != "..":
            place.append(part)
        elif place:
            place.pop()
        else:
            return None
    return tuple(place)


def _hinted(alike: list[Entry], hints: Sequence[str]) -> list[Entry]:
    """Those that lie in a folder that a hint names; each hint that leaves some narrows the choice."""
    for hint in hints:
        wanted = _key(hint)
        alike = [entry for entry in alike if wanted in map(_key, entry.path[:-1])] or alike
    return alike


def _key(name: str) -> str:
    return name.casefold()


def _index(entries: Iterable[Entry], part: Callable[[str], str]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(_key(part(entry.name.rpartition("/")[2])), []).append(entry)
    return found
