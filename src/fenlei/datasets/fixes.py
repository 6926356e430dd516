"""Put right what a check has found: one call, one change in the history, undone like any other."""

from __future__ import annotations

from dataclasses import dataclass

from fenlei.datasets.changing import Outcome, change_pictures
from fenlei.datasets.checking import CHECKS, Remedy, Survey
from fenlei.datasets.create import BadValue
from fenlei.store import Conflict, Store, now


@dataclass(frozen=True)
class Fixed(Outcome):
    """What a fix has done.

    Attributes:
        left: clusters of pictures that a person must decide about; nothing was done there.
    """

    left: int = 0


def fix(store: Store, dataset_id: str, check: str, by: str | None = None, *, revision: int | None = None) -> Fixed:
    """Put right what a check has found, as far as it is still so; see `advice` of the check for what that means.

    Only pictures about which there is an open finding are touched, or, where it is about the data set, those that the
    advice speaks of. When it is undone, the findings are open again.

    Args:
        store: where the data set is.
        dataset_id: which one.
        check: name of the check.
        by: id of the user.
        revision: the one that the caller saw.

    Raises:
        NotFound, Stale: no such data set; another revision.
        BadValue: there is no such check.
        Conflict: the check was not asked yet.
    """
    known = CHECKS.get(check)
    if known is None:
        raise BadValue(f"There is no check {check!r}.", "check", ", ".join(CHECKS))
    with store.writing() as work:
        dataset = work.datasets.lock(dataset_id, revision)
        if check not in work.findings.runs(dataset_id):
            raise Conflict(f"The check {check} was not asked about this data set yet, so there is nothing to fix.")
        if not work.findings.open_counts(dataset_id).get(check):
            return Fixed(None, 0, dataset.revision, 0)

        def present() -> Survey:
            return Survey(work.browse.all(dataset_id), {label.id: label.name for label in work.labels.of(dataset_id)})

        mending = known.mend(work.findings.flagged(dataset_id, check), present)
        left = len(mending.left)
        if not mending.pictures:
            return Fixed(None, 0, dataset.revision, left)
        values = {"removed_at": now()} if mending.remedy is Remedy.REMOVE else {"label_id": None}
        summary = {"check": check, "remedy": mending.remedy.value, "left": left}
        outcome = change_pictures(work, dataset_id, mending.pictures, values, "fix", by, summary)
        if outcome.change is not None:
            work.findings.close(dataset_id, check, outcome.change.id, but=mending.left)
        return Fixed(outcome.change, outcome.pictures, outcome.revision, left)
