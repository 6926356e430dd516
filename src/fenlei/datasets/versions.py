"""Versions of data sets: made in a moment, never changed, read as pictures to learn from."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

from fenlei.datasets.create import BadValue
from fenlei.datasets.found import DatasetError, FoundPictures, Item, Part, Skipped
from fenlei.datasets.version_content import VersionContent, VersionEntry, content_of, read_manifest, write_manifest
from fenlei.store import Blobs, NotFound, Store, new_id, now
from fenlei.store.tables import DatasetVersion

MOST_NOTE_CHARS = 10_000


def make_version(store: Store, dataset_id: str, note: str = "", by: str | None = None) -> DatasetVersion:
    """Keep a data set as it is now. Where it is as it was in an earlier version, that one is the version.

    Args:
        store: where it is.
        dataset_id: which one.
        note: what people want to know about the version; an earlier one keeps its own.
        by: id of the user who makes it.

    Raises:
        NotFound: there is no such data set.
        BadValue: the note is too long.
    """
    if len(note) > MOST_NOTE_CHARS or "\0" in note:
        allowed = f"up to {MOST_NOTE_CHARS} characters, no NUL"
        raise BadValue(f"The note has {len(note)} characters; {allowed}.", "note", allowed)
    content = read_current(store, dataset_id)
    digest = store.blobs.put(write_manifest(content))
    with store.writing() as work:
        work.datasets.lock(dataset_id)
        known = work.versions.with_digest(dataset_id, digest)
        if known is not None:
            return known
        return work.versions.add(
            DatasetVersion(
                id=new_id("dv"),
                dataset_id=dataset_id,
                number=work.versions.next_number(dataset_id),
                digest=digest,
                pictures=len(content.entries),
                counts=counts_of(content),
                note=note,
                created_at=now(),
                created_by=by,
            )
        )


def read_version(store: Store, version_id: str) -> VersionContent:
    """All that a version holds.

    Raises:
        NotFound: there is no such version.
        DatasetError: its manifest is damaged.
    """
    with store.reading() as work:
        version = work.versions.get(version_id)
    return read_manifest(store.blobs.get(version.digest))


def read_current(store: Store, dataset_id: str) -> VersionContent:
    """What a version made now would hold.

    Raises:
        NotFound: there is no such data set.
    """
    with store.reading() as work:
        seen = work.versions.snapshot(dataset_id)
    number = {label_id: index for index, (label_id, _) in enumerate(seen.labels)}
    entries = (
        VersionEntry(name, sha256, None if label is None else number[label], split, group, width, height, size)
        for name, sha256, label, split, group, width, height, size in seen.pictures
    )
    return content_of([name for _, name in seen.labels], entries)


def counts_of(content: VersionContent) -> dict[str, Any]:
    """How many pictures each label and each split has, in declared order; `unlabelled` and `unsplit` have none."""
    labels = Counter(entry.label for entry in content.entries)
    splits = Counter(entry.split for entry in content.entries)
    return {
        "labels": {label: labels[index] for index, label in enumerate(content.labels)},
        "unlabelled": labels[None],
        "splits": {str(split): splits[split] for split in sorted(filter(None, splits))},
        "unsplit": splits[None],
    }


def found_pictures(store: Store, version_id: str) -> FoundPictures:
    """A version as pictures to learn from: labels in declared order, parts by its split, bytes from the blobs.

    Pictures without a label are left aside, and say so. Where some pictures are in a split, those in none (they came
    later) are learned from: no figure is spoilt by that.

    Raises:
        NotFound: there is no such version.
        DatasetError: its manifest is damaged.
    """
    return found_in(store.blobs, read_version(store, version_id))


def found_in(blobs: Blobs, content: VersionContent) -> FoundPictures:
    """The same of a content, wherever it comes from."""
    is_split = any(entry.split is not None for entry in content.entries)
    found = FoundPictures(list(content.labels), [], [])
    for entry in content.entries:
        label = content.label_of(entry)
        if label is None:
            found.skipped.append(Skipped(entry.name, "it has no label"))
            continue
        part = Part(entry.split) if entry.split is not None else Part.TRAIN if is_split else None
        read = partial(_read, blobs, entry.sha256, entry.name)
        found.items.append(Item(entry.name, label, part, read, entry.group))
    return found


def _read(blobs: Blobs, sha256: str, name: str) -> bytes:
    try:
        return blobs.get(sha256)
    except NotFound as exc:
        raise DatasetError(f"{name} is no longer there (blob {sha256}).") from exc
