"""Move pictures to another data set: they are removed from the one and come to the other, each side with its change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fenlei.datasets.changing import refuse_missing
from fenlei.datasets.create import BadValue
from fenlei.datasets.tending import MOST_CHARS
from fenlei.store import Store, Work, new_id, now
from fenlei.store.moves import Met
from fenlei.store.selection import Selection
from fenlei.store.tables import Change


@dataclass(frozen=True)
class Moved:
    """What a move has done.

    Attributes:
        out: the change of the data set they left; None where nothing moved.
        into: the change of the one they came to; None where all were there already.
        pictures: how many left.
        renamed: how many got another name, because a different picture has theirs.
        already_there: how many were there already under the same name; they only left.
        revision: of the data set they left.
    """

    out: Change | None
    into: Change | None
    pictures: int
    renamed: int
    already_there: int
    revision: int


def move_pictures(
    store: Store, dataset_id: str, pictures: Selection, to: str, by: str | None = None, *, revision: int | None = None
) -> Moved:
    """Move pictures to another data set.

    They keep their class by its name, which is declared there where it is missing, and their group; they are in no
    part there. One that is there already under the same name stays as it is, or comes back if it was removed there.

    Args:
        store: where both are.
        dataset_id: the data set they leave.
        pictures: their numbers, or a filter.
        to: the data set they go to.
        by: id of the user.
        revision: the one of the data set they leave that the caller saw.

    Raises:
        NotFound, Stale: no such data set or picture; another revision.
        BadValue: both are the same data set.
    """
    if dataset_id == to:
        raise BadValue("Pictures are moved to another data set than the one they are in.", "to", "another data set")
    with store.writing() as work:
        # Always in one order, so that two moves that cross do not wait for each other.
        for each in sorted([dataset_id, to]):
            work.datasets.lock(each, revision if each == dataset_id else None)
        refuse_missing(work, dataset_id, pictures)
        at = now()
        out = work.changes.start(dataset_id, "move-out", by, fields=["removed_at"])
        leaving = work.changes.keep(out, pictures, {"removed_at": at})
        if not leaving:
            work.changes.drop(out)
            return Moved(None, None, 0, 0, 0, work.datasets.get(dataset_id).revision)
        into, renamed, already_there = _arrive(work, out, leaving, to, by)
        work.changes.apply(out, removed_at=at)
        source, target = work.datasets.get(dataset_id), work.datasets.get(to)
        summary = {"pictures": leaving, "to": {"id": to, "name": target.name}}
        work.changes.finish(out, summary, twin=into.id if into else None)
        if into is not None:
            summary = {
                "pictures": leaving - already_there,
                "from": {"id": dataset_id, "name": source.name},
                "renamed": renamed,
            }
            work.changes.finish(into, summary, twin=out.id)
            work.datasets.touch(to)
        return Moved(out, into, leaving, renamed, already_there, work.datasets.touch(dataset_id))


def _arrive(work: Work, out: Change, leaving: int, to: str, by: str | None) -> tuple[Change | None, int, int]:
    """Let the pictures come; returns the change, how many were renamed and how many were there already."""
    met = work.moves.met(out, to)
    there = [each for each in met if each.same and not each.removed]
    if len(there) == leaving:
        return None, 0, len(there)
    known = {label.name for label in work.labels.of(to)}
    new = {new_id("lb"): name for name in work.moves.label_names(out) if name not in known}
    into = work.changes.start(to, "move-in", by, fields=["removed_at"], labels=list(new))
    work.labels.add(to, new)
    arrived = work.moves.copy(out, to, into.at, but=[each.id for each in met])
    clashing = _free_names(work, to, [each for each in met if not each.same])
    arrived += work.moves.copy_as(to, into.at, clashing)
    back = [each.there for each in met if each.same and each.removed]
    work.moves.bring_back(out, to, back)
    work.changes.keep_as_absent(into, [*arrived, *back])
    return into, len(clashing), len(there)


def _free_names(work: Work, to: str, clashing: Sequence[Met]) -> dict[int, str]:
    """A free name for each picture whose name is taken: `cat.jpg` becomes `cat (2).jpg`."""
    found: dict[int, str] = {}
    waiting, number = list(clashing), 2
    while waiting:
        wanted = {each.id: _numbered(each.name, number) for each in waiting}
        taken = work.moves.taken(to, list(wanted.values()))
        found |= {picture: name for picture, name in wanted.items() if name not in taken}
        waiting = [each for each in waiting if each.id not in found]
        number += 1
    return found


def _numbered(name: str, number: int) -> str:
    folder, slash, file = name.rpartition("/")
    stem, dot, ending = file.rpartition(".") if "." in file else (file, "", "")
    more = f" ({number}){dot}{ending}"
    return f"{folder}{slash}{stem}"[: MOST_CHARS - len(more)] + more
