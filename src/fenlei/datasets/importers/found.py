"""What was found, before any of it is in a data set."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from fenlei.datasets.found import Part, Skipped


@dataclass(frozen=True, slots=True)
class FoundFile:
    """One picture on its way into a data set.

    Attributes:
        name: path below what was given, with `/`; unique, at most 1,000 characters, without control characters.
        label: its class, or None where nobody said.
        part: of the split, where somebody said.
        group: pictures that must stay together have the same one.
        read: the file's bytes. Safe to call from many threads; raises DatasetError.
    """

    name: str
    label: str | None
    part: Part | None
    group: str | None
    read: Callable[[], bytes]


@dataclass
class Found(AbstractContextManager["Found"]):
    """Pictures found, but not yet read.

    Attributes:
        format: slug of the format it was read as.
        labels: every class, in the order in which it was declared; ascending by code point where no order was.
        files: sorted by name, or in the order of the manifest.
        skipped: what is left aside, and why; sorted by name.
        notes: sentences for the person who gave it.
        close: lets go of open archives. Reading afterwards raises DatasetError.
    """

    format: str
    labels: list[str]
    files: list[FoundFile]
    skipped: list[Skipped]
    notes: list[str]
    close: Callable[[], None] = field(default=lambda: None)

    def __exit__(self, *args: object) -> None:
        self.close()
