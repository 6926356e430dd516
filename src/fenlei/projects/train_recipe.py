"""Carry out a training run: learn, keep the model file, and end with the model version in one transaction."""

from __future__ import annotations

import functools
import time
from pathlib import Path
from typing import Any

import msgspec

from fenlei.datasets.versions import found_pictures
from fenlei.modelfile import pack
from fenlei.projects.models import model_of_project
from fenlei.projects.release import release
from fenlei.projects.train_progress import TrainProgress
from fenlei.projects.training_settings import training_settings
from fenlei.runs import Recipe, RunContext
from fenlei.store import Work, new_id, now
from fenlei.store.tables import ModelVersion
from fenlei.training.evaluation import Evaluation
from fenlei.training.report import Report
from fenlei.training.suspect import SuspectCounts

RUN = "run"
"""Origin of the model versions that come of it."""

LEARN = "learn"
"""The step after which the model file is there."""

MOST_NAMED_FILES = 100

FIRST_SUSPECTS = 5


def train_recipe(cache: Path, engine: str = "openvino", backbone: str | None = None) -> Recipe:
    """How training runs are carried out.

    Args:
        cache: the workspace's cache. Features of pictures are kept there, so that whoever goes on after a kill computes
            none of them twice.
        engine: what runs networks.
        backbone: used in every run that names none, in place of the goal's choice: an id of the catalogue, or a path.
    """
    return functools.partial(_train, cache=cache, engine=engine, backbone=backbone)


def _train(context: RunContext, *, cache: Path, engine: str, backbone: str | None) -> None:
    learn = functools.partial(_learn, context, cache=cache, engine=engine, backbone=backbone)
    learned = context.step(LEARN, learn)
    if learned is None or not context.store.blobs.has(learned["sha256"]):
        learned = learn()
    context.finish(functools.partial(_keep, context, learned))


def _learn(context: RunContext, *, cache: Path, engine: str, backbone: str | None) -> dict[str, Any]:
    """Train, put the model file among the blobs, and tell what a model version says of it."""
    from fenlei.training.train import train

    version_id = str(context.run.subject["dataset_version_id"])
    wishes = training_settings(context.run.settings)
    telling = TrainProgress(context)
    began = time.monotonic()
    trained = train(
        functools.partial(found_pictures, context.store, version_id),
        cache=cache,
        goal=wishes.goal,
        budget=wishes.budget,
        seed=wishes.seed,
        backbone=wishes.backbone or backbone,
        size=wishes.size,
        policy=wishes.policy,
        test_fraction=wishes.test_fraction,
        synthetic_parity=wishes.drawn_parity,
        engine=engine,
        progress=telling,
        cancelled=context.cancelled,
        heard=telling.candidate,
    )
    report, manifest = trained.report, trained.model.manifest
    for file in report.skipped[:MOST_NAMED_FILES]:
        context.log(f"left aside: {file.name}: {file.reason}")
    if len(report.skipped) > MOST_NAMED_FILES:
        context.log(f"left aside: {len(report.skipped) - MOST_NAMED_FILES} more files; the report names them")
    for note in report.notes:
        context.log(note)
    for suspect in report.suspects[:FIRST_SUSPECTS]:
        context.log(f"look at it again: {suspect.name}, labelled {suspect.label}: {', '.join(suspect.reasons)}")
    for name in ("accuracy", "macro_f1", "log_loss", "expected_calibration_error"):
        context.metric(name, manifest.metrics[name], part="test")
    context.log(
        f"right on {report.evaluation.accuracy:.1%} of {report.evaluation.pictures} pictures that nothing else saw; "
        f"{trained.computed} pictures ran through a network, {time.monotonic() - began:.1f} s"
    )
    data = pack(trained.model)
    context.check()
    return {
        "sha256": context.store.blobs.put(data),
        "bytes": len(data),
        "labels": manifest.labels,
        "metrics": manifest.metrics,
        "evaluation": headline(report.evaluation),
        "recipe": manifest.recipe,
        "backbone": msgspec.to_builtins(manifest.backbone),
        "dataset_digest": manifest.dataset_digest,
        "versions": manifest.versions,
        "candidates": msgspec.to_builtins(report.candidates),
        "pictures": {"train": report.train_pictures, "test": report.test_pictures, "skipped": len(report.skipped)},
        "notes": report.notes,
        "suspects": first_suspects(report),
    }


def first_suspects(report: Report) -> dict[str, Any]:
    """How many pictures should be looked at again, by evidence, and the most suspicious of them."""
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


def _keep(context: RunContext, learned: dict[str, Any], work: Work) -> dict[str, Any]:
    """Make the model version; in the transaction that ends the run."""
    run = context.run
    project = work.projects.get(str(run.project_id))
    dataset_version = work.versions.get(str(run.subject["dataset_version_id"]))
    model = model_of_project(work, project, run.created_by)
    version = work.models.add_version(
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
                "run": {"id": run.id, "number": run.number},
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
            created_by=run.created_by,
        )
    )
    return {
        "model_id": model.id,
        "model": model.name,
        "model_version_id": version.id,
        "number": version.number,
        **{name: learned[name] for name in ("metrics", "evaluation", "candidates", "pictures", "notes", "recipe")},
        "suspects": learned.get("suspects"),  # absent where the step was done by an older release
    }
