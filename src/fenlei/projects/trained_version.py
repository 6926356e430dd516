"""What a training has learned, as a model version that says where it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from fenlei.projects.models import model_of_project
from fenlei.projects.release import release
from fenlei.store import Work, new_id, now
from fenlei.store.tables import ModelVersion, Run

if TYPE_CHECKING:
    from fenlei.training.evaluation import Evaluation
    from fenlei.training.finish import Trained
    from fenlei.training.report import Report

RUN = "run"
"""Origin of the model versions that come of it."""

FIRST_SUSPECTS = 5

Learned = dict[str, Any]
"""What a model version says of a model file that is among the blobs, as JSON can hold it."""


def what_was_learned(trained: Trained, sha256: str, size: int) -> Learned:
    """What a model version says of a model.

    Args:
        trained: the model.
        sha256: of its file.
        size: of its file in bytes.
    """
    report, manifest = trained.report, trained.model.manifest
    return {
        "sha256": sha256,
        "bytes": size,
        "labels": manifest.labels,
        "metrics": manifest.metrics,
        "evaluation": headline(report.evaluation),
        "recipe": manifest.recipe,
        "backbone": msgspec.to_builtins(manifest.backbone),
        "dataset_digest": manifest.dataset_digest,
        "versions": manifest.versions,
        "candidates": msgspec.to_builtins(report.candidates),
        "pictures": {"train": report.train_pictures, "test": report.test_pictures, "skipped": len(report.skipped)},
        "suspects": first_suspects(report),
        "advice": msgspec.to_builtins(report.advice),
    }


def first_suspects(report: Report) -> dict[str, Any]:
    """How many pictures should be looked at again, by evidence, and the most suspicious of them."""
    from fenlei.training.suspect import SuspectCounts

    counts = SuspectCounts() if report.suspect_counts is None else report.suspect_counts
    first = [
        {"name": each.name, "label": each.label, "likelier": each.likelier, "reasons": each.reasons}
        for each in report.suspects[:FIRST_SUSPECTS]
    ]
    return {**msgspec.to_builtins(counts), "first": first}


def headline(evaluation: Evaluation) -> dict[str, Any]:
    """The figures that two runs are compared by: all but the confusion and the reliability, which the report has."""
    told: dict[str, Any] = msgspec.to_builtins(evaluation)
    return {name: value for name, value in told.items() if name not in {"confusion", "reliability"}}


def add_trained_version(
    work: Work, run: Run, learned: Learned, by: str | None, *, so_far: bool = False
) -> ModelVersion:
    """Make the model version of what a run has learned, in a transaction that is open; the one that is there already,
    where it was made before.

    Args:
        work: the transaction.
        run: which has learned.
        learned: what; its file is among the blobs.
        by: id of the user who wants it.
        so_far: whether the run was still under way.
    """
    project = work.projects.get(str(run.project_id))
    dataset_version = work.versions.get(str(run.subject["dataset_version_id"]))
    model = model_of_project(work, project, run.created_by)
    made = work.models.version_of_run(run.id, learned["sha256"])
    if made is not None:
        return made
    source: dict[str, Any] = {"id": run.id, "number": run.number}
    if so_far:
        source["so_far"] = True
    return work.models.add_version(
        ModelVersion(
            id=new_id("mv"),
            model_id=model.id,
            sha256=learned["sha256"],
            bytes=learned["bytes"],
            origin=RUN,
            run_id=run.id,
            dataset_version_id=dataset_version.id,
            labels=learned["labels"],
            metrics=learned["metrics"],
            lineage={
                "dataset": {
                    "id": dataset_version.dataset_id,
                    "name": work.datasets.get(dataset_version.dataset_id).name,
                    "version_id": dataset_version.id,
                    "version": dataset_version.number,
                    "digest": dataset_version.digest,
                },
                "dataset_digest": learned["dataset_digest"],
                "project": {"id": project.id, "name": project.name},
                "run": source,
                "pipeline": "automated",
                "settings": run.settings,
                "seed": run.settings["seed"],
                "recipe": learned["recipe"],
                "backbone": learned["backbone"],
                "fenlei": release(),
                "versions": learned["versions"],
            },
            tags=[],
            created_at=now(),
            created_by=by,
        )
    )
