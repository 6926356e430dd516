"""Put right what a check found, in one call that can be undone."""

from __future__ import annotations

from collections.abc import Sequence

from fenlei.datasets.changing import Outcome, change_pictures
from fenlei.datasets.checking import CHECKS
from fenlei.datasets.create import BadValue
from fenlei.store import Conflict, Store, now
from fenlei.store.findings import Flagged

REMOVES = ("unreadable", "too-small", "odd-ratio", "blank")
THINS = ("exact-duplicates", "near-duplicates")
FIXABLE = (*REMOVES, *THINS, "two-labels")


class NoFix(Conflict):
    """This cannot be put right by a program."""


def fix(store: Store, dataset_id: str, check: str, by: str | None = None, *, revision: int | None = None) -> Outcome:
    """Put right what a check found when it was asked last.

    - `unreadable`, `too-small`, `odd-ratio`, `blank`: the pictures are removed.
    - `exact-duplicates`, `near-duplicates`: of each group one picture stays: one that has a class before one that has
      none, the largest of those, the first of those. A group whose pictures are in different classes stays as it is.
    - `two-labels`: the copies lose their class, because which of them is right only a person can say.
    - `imbalance`: nothing but more pictures helps.

    Args:
        store: where the data set is.
        dataset_id: which one.
        check: its name.
        by: id of the user.
        revision: the one that the caller saw.

    Raises:
        NotFound, Stale: no such data set; another revision.
        BadValue: there is no such check.
        NoFix: it has to be put right by people.
        Conflict: the check was not asked yet.
    """
    if check not in CHECKS:
        raise BadValue(f"There is no check {check!r}; known are {', '.join(CHECKS)}.", "check", ", ".join(CHECKS))
    if check not in FIXABLE:
        raise NoFix(
            "Only more pictures of the small classes help against imbalance; training weighs classes meanwhile."
        )
    with store.writing() as work:
        work.datasets.lock(dataset_id, revision)
        if check not in work.findings.runs(dataset_id):
            raise Conflict(f"The check {check!r} was not asked yet; run it first.")
        flagged = work.findings.flagged(dataset_id, check)
        mixed = _mixed(flagged)
        if check == "two-labels":
            chosen = [each.id for each in flagged if each.cluster in mixed]
            values: dict[str, object] = {"label_id": None}
            left: set[int] = set()
        else:
            left = mixed if check in THINS else set()
            chosen = [each.id for each in flagged] if check in REMOVES else _surplus(flagged, left)
            values = {"removed_at": now()}
        outcome = change_pictures(work, dataset_id, chosen, values, "fix", by, {"check": check})
        if outcome.change is not None:
            work.findings.close(dataset_id, check, outcome.change.id, left)
        return outcome


def _surplus(flagged: Sequence[Flagged], left: set[int]) -> list[int]:
    """All pictures of each cluster but the one that stays."""
    best: dict[int, Flagged] = {}
    for each in flagged:
        if each.cluster is None or each.cluster in left:
            continue
        if each.cluster not in best or _worth(each) > _worth(best[each.cluster]):
            best[each.cluster] = each
    stays = {each.id for each in best.values()}
    return [each.id for each in flagged if each.cluster in best and each.id not in stays]


def _worth(picture: Flagged) -> tuple[bool, int, int]:
    return picture.label_id is not None, picture.width * picture.height, -picture.id


def _mixed(flagged: Sequence[Flagged]) -> set[int]:
    """Clusters whose pictures are in different classes."""
    labels: dict[int, set[str]] = {}
    for each in flagged:
        if each.cluster is not None and each.label_id is not None:
            labels.setdefault(each.cluster, set()).add(each.label_id)
    return {cluster for cluster, names in labels.items() if len(names) > 1}
