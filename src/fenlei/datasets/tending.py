"""Take pictures out of a data set, put them back, call them something else."""

from __future__ import annotations

from fenlei.datasets.changing import Outcome, change_pictures, clean_name, done, refuse_missing
from fenlei.store import Store, now
from fenlei.store.selection import Selection

MOST_CHARS = 1000


def remove_pictures(
    store: Store, dataset_id: str, pictures: Selection, by: str | None = None, *, revision: int | None = None
) -> Outcome:
    """Take pictures out. They stay where removed pictures are listed, and can be put back from there.

    Args:
        store: where the data set is.
        dataset_id: which one.
        pictures: their numbers, or a filter.
        by: id of the user.
        revision: the one that the caller saw.

    Raises:
        NotFound, Stale: no such data set or picture; another revision.
    """
    with store.writing() as work:
        work.datasets.lock(dataset_id, revision)
        return change_pictures(work, dataset_id, pictures, {"removed_at": now()}, "remove", by, {})


def restore_pictures(
    store: Store, dataset_id: str, pictures: Selection, by: str | None = None, *, revision: int | None = None
) -> Outcome:
    """Put removed pictures back, with the class and the part they had.

    Raises:
        NotFound, Stale: no such data set or picture; another revision.
    """
    with store.writing() as work:
        work.datasets.lock(dataset_id, revision)
        return change_pictures(work, dataset_id, pictures, {"removed_at": None}, "restore", by, {})


def rename_picture(
    store: Store, dataset_id: str, picture_id: int, name: str, by: str | None = None, *, revision: int | None = None
) -> Outcome:
    """Give a picture another name.

    Raises:
        NotFound, Stale: no such data set or picture; another revision.
        BadValue: a picture cannot be called that.
        Conflict: another picture of the data set is, or a removed one was.
    """
    name = clean_name(name, "picture", MOST_CHARS)
    with store.writing() as work:
        dataset = work.datasets.lock(dataset_id, revision)
        refuse_missing(work, dataset_id, [picture_id])
        before = work.pictures.get(picture_id).name
        if name == before:
            return Outcome(None, 0, dataset.revision)
        change = work.changes.start(dataset_id, "rename-picture", by, fields=["name"])
        work.changes.keep(change, [picture_id], {"name": name}, removed=None)
        work.changes.rename(picture_id, name)
        return done(work, change, 1, {"name": name, "before": before, "pictures": 1})
