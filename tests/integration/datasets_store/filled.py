"""Data sets with pictures in them, put in by the shortest way."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fenlei.datasets.browse import PictureFilter, browse
from fenlei.datasets.create import create_dataset
from fenlei.imaging import decode_for_training
from fenlei.imaging.errors import Unreadable
from fenlei.store import Store, now
from fenlei.store.tables import Picture


@dataclass(frozen=True)
class Filled:
    """A data set with names for what tests point at."""

    store: Store
    id: str
    labels: dict[str, str]
    numbers: dict[str, int]

    def of(self, *names: str) -> list[int]:
        """Numbers of pictures."""
        return [self.numbers[name] for name in names]

    def pictures(self, wanted: PictureFilter | None = None) -> list[Picture]:
        """What the data set lists."""
        with self.store.reading() as work:
            return browse(work, self.id, wanted, limit=1000).pictures

    def names(self, wanted: PictureFilter | None = None) -> list[str]:
        """The names of what it lists."""
        return [picture.name for picture in self.pictures(wanted)]

    def label_names(self) -> list[str]:
        """Its classes, in order."""
        with self.store.reading() as work:
            return [label.name for label in work.labels.of(self.id)]

    def labelled(self, wanted: PictureFilter | None = None) -> dict[str, str | None]:
        """The class of every picture, by name."""
        with self.store.reading() as work:
            names = {label.id: label.name for label in work.labels.of(self.id)}
        return {
            picture.name: None if picture.label_id is None else names[picture.label_id]
            for picture in self.pictures(wanted)
        }

    def splits(self) -> dict[str, str | None]:
        """The part of every picture, by name."""
        return {picture.name: picture.split for picture in self.pictures()}

    @property
    def revision(self) -> int:
        """As it is now."""
        with self.store.reading() as work:
            return work.datasets.get(self.id).revision


def filled(
    store: Store,
    pictures: Mapping[str, str | None] | Iterable[tuple[str, str | None]],
    *,
    labels: Sequence[str] = (),
    name: str = "animals",
    files: Mapping[str, bytes] | None = None,
    **columns: Mapping[str, Any],
) -> Filled:
    """Make a data set.

    Args:
        store: where.
        pictures: class by name; None for none.
        labels: classes that are declared before those that pictures have.
        name: of the data set.
        files: contents by name; pictures without one have a digest that nothing is behind.
        columns: values by name of picture, for each column.
    """
    dataset = create_dataset(store, name)
    given = dict(pictures)
    contents = files or {}
    digests = dict(zip(contents, store.blobs.put_many(list(contents.values())), strict=True)) if contents else {}
    with store.writing() as work:
        found = work.pictures.declare_labels(dataset.id, [*labels, *(each for each in given.values() if each)])
        rows = []
        for picture, label in given.items():
            size = _size(contents[picture]) if picture in contents else (64, 64)
            row: dict[str, Any] = {
                "dataset_id": dataset.id,
                "name": picture,
                "sha256": digests.get(picture) or hashlib.sha256(picture.encode()).hexdigest(),
                "label_id": found[label] if label else None,
                "width": size[0],
                "height": size[1],
                "bytes": len(contents.get(picture, b"")),
                "format": "PNG",
                "added_at": now(),
                "split": None,
                "given_split": None,
                "group": None,
            }
            rows.append(row | {column: values[picture] for column, values in columns.items() if picture in values})
        numbers = work.pictures.add_many(rows)
    return Filled(store, dataset.id, found, dict(zip(given, numbers, strict=True)))


def _size(data: bytes) -> tuple[int, int]:
    try:
        height, width = decode_for_training(data).shape[:2]
    except Unreadable:
        return 64, 64
    return width, height
