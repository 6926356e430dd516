"""The seam: one way of laying out a data set, recognised by looking and read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from fenlei.datasets.importers.finder import Lost
from fenlei.datasets.importers.found import Found
from fenlei.datasets.importers.pile import Pile
from fenlei.datasets.listing import Entry

OWN_FILE = 90
"""A file that this format alone has, and it names the pictures that are there."""
TABLE = 80
FOLDERS = 50
WEAK = 15
"""It could be read like this, but most pictures are named nowhere, or most names lead nowhere."""
LAST = 10

SAMPLE = 200
"""So many references of a manifest are looked up to see whether they lead anywhere."""


@dataclass(frozen=True)
class Fit:
    """How well a format fits, the larger the better; what speaks for it; the manifest that it would be read from."""

    confidence: int
    because: str
    manifest: str = ""


class Importer(Protocol):
    """Reads one format. Recognising and reading open no file but those of the pile, and no picture as a whole. Reading
    what does not fit raises DatasetError with a sentence that says what is needed."""

    def recognise(self, pile: Pile) -> Fit | None:
        """How well the format fits; None where it does not."""
        ...

    def read(self, pile: Pile) -> Found:
        """Everything that is there: each file is found or skipped with its reason, and none is both."""
        ...


def fit_of(pile: Pile, manifest: Entry, references: Sequence[object], named: int, strong: int) -> Fit:
    """How well a manifest fits the pictures beside it.

    Args:
        pile: the files.
        manifest: the one that is asked about.
        references: some of what it names.
        named: how many pictures it names.
        strong: the confidence where it fits.
    """
    because = f"{manifest.name} names {named} of {pile.pictures} pictures" if named else f"{manifest.name} names none"
    if pile.only is not None:
        return Fit(strong, because, manifest.name)
    base = manifest.path[:-1]
    sample = references[:SAMPLE]
    there = sum(not isinstance(pile.finder.find(each, base), Lost) for each in sample)
    there += sum(pile.finder.find(each, base) is Lost.AMBIGUOUS for each in sample)
    fits = there * 2 >= len(sample) and named * 2 >= pile.pictures
    return Fit(strong if fits else WEAK, because, manifest.name)
