"""Files that lie nowhere, for importers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fenlei.datasets.importers.pile import Pile
from fenlei.datasets.listing import Filing, Listing

PICTURE = b"\xff\xd8\xff\xe0"


class Memory:
    """Files by number."""

    def __init__(self, files: Iterable[bytes]) -> None:
        self._files = list(files)

    def read(self, key: int, name: str, most: int | None) -> bytes:
        return self._files[key]

    def head(self, key: int, name: str, size: int) -> bytes:
        return self._files[key][:size]


def listing(files: Mapping[str, bytes]) -> Listing:
    """A listing of these files."""
    found = Listing()
    filing, memory = Filing(found), Memory(files.values())
    for key, name in enumerate(files):
        filing.file(name, memory, key)
    return found.in_order()


def pile(files: Mapping[str, bytes]) -> Pile:
    """The same, as importers see it."""
    return Pile("set", listing(files))
