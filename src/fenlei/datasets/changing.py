"""One change of a data set: written down with how it was before, and the revision raised, in one transaction."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fenlei.datasets.create import BadValue
from fenlei.store import NotFound, Work
from fenlei.store.selection import PictureFilter, Selection
from fenlei.store.tables import Change


@dataclass(frozen=True)
class Outcome:
    """What a call has done.

    Attributes:
        change: as it stands in the history; None where everything was so already.
        pictures: how many it changed.
        revision: of the data set, after it.
    """

    change: Change | None
    pictures: int
    revision: int


def change_pictures(
    work: Work,
    dataset_id: str,
    pictures: Selection,
    values: Mapping[str, Any],
    kind: str,
    by: str | None,
    summary: Mapping[str, Any],
) -> Outcome:
    """Give columns of pictures new values, and keep the old ones. The data set is locked.

    Pictures that have the values already are not touched. Numbers that are of no picture of the data set are an error;
    removed pictures among them stay as they are, unless it is the removal that changes.

    Raises:
        NotFound: a number is of no picture of this data set.
    """
    restoring = "removed_at" in values and values["removed_at"] is None
    if isinstance(pictures, PictureFilter):
        pictures = replace(pictures, removed=restoring)
    else:
        refuse_missing(work, dataset_id, pictures)
    change = work.changes.start(dataset_id, kind, by, fields=sorted(values))
    count = work.changes.keep(change, pictures, values, removed=restoring)
    if not count:
        work.changes.drop(change)
        return Outcome(None, 0, work.datasets.get(dataset_id).revision)
    work.changes.apply(change, **values)
    return done(work, change, count, {**summary, "pictures": count})


def done(work: Work, change: Change, count: int, summary: dict[str, Any]) -> Outcome:
    """Finish a change: say what it was, and raise the data set's revision."""
    work.changes.finish(change, summary)
    return Outcome(change, count, work.datasets.touch(change.dataset_id))


def refuse_missing(work: Work, dataset_id: str, numbers: Selection) -> None:
    """Refuse numbers of pictures that are not of this data set.

    Raises:
        NotFound: there are such.
    """
    if isinstance(numbers, PictureFilter):
        return
    missing = work.browse.missing(dataset_id, numbers)
    if missing:
        more = f", nor {len(missing) - 1} more of these" if len(missing) > 1 else ""
        raise NotFound(f"There is no picture {missing[0]} in this data set{more}.")


def clean_name(name: str, what: str, most: int) -> str:
    """A name as it is kept: Unicode NFC, without blanks around it.

    Args:
        name: as somebody wrote it.
        what: is called so.
        most: characters it may have.

    Raises:
        BadValue: nothing is left, it is too long, or it holds control characters.
    """
    cleaned = unicodedata.normalize("NFC", name).strip()
    allowed = f"1 to {most} characters, no control characters"
    if not cleaned:
        raise BadValue(f"A {what} needs a name.", "name", allowed)
    if len(cleaned) > most:
        raise BadValue(f"The name has {len(cleaned)} characters; {allowed}.", "name", allowed)
    if any(unicodedata.category(each) in {"Cc", "Cs"} for each in cleaned):
        raise BadValue(f"The name {cleaned!r} holds control characters; {allowed}.", "name", allowed)
    return cleaned
