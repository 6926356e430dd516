"""What looking into a folder finds: pictures with their class, and everything else with a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType

from fenlei.contract.errors import FenleiError

MAX_PICTURE_BYTES = 128 * 1024 * 1024
"""Larger files are skipped: no picture one trains on needs them, and they would have to be held in memory whole."""


class DatasetError(FenleiError):
    """A folder or zip cannot be read as pictures in class folders."""


def too_large(name: str, most: int) -> DatasetError:
    """The refusal of a file that has more than so many bytes."""
    return DatasetError(f"{name} is larger than {most // 1024**2} MiB, the most such a file may have.")


class Part(StrEnum):
    """The part of a data set that a picture was put into by whoever made the folder."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Item:
    """One file that may be a picture.

    Attributes:
        name: path below the folder that was given, with `/`.
        label: its class, Unicode NFC.
        part: where DIR has `train/` and `test/`; None where it has class folders only.
        read: the file's bytes. Safe to call from many threads; raises DatasetError.
        group: pictures of one group show the same thing, and stay on one side of every split; None: of no group.
    """

    name: str
    label: str
    part: Part | None
    read: Callable[[], bytes]
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that is left aside, and the sentence that says why."""

    name: str
    reason: str


def why_skipped(skipped: Sequence[Skipped], limit: int = 3) -> str:
    """The most frequent reasons for leaving files aside, as sentences to put behind a refusal; empty without any."""
    first: dict[str, str] = {}
    counts = Counter(each.reason for each in skipped)
    for each in skipped:
        first.setdefault(each.reason, each.name)
    told = [
        f" {first[reason]}{f' and {count - 1} more' if count > 1 else ''} left aside: {reason.rstrip('.')}."
        for reason, count in counts.most_common(limit)
    ]
    return "".join(told)


@dataclass
class FoundPictures(AbstractContextManager["FoundPictures"]):
    """Pictures in class folders, found but not yet read.

    Attributes:
        labels: every class that may be learned, in ascending code-point order, also those with an empty folder.
        items: sorted by name.
        skipped: sorted by name.
        close: lets go of the zip file, if there is one. Reading afterwards raises DatasetError.
    """

    labels: list[str]
    items: list[Item]
    skipped: list[Skipped]
    close: Callable[[], None] = field(default=lambda: None)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
