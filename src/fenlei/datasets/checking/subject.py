"""What checks look at, and what they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from fenlei.store.browse import Glance
from fenlei.store.tables import Label, Look


class Found(NamedTuple):
    """Something that a check has to say.

    Attributes:
        picture_id: about this picture; None: about the data set.
        detail: what it is, JSON-ready.
        cluster: number of the pictures that belong together.
    """

    picture_id: int | None
    detail: dict[str, Any]
    cluster: int | None = None


@dataclass(frozen=True)
class Subject:
    """A data set, as much of it as was asked for.

    Attributes:
        pictures: those that are there.
        labels: its classes, in order.
        looks: what decoding showed, by the file's digest; where a check `decodes`.
        near: of each picture the number of its group of look-alikes, None where it has none; where a check `compares`.
    """

    pictures: Sequence[Glance]
    labels: Sequence[Label]
    looks: Mapping[str, Look] = field(default_factory=dict)
    near: Sequence[int | None] = ()


class Check(Protocol):
    """Looks for one kind of trouble.

    Attributes:
        name: of the check, as it is kept.
        decodes: whether it needs every file decoded.
        compares: whether it needs the features of every picture.
    """

    name: str
    decodes: bool
    compares: bool

    def __call__(self, subject: Subject) -> list[Found]:
        """What is wrong, at most one thing with a picture. Changes nothing."""
        ...


def clusters(subject: Subject, marks: Sequence[object]) -> list[list[Glance]]:
    """The pictures of each mark that several have, by first appearance; None marks nothing."""
    found: dict[object, list[Glance]] = {}
    for picture, mark in zip(subject.pictures, marks, strict=True):
        if mark is not None:
            found.setdefault(mark, []).append(picture)
    return [pictures for pictures in found.values() if len(pictures) > 1]


def same_picture(subject: Subject) -> list[object]:
    """Of each picture what its copies share with it: the digest of its pixels, or of its file where it has none."""
    marks: list[object] = []
    for picture in subject.pictures:
        look = subject.looks.get(picture.sha256)
        marks.append((look.pixels if look is not None else None) or picture.sha256)
    return marks
