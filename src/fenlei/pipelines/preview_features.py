"""Features as a flat map: pictures that a backbone finds alike lie close together."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.pictures import content
from fenlei.pipelines.preview_pictures import cut, spread
from fenlei.pipelines.reference import Features

MOST_POINTS = 500
_MOST_BYTES = 80_000
"""Of the names of all points and their labels together."""


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """A picture on the map.

    Attributes:
        name: of it.
        sha256: of its file, hex.
        label: place of its class among the labels; None for none.
        x: along the direction in which the pictures differ most.
        y: along the second.
    """

    name: str
    sha256: str
    label: int | None
    x: float
    y: float


class FeaturesPreview(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="features"):
    """Features of pictures, projected to two numbers each by principal components (Pearson 1901).

    Attributes:
        backbone: its name.
        size: side of its input in pixels.
        width: numbers of each picture.
        pictures: of the split.
        labels: the classes of the points.
        points: some of the pictures, spread over labels; none where the cache of features does not have them any more.
        explained: share of what the pictures differ by that lies along x, and along y.
    """

    backbone: str
    size: int
    width: int
    pictures: int
    labels: list[str]
    points: list[Point]
    explained: tuple[float, float]


def of_features(ctx: NodeContext, reference: Features) -> FeaturesPreview:
    """Preview features, as far as they are in the cache; no network is run.

    Raises:
        FenleiError: the pictures are not there any more.
    """
    found = content(ctx, reference.split)
    chosen = spread(found.entries, MOST_POINTS)
    rows = _rows(ctx, reference, [entry.sha256 for entry in chosen])
    there = [(entry, row) for entry, row in zip(chosen, rows, strict=True) if row is not None]
    while sum(_bytes(entry.name, found.label_of(entry)) for entry, _ in there) > _MOST_BYTES:
        there = there[::2]
    places, explained = _flat(np.array([row for _, row in there], np.float64).reshape(len(there), reference.width))
    used = sorted({entry.label for entry, _ in there if entry.label is not None})
    number = {label: place for place, label in enumerate(used)}
    return FeaturesPreview(
        backbone=reference.backbone,
        size=reference.size,
        width=reference.width,
        pictures=len(found.entries),
        labels=[cut(found.labels[label]) for label in used],
        points=[
            Point(
                name=cut(entry.name),
                sha256=entry.sha256,
                label=None if entry.label is None else number[entry.label],
                x=round(float(place[0]), 5),
                y=round(float(place[1]), 5),
            )
            for (entry, _), place in zip(there, places, strict=True)
        ],
        explained=explained,
    )


def _rows(ctx: NodeContext, reference: Features, digests: list[str]) -> list[NDArray[np.float32] | None]:
    """Features by the cache; None for each that is not in it."""
    from fenlei.backbones import find_backbone
    from fenlei.inference.gpu import resolved
    from fenlei.training.look import shelf_of
    from fenlei.training.plan import input_spec, make_plan

    split = reference.split
    plan = make_plan("fast", None, cache=ctx.cache, backbone=reference.backbone, size=split.size, policy=split.policy)
    view = plan.views[0]
    backbone = find_backbone(view.backbones[0], size=view.size, cache=ctx.cache)
    if backbone is None:
        return [None] * len(digests)
    shelf = shelf_of(ctx.cache, backbone, input_spec(backbone.size, view.policy), None, resolved(ctx.engine))
    seen = [shelf.get(bytes.fromhex(digest)) for digest in digests]
    return [None if each is None else each.features for each in seen]


def _bytes(name: str, label: str | None) -> int:
    return len(cut(name).encode()) + len(cut(label or "").encode())


def _flat(rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], tuple[float, float]]:
    """(n, 2) places of (n, d) rows, the largest to the right and above, and the shares that they explain."""
    if not len(rows):
        return np.zeros((0, 2)), (0.0, 0.0)
    centred = rows - rows.mean(axis=0)
    # The products of the pictures are far fewer than the numbers of each; both have the same components.
    values, vectors = np.linalg.eigh(centred @ centred.T)
    values, vectors = np.clip(values[::-1], 0, None), vectors[:, ::-1]
    places = np.zeros((len(rows), 2))
    count = min(2, len(rows))
    places[:, :count] = vectors[:, :count] * np.sqrt(values[:count])
    places *= np.where(places[np.abs(places).argmax(axis=0), [0, 1]] < 0, -1, 1)
    shares = np.zeros(2)
    if values.sum() > 0:
        shares[:count] = values[:count] / values.sum()
    return places, (round(float(shares[0]), 5), round(float(shares[1]), 5))
