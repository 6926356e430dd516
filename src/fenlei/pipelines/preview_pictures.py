"""What a person sees of pictures without looking at all of them: how many of what, and a few of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import zip_longest

import msgspec

from fenlei.datasets.version_content import VersionContent, VersionEntry
from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.pictures import content
from fenlei.pipelines.reference import Images, Split

MOST_SHOWN = 24
MOST_LABELS = 500
MOST_NAME_CHARS = 80
"""Of a label and of a picture; what is longer is cut in its middle."""


class ShownPicture(msgspec.Struct, frozen=True, kw_only=True):
    """One picture; its bytes are among the blobs.

    Attributes:
        name: of it.
        sha256: of its file, hex.
        label: its class; None for none.
        part: `train`, `validation` or `test`; None for none.
    """

    name: str
    sha256: str
    label: str | None
    part: str | None


class LabelCount(msgspec.Struct, frozen=True, kw_only=True):
    """Pictures of one label.

    Attributes:
        label: the class; None for pictures that have none.
        pictures: of it.
        parts: of those, how many are in which part; empty where they are in none.
    """

    label: str | None
    pictures: int
    parts: dict[str, int]


class PicturesPreview(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="pictures"):
    """Pictures, or split pictures.

    Attributes:
        pictures: how many there are.
        labels: by class, in class order; of very many those with the most pictures.
        more_labels: how many are not among them.
        shown: a few, spread over labels.
    """

    pictures: int
    labels: list[LabelCount]
    more_labels: int
    shown: list[ShownPicture]


def of_pictures(ctx: NodeContext, reference: Images | Split) -> PicturesPreview:
    """Preview what is behind a reference.

    Raises:
        FenleiError: it is not there any more, or damaged.
    """
    found = content(ctx, reference)
    total = Counter(entry.label for entry in found.entries)
    parts = Counter((entry.label, entry.split) for entry in found.entries if entry.split is not None)
    names = sorted({part for _, part in parts})
    order: list[int | None] = [*range(len(found.labels)), *([None] if total[None] else [])]
    largest = set(sorted(order, key=lambda label: -total[label])[:MOST_LABELS])
    return PicturesPreview(
        pictures=len(found.entries),
        labels=[
            LabelCount(
                label=None if label is None else cut(found.labels[label]),
                pictures=total[label],
                parts={part: parts[label, part] for part in names if parts[label, part]},
            )
            for label in order
            if label in largest
        ],
        more_labels=len(order) - len(largest),
        shown=[shown(found, entry) for entry in spread(found.entries, MOST_SHOWN)],
    )


def shown(found: VersionContent, entry: VersionEntry) -> ShownPicture:
    """One of these pictures."""
    label = found.label_of(entry)
    return ShownPicture(
        name=cut(entry.name), sha256=entry.sha256, label=None if label is None else cut(label), part=entry.split
    )


def spread(entries: Sequence[VersionEntry], most: int) -> list[VersionEntry]:
    """Some of the pictures, of every label as nearly as may be the same number, evenly taken from among its own; label
    by label."""
    of_label: dict[int, list[VersionEntry]] = {}
    for entry in entries:
        of_label.setdefault(-1 if entry.label is None else entry.label, []).append(entry)
    turns = [[number] * min(len(of_label[number]), most) for number in sorted(of_label)]
    taken = [number for turn in zip_longest(*turns) for number in turn if number is not None][:most]
    wanted = Counter(taken)
    return [
        of_label[number][place * len(of_label[number]) // count]
        for number, count in sorted(wanted.items())
        for place in range(count)
    ]


def cut(name: str) -> str:
    """A name that is not too long, with its beginning and its end."""
    half = MOST_NAME_CHARS // 2
    return name if len(name) <= MOST_NAME_CHARS else f"{name[:half]}…{name[-half + 1 :]}"
