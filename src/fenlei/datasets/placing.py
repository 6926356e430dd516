"""Where a picture goes whose name is taken: the same picture is there already, another one gets another name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fenlei.datasets.file_names import numbered
from fenlei.store import Work
from fenlei.store.pictures import Known

_AT_ONCE = 50


@dataclass(frozen=True)
class Place:
    """Where one picture goes.

    Attributes:
        name: under which it is in the data set from now on.
        known: the same picture under that name: there, or removed. None: it is new.
        first: number in the batch of the picture that is the same one and comes first. None: there is none.
    """

    name: str
    known: Known | None = None
    first: int | None = None

    @property
    def is_new(self) -> bool:
        """Whether a picture is to be made."""
        return self.known is None and self.first is None


def place(work: Work, dataset_id: str, wanted: Sequence[tuple[str, str]]) -> list[Place]:
    """Find a place for each picture of a batch.

    The same name with the same content is the same picture. The same name with other content becomes `name (2).png`;
    where that is there with this content, it is that one, so that importing something twice adds nothing.

    Args:
        work: a transaction in which the data set is locked.
        dataset_id: which one.
        wanted: name and SHA-256 of each.
    """
    taken: dict[str, Known | int] = dict(work.pictures.named(dataset_id, [name for name, _ in wanted]))
    asked = {name for name, _ in wanted}
    places = []
    for number, (name, digest) in enumerate(wanted):
        candidate, count = name, 1
        while candidate in taken:
            there = taken[candidate]
            if (wanted[there][1] if isinstance(there, int) else there.sha256) == digest:
                break
            count += 1
            candidate = numbered(name, count)
            if candidate not in asked:
                more = [numbered(name, each) for each in range(count, count + _AT_ONCE)]
                taken |= {
                    key: known for key, known in work.pictures.named(dataset_id, more).items() if key not in taken
                }
                asked.update(more)
        found = taken.get(candidate)
        known = found if isinstance(found, Known) else None
        places.append(Place(candidate, known, found if isinstance(found, int) else None))
        if found is None or (known is not None and known.removed):  # from here on this one is there
            taken[candidate] = number
    return places
