"""Look through the pictures of a data set: by page, by filter, in numbers."""

from __future__ import annotations

from dataclasses import dataclass, field

from fenlei.store import Work
from fenlei.store.selection import NO_SPLIT, PictureFilter
from fenlei.store.tables import Picture

__all__ = ["NO_SPLIT", "Counts", "Page", "PictureFilter", "browse", "counts"]

MOST_ON_A_PAGE = 1000


@dataclass(frozen=True)
class Page:
    """A page of pictures.

    Attributes:
        pictures: in order.
        next: the cursor of the next page; None where this is the last.
        total: how many pictures the filter lets through, on all pages.
    """

    pictures: list[Picture]
    next: int | None
    total: int


@dataclass(frozen=True)
class Counts:
    """How many pictures a data set has, removed ones aside.

    Attributes:
        total: all.
        removed: those that were removed.
        unlabelled: those without a class.
        labels: by id of the class, in the order of the classes; those without pictures too.
        splits: by part; pictures in no part count under `none`.
        cells: by id of the class (None: without one), then by part.
    """

    total: int
    removed: int
    unlabelled: int
    labels: dict[str, int]
    splits: dict[str, int]
    cells: dict[str | None, dict[str, int]] = field(default_factory=dict)


def browse(
    work: Work,
    dataset_id: str,
    wanted: PictureFilter | None = None,
    after: int | None = None,
    limit: int = 100,
    *,
    newest_first: bool = False,
) -> Page:
    """A page of the pictures of a data set, in the order in which they came.

    Args:
        work: a transaction.
        dataset_id: the data set.
        wanted: which pictures; None for all that are there.
        after: the cursor of the page before.
        limit: most pictures on the page, 1 to 1000.
        newest_first: the other way round. The cursor belongs to the direction.

    Raises:
        NotFound: no such data set, or the filter names a class that it does not have.
    """
    wanted = wanted or PictureFilter()
    work.datasets.get(dataset_id)
    if wanted.label is not None:
        work.labels.get(dataset_id, wanted.label)
    limit = max(1, min(limit, MOST_ON_A_PAGE))
    total = work.browse.known(dataset_id, wanted)
    if total == 0:  # else all that were there until a moment ago are looked at
        return Page([], None, 0)
    pictures, following = work.browse.page(dataset_id, wanted, after, limit, newest_first=newest_first)
    if total is None:
        everything_seen = after is None and following is None
        total = len(pictures) if everything_seen else work.browse.count(dataset_id, wanted)
    return Page(pictures, following, total)


def counts(work: Work, dataset_id: str) -> Counts:
    """How many pictures there are, by class and by part.

    Raises:
        NotFound: there is no such data set.
    """
    work.datasets.get(dataset_id)
    labels = {label.id: 0 for label in work.labels.of(dataset_id)}
    splits: dict[str, int] = {}
    cells: dict[str | None, dict[str, int]] = {}
    for label_id, split, count in work.browse.counts(dataset_id):
        part = split or NO_SPLIT
        cells.setdefault(label_id, {})[part] = count
        splits[part] = splits.get(part, 0) + count
        if label_id is not None:
            labels[label_id] = labels.get(label_id, 0) + count
    total = sum(splits.values())
    removed = work.browse.known(dataset_id, PictureFilter(removed=True)) or 0
    return Counts(total, removed, total - sum(labels.values()), labels, splits, cells)
