"""What a check is: it looks at a survey of a data set and says what is wrong, and how that is put right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from fenlei.datasets.checking.survey import Survey
from fenlei.store.findings import Flagged


class Need(StrEnum):
    """What a check must know beyond names, classes and sizes."""

    LOOKS = "looks"
    """Every file decoded to its last pixel."""

    FEATURES = "features"
    """The features of every picture by a backbone."""


class Remedy(StrEnum):
    """What is done to pictures to put something right."""

    REMOVE = "remove"
    UNLABEL = "unlabel"


@dataclass(frozen=True)
class Found:
    """One finding.

    Attributes:
        picture: its number; None where the finding is about the data set.
        cluster: pictures with the same number belong together.
        detail: what there is to say, JSON-ready.
    """

    picture: int | None
    cluster: int | None = None
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Mending:
    """How findings are put right.

    Attributes:
        remedy: what is done.
        pictures: numbers of those it is done to.
        left: clusters that a person must decide about; nothing is done there.
    """

    remedy: Remedy
    pictures: list[int]
    left: frozenset[int] = frozenset()


class Check(Protocol):
    """One kind of thing that can be wrong with pictures. It keeps nothing: the same survey gives the same findings,
    in the same order, those of a cluster one after the other, and at most one about each picture."""

    @property
    def name(self) -> str:
        """As people and programs call it, at most 24 characters."""

    @property
    def needs(self) -> frozenset[Need]:
        """What the survey must hold."""

    @property
    def advice(self) -> str:
        """What can be done about it: what the fix does, and what a person can do."""

    def find(self, survey: Survey) -> Iterable[Found]:
        """What is wrong."""

    def mend(self, flagged: Sequence[Flagged], now: Callable[[], Survey]) -> Mending:
        """How to put it right.

        Args:
            flagged: the pictures with an open finding that are still there, as they are now, by number.
            now: gives the whole data set as it is now, without looks and features; for findings about all of it.
        """
