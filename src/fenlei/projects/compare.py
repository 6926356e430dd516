"""Two trainings side by side: what was asked for, what they learned from, how well each came out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fenlei.datasets.diff import diff
from fenlei.datasets.versions import read_version
from fenlei.projects.training_run import TRAIN
from fenlei.store import Conflict, NotFound, Store
from fenlei.store.tables import DatasetVersion, Run

FIGURES = ("accuracy", "macro_f1", "log_loss", "expected_calibration_error")
_RECIPE = ("backbone", "size", "policy", "head", "setting", "copies", "aim", "temperature", "fitted_on", "refitted")


def compare(store: Store, run_a: str, run_b: str) -> dict[str, Any]:
    """Compare two training runs; what one of them has not (yet) got is None.

    Args:
        store: where they are.
        run_a: id of the one.
        run_b: id of the other.

    Returns:
        JSON-ready: `runs` (two heads), `settings` and `recipe` (name, a, b of what differs), `data` (the versions, and
        the differences between them), `same_test` (whether the same pictures judged both, so that small differences
        mean something), `figures` (name, a, b, difference b - a; for the accuracy also both 95 % intervals and whether
        they overlap), `classes` (label, a, b, difference of F1; the classes that lost most first).

    Raises:
        NotFound: there is no such run.
        Conflict: one of them is no training.
    """
    with store.reading() as work:
        runs = [work.runs.get(run_a), work.runs.get(run_b)]
        for run in runs:
            if run.kind != TRAIN:
                raise Conflict(f"The run {run.id} is a run of the kind {run.kind!r}; only trainings can be compared.")
        versions = [_version(work.versions.get, run) for run in runs]
    a, b = runs
    results = [run.result or {} for run in runs]
    evaluations = [result.get("evaluation") or {} for result in results]
    return {
        "runs": [_head(run) for run in runs],
        "settings": _differences(a.settings, b.settings),
        "data": _data(store, *versions),
        "same_test": _same_test(runs, versions),
        "recipe": _differences(*({key: _of(each, "recipe", key) for key in _RECIPE} for each in results)),
        "figures": [_figure(name, *evaluations) for name in FIGURES],
        "classes": _classes(*evaluations),
    }


def _version(get: Any, run: Run) -> DatasetVersion | None:
    try:
        found: DatasetVersion = get(str(run.subject["dataset_version_id"]))
    except NotFound:  # the data set was deleted after the run
        return None
    return found


def _head(run: Run) -> dict[str, Any]:
    seconds = None
    if run.started_at is not None and run.finished_at is not None:
        seconds = (run.finished_at - run.started_at).total_seconds()
    return {
        "id": run.id,
        "number": run.number,
        "project_id": run.project_id,
        "state": run.state,
        "created_at": run.created_at.isoformat(),
        "finished_at": None if run.finished_at is None else run.finished_at.isoformat(),
        "seconds": seconds,
        "model_version_id": (run.result or {}).get("model_version_id"),
        "number_of_version": (run.result or {}).get("number"),
        "pictures": (run.result or {}).get("pictures"),
    }


def _data(store: Store, a: DatasetVersion | None, b: DatasetVersion | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "a": _version_told(a),
        "b": _version_told(b),
        "same": a is not None and b is not None and a.digest == b.digest,
        "same_data_set": a is not None and b is not None and a.dataset_id == b.dataset_id,
        "counts": None,
        "labels_added": [],
        "labels_removed": [],
        "labels_reordered": False,
    }
    if a is None or b is None:
        return told
    found = diff(read_version(store, a.id), read_version(store, b.id))
    return told | {
        "counts": found.counts,
        "labels_added": found.labels_added,
        "labels_removed": found.labels_removed,
        "labels_reordered": found.labels_reordered,
    }


def _version_told(version: DatasetVersion | None) -> dict[str, Any] | None:
    if version is None:
        return None
    return {
        "id": version.id,
        "dataset_id": version.dataset_id,
        "number": version.number,
        "digest": version.digest,
        "pictures": version.pictures,
        "counts": version.counts,
    }


def _same_test(runs: list[Run], versions: list[DatasetVersion | None]) -> bool:
    """Whether the same pictures judged both: same content, and a test part in it or one drawn alike."""
    a, b = versions
    if a is None or b is None or a.digest != b.digest:
        return False
    parts = a.counts.get("splits", {})
    if "test" in parts or "validation" in parts:
        return True
    return all(runs[0].settings.get(key) == runs[1].settings.get(key) for key in ("seed", "test_fraction"))


def _differences(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[dict[str, Any]]:
    names = [*a, *(name for name in b if name not in a)]
    return [{"name": name, "a": a.get(name), "b": b.get(name)} for name in names if a.get(name) != b.get(name)]


def _figure(name: str, a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": name,
        "a": a.get(name),
        "b": b.get(name),
        "difference": _minus(b.get(name), a.get(name)),
    }
    if name == "accuracy":
        one, other = a.get("accuracy_interval"), b.get("accuracy_interval")
        overlap = None if one is None or other is None else one[0] <= other[1] and other[0] <= one[1]
        told |= {"interval_a": one, "interval_b": other, "intervals_overlap": overlap}
    return told


def _classes(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[dict[str, Any]]:
    ones = {each["label"]: each for each in a.get("per_class", [])}
    others = {each["label"]: each for each in b.get("per_class", [])}
    rows = [
        {
            "label": label,
            "a": ones.get(label),
            "b": others.get(label),
            "difference": _minus(others.get(label, {}).get("f1"), ones.get(label, {}).get("f1")),
        }
        for label in dict.fromkeys([*ones, *others])
    ]
    return sorted(rows, key=lambda row: (row["difference"] is None, row["difference"] or 0.0))


def _of(result: Mapping[str, Any], *keys: str) -> Any:
    found: Any = result
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _minus(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other
