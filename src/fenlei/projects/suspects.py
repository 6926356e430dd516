"""The pictures that a training would have somebody look at again, as they stand in the data set now."""

from __future__ import annotations

from typing import Any

import msgspec

from fenlei.projects.model_versions import ReportForm, report
from fenlei.projects.training_run import TRAIN
from fenlei.store import Conflict, NotFound, Store, Work
from fenlei.training.suspect import Suspect, SuspectCounts

_AT_ONCE = 500
"""Names asked of the database in one question."""


class _Said(msgspec.Struct):
    """What is read of a report; one of an older release has none of it."""

    suspects: list[Suspect] = []
    suspect_counts: SuspectCounts | None = None


def suspects_of_run(store: Store, run_id: str, first: int = 1000) -> dict[str, Any]:
    """What a training run said against pictures, and what became of them since.

    Args:
        store: where the run is.
        run_id: which.
        first: how many to name, the most suspicious first.

    Returns:
        JSON-ready: `model_version_id`, `counts` (of all suspects, by evidence; None where nobody looked), `suspects`:
        what the report says of each, with `picture_id` (None where it is not in the data set any more), `label_now`,
        and `settled`, whether it was put right since: it was given another label, or was taken out. A class that was
        only renamed settles nothing.

    Raises:
        NotFound: there is no such run, or its model version is gone.
        Conflict: it is no training, or is not done.
    """
    with store.reading() as work:
        run = work.runs.get(run_id)
    if run.kind != TRAIN:
        raise Conflict(f"The run {run.id} is a run of the kind {run.kind!r}; only trainings find suspects.")
    if run.result is None:
        raise Conflict(f"The run {run.id} is {run.state}; suspects are known when a training is done.")
    version_id = str(run.result["model_version_id"])
    said = msgspec.json.decode(report(store, version_id, ReportForm.JSON), type=_Said)
    found = said.suspects[:first]
    with store.reading() as work:
        labels, now = _now(work, str(run.subject["dataset_id"]), [each.name for each in found])
    suspects = []
    for each in found:
        picture_id, label_now = now.get(each.name, (None, None))
        told = msgspec.to_builtins(each)
        told.pop("thumbnail")
        settled = picture_id is None or (label_now != each.label and each.label in labels)
        suspects.append({**told, "picture_id": picture_id, "label_now": label_now, "settled": settled})
    return {"model_version_id": version_id, "counts": _counts(said.suspect_counts), "suspects": suspects}


def _counts(counts: SuspectCounts | None) -> dict[str, int] | None:
    return None if counts is None else msgspec.to_builtins(counts)


def _now(work: Work, dataset_id: str, names: list[str]) -> tuple[set[str], dict[str, tuple[int, str | None]]]:
    """The classes; number and class of the pictures that are still there, by name."""
    try:
        work.datasets.get(dataset_id)
    except NotFound:  # it was deleted after the run
        return set(), {}
    labels = {label.id: label.name for label in work.labels.of(dataset_id)}
    found = {}
    for start in range(0, len(names), _AT_ONCE):
        for name, known in work.pictures.named(dataset_id, names[start : start + _AT_ONCE]).items():
            if not known.removed:
                found[name] = known.id, None if known.label_id is None else labels.get(known.label_id)
    return set(labels.values()), found
