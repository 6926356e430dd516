"""What is different between two versions of a data set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from fenlei.datasets.create import BadValue
from fenlei.datasets.version_content import VersionContent, VersionEntry


class Kind(StrEnum):
    """What happened to a picture."""

    ADDED = "added"
    REMOVED = "removed"
    RELABELLED = "relabelled"
    MOVED = "moved"
    """Into another part of the split."""
    REGROUPED = "regrouped"


_KINDS = ", ".join(Kind)


@dataclass(frozen=True)
class Difference:
    """One thing that happened to one picture. `before` and `after` are labels, parts or groups, as the kind says."""

    kind: Kind
    name: str
    sha256: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class VersionDiff:
    """All that is different.

    Attributes:
        counts: how many differences of each kind.
        labels_added, labels_removed: labels that only one of the two has, in declared order.
        labels_reordered: whether the labels that both have are in another order.
        differences: by the name of the picture.
    """

    counts: dict[str, int]
    labels_added: list[str]
    labels_removed: list[str]
    labels_reordered: bool
    differences: list[Difference]

    def page(self, after: int | None, limit: int, kind: str | None = None) -> tuple[list[Difference], int | None]:
        """Differences from a cursor on, and the next cursor or None.

        Args:
            after: the cursor, None for the beginning.
            limit: how many.
            kind: only of this kind.

        Raises:
            BadValue: there is no such kind.
        """
        if kind is not None and kind not in list(Kind):
            raise BadValue(f"There is no difference of the kind {kind!r}; {_KINDS} are.", "kind", _KINDS)
        chosen = self.differences if kind is None else [each for each in self.differences if each.kind == kind]
        start = after or 0
        return chosen[start : start + limit], start + limit if start + limit < len(chosen) else None


def diff(before: VersionContent, after: VersionContent) -> VersionDiff:
    """Compare two contents. A picture is the same one where name and file are the same; labels are compared by name."""
    differences = list(_differences(before, after))
    counted = Counter(each.kind for each in differences)
    both = set(before.labels) & set(after.labels)
    return VersionDiff(
        counts={str(kind): counted[kind] for kind in Kind},
        labels_added=[each for each in after.labels if each not in both],
        labels_removed=[each for each in before.labels if each not in both],
        labels_reordered=[each for each in before.labels if each in both]
        != [each for each in after.labels if each in both],
        differences=differences,
    )


def _differences(before: VersionContent, after: VersionContent) -> Iterator[Difference]:
    """Both are sorted by name, so one walk along both is enough."""
    left, right = iter(before.entries), iter(after.entries)
    old, new = next(left, None), next(right, None)
    while old is not None or new is not None:
        if new is None or (old is not None and old[:2] < new[:2]):
            assert old is not None  # noqa: S101 (for the type checker)
            yield Difference(Kind.REMOVED, old.name, old.sha256, before.label_of(old), None)
            old = next(left, None)
        elif old is None or old[:2] > new[:2]:
            yield Difference(Kind.ADDED, new.name, new.sha256, None, after.label_of(new))
            new = next(right, None)
        else:
            yield from _changes(old, before.label_of(old), new, after.label_of(new))
            old, new = next(left, None), next(right, None)


def _changes(
    old: VersionEntry, old_label: str | None, new: VersionEntry, new_label: str | None
) -> Iterator[Difference]:
    for kind, was, now in (
        (Kind.RELABELLED, old_label, new_label),
        (Kind.MOVED, old.split, new.split),
        (Kind.REGROUPED, old.group, new.group),
    ):
        if was != now:
            yield Difference(kind, new.name, new.sha256, was, now)
