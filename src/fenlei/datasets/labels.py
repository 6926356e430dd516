"""The classes of a data set, and which picture is of which; every change of either can be undone."""

from __future__ import annotations

from collections.abc import Sequence

from fenlei.datasets.changing import Outcome, change_pictures, clean_name, done
from fenlei.datasets.create import BadValue
from fenlei.store import Store, new_id
from fenlei.store.selection import Selection
from fenlei.store.tables import Label

MOST_CHARS = 200


def labels_of(store: Store, dataset_id: str) -> list[Label]:
    """The classes of a data set, in their declared order.

    Raises:
        NotFound: there is no such data set.
    """
    with store.reading() as work:
        work.datasets.get(dataset_id)
        return work.labels.of(dataset_id)


def set_label(
    store: Store,
    dataset_id: str,
    pictures: Selection,
    label_id: str | None,
    by: str | None = None,
    *,
    revision: int | None = None,
) -> Outcome:
    """Give pictures a class, or take theirs away.

    Args:
        store: where the data set is.
        dataset_id: which one.
        pictures: their numbers, or a filter: then all that it lets through, however many.
        label_id: the class; None for none.
        by: id of the user.
        revision: the one that the caller saw.

    Raises:
        NotFound: no such data set, class or picture.
        Stale: the data set is at another revision.
    """
    with store.writing() as work:
        work.datasets.lock(dataset_id, revision)
        name = None if label_id is None else work.labels.get(dataset_id, label_id).name
        return change_pictures(work, dataset_id, pictures, {"label_id": label_id}, "label", by, {"label": name})


def add_label(store: Store, dataset_id: str, name: str, by: str | None = None, *, revision: int | None = None) -> Label:
    """Declare a class, behind the others.

    Raises:
        NotFound, Stale: no such data set; another revision.
        BadValue: a class cannot be called that.
        Conflict: there is one of that name.
    """
    name = _name(name)
    with store.writing() as work:
        work.datasets.lock(dataset_id, revision)
        label_id = new_id("lb")
        change = work.changes.start(dataset_id, "add-label", by, labels=[label_id])
        work.labels.add(dataset_id, {label_id: name})
        done(work, change, 0, {"label": name})
        return work.labels.get(dataset_id, label_id)


def rename_label(
    store: Store, dataset_id: str, label_id: str, name: str, by: str | None = None, *, revision: int | None = None
) -> Label:
    """Give a class another name. To join two classes, merge them.

    Raises:
        NotFound, Stale: no such data set or class; another revision.
        BadValue: a class cannot be called that.
        Conflict: another one is.
    """
    name = _name(name)
    with store.writing() as work:
        work.datasets.lock(dataset_id, revision)
        label = work.labels.get(dataset_id, label_id)
        before = label.name
        if name == before:
            return label
        change = work.changes.start(dataset_id, "rename-label", by, labels=[label_id])
        work.labels.rename(label_id, name)
        done(work, change, 0, {"label": name, "before": before})
        return work.labels.get(dataset_id, label_id)


def reorder_labels(
    store: Store, dataset_id: str, label_ids: Sequence[str], by: str | None = None, *, revision: int | None = None
) -> Outcome:
    """Declare another order of the classes. Models trained from then on have it.

    Args:
        store: where the data set is.
        dataset_id: which one.
        label_ids: every class of it, once.
        by: id of the user.
        revision: the one that the caller saw.

    Raises:
        NotFound, Stale: no such data set; another revision.
        BadValue: a class is missing, is there twice, or is of another data set.
    """
    with store.writing() as work:
        dataset = work.datasets.lock(dataset_id, revision)
        present = work.labels.of(dataset_id)
        before = [label.id for label in present]
        if sorted(label_ids) != sorted(before):
            raise BadValue("An order names every class of the data set once.", "labels", ", ".join(before))
        if list(label_ids) == before:
            return Outcome(None, 0, dataset.revision)
        names = {label.id: label.name for label in present}
        change = work.changes.start(dataset_id, "reorder-labels", by, labels=before)
        work.labels.order(label_ids)
        return done(work, change, 0, {"labels": [names[each] for each in label_ids]})


def merge_labels(
    store: Store,
    dataset_id: str,
    label_ids: Sequence[str],
    into: str,
    by: str | None = None,
    *,
    revision: int | None = None,
) -> Outcome:
    """Make several classes one: their pictures get the class `into`, the others go.

    Raises:
        NotFound, Stale: no such data set or class; another revision.
        BadValue: there is nothing to merge.
    """
    with store.writing() as work:
        work.datasets.lock(dataset_id, revision)
        target = work.labels.get(dataset_id, into)
        going = [work.labels.get(dataset_id, each) for each in dict.fromkeys(label_ids) if each != into]
        if not going:
            raise BadValue("At least one class besides the one that stays is needed.", "labels", "ids of classes")
        gone = [label.id for label in going]
        summary = {"labels": [label.name for label in going], "into": target.name}
        change = work.changes.start(dataset_id, "merge-labels", by, fields=["label_id"], labels=gone)
        count = work.changes.keep_with_labels(change, gone)
        work.changes.apply(change, label_id=into)
        work.labels.remove(gone)
        return done(work, change, count, {**summary, "pictures": count})


def delete_label(
    store: Store, dataset_id: str, label_id: str, by: str | None = None, *, revision: int | None = None
) -> Outcome:
    """Delete a class. Its pictures stay, without a class.

    Raises:
        NotFound, Stale: no such data set or class; another revision.
    """
    with store.writing() as work:
        work.datasets.lock(dataset_id, revision)
        label = work.labels.get(dataset_id, label_id)
        name = label.name
        change = work.changes.start(dataset_id, "delete-label", by, fields=["label_id"], labels=[label_id])
        count = work.changes.keep_with_labels(change, [label_id])
        work.changes.apply(change, label_id=None)
        work.labels.remove([label_id])
        return done(work, change, count, {"label": name, "pictures": count})


def _name(name: str) -> str:
    return clean_name(name, "class", MOST_CHARS)
