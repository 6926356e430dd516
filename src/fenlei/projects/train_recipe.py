"""Carry out a training run: learn, keep the model file, and end with the model version in one transaction."""

from __future__ import annotations

import functools
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fenlei.datasets.versions import found_pictures
from fenlei.modelfile import ModelFile, pack, read
from fenlei.projects.best_so_far import Best
from fenlei.projects.train_progress import TrainProgress
from fenlei.projects.trained_version import FIRST_SUSPECTS, Learned, add_trained_version, what_was_learned
from fenlei.projects.training_settings import training_settings
from fenlei.runs import Recipe, RunContext
from fenlei.store import Work
from fenlei.training.sentence import GOOD

if TYPE_CHECKING:
    from fenlei.training.finish import Trained

LEARN = "learn"
"""The step after which the model file is there."""

MOST_NAMED_FILES = 100


def train_recipe(cache: Path, engine: str = "auto", backbone: str | None = None) -> Recipe:
    """How training runs are carried out.

    Args:
        cache: the workspace's cache. Features of pictures and the journals of searches are kept there, so that whoever
            goes on after a kill computes nothing twice.
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


def _learn(context: RunContext, *, cache: Path, engine: str, backbone: str | None) -> Learned:
    """Train, put the model file among the blobs, and tell what a model version says of it."""
    from fenlei.training.earlier import read_earlier
    from fenlei.training.train import rebuild, train

    version_id = str(context.run.subject["dataset_version_id"])
    wishes = training_settings(context.run.settings)
    telling, best = TrainProgress(context), Best(context)
    began = time.monotonic()
    pictures = functools.partial(found_pictures, context.store, version_id)
    if wishes.rebuild is not None:
        made = rebuild(
            _model(context, wishes.rebuild),
            pictures,
            cache=cache,
            engine=engine,
            progress=telling,
            cancelled=context.cancelled,
        )
        return _learned(context, made, time.monotonic() - began)
    trained = train(
        pictures,
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
        aim=wishes.aim,
        since=None if wishes.since is None else read_earlier(_model(context, wishes.since)),
        false_rejects=wishes.false_rejects,
        demand=wishes.demand,
        fine_tune=wishes.fine_tune,
        progress=telling,
        cancelled=context.cancelled,
        enough=context.enough,
        heard=telling.candidate,
        better=best.replace,
        outlook=telling.time,
        spent=context.worked,
    )
    return _learned(context, trained, time.monotonic() - began)


def _model(context: RunContext, version_id: str) -> ModelFile:
    """The file of a model version of this platform."""
    with context.store.reading() as work:
        version = work.models.version(version_id)
    with tempfile.TemporaryDirectory(prefix="fenlei-") as folder:
        path = Path(folder) / "model.fenlei"
        context.store.blobs.save_to(version.sha256, path)
        return read(path)


def _learned(context: RunContext, trained: Trained, seconds: float) -> Learned:
    _account(context, trained, seconds)
    data = pack(trained.model)
    context.check()
    return what_was_learned(trained, context.store.blobs.put(data), len(data))


def _account(context: RunContext, trained: Trained, seconds: float) -> None:
    """Tell the log what came of it."""
    report, metrics = trained.report, trained.model.manifest.metrics
    for file in report.skipped[:MOST_NAMED_FILES]:
        context.log(f"left aside: {file.name}: {file.reason}")
    if len(report.skipped) > MOST_NAMED_FILES:
        context.log(f"left aside: {len(report.skipped) - MOST_NAMED_FILES} more files; the report names them")
    for sentence in report.advice:
        if sentence.kind != GOOD:
            context.log(sentence.en)
    for suspect in report.suspects[:FIRST_SUSPECTS]:
        context.log(f"look at it again: {suspect.name}, labelled {suspect.label}: {', '.join(suspect.reasons)}")
    for name in ("accuracy", "macro_f1", "log_loss", "expected_calibration_error"):
        context.metric(name, metrics[name], part="test")
    context.log(
        f"right on {report.evaluation.accuracy:.1%} of {report.evaluation.pictures} pictures that nothing else saw; "
        f"{trained.computed} pictures ran through a network, {seconds:.1f} s"
    )


def _keep(context: RunContext, learned: Learned, work: Work) -> dict[str, Any]:
    """Make the model version; in the transaction that ends the run."""
    version = add_trained_version(work, context.run, learned, context.run.created_by)
    return {
        "model_id": version.model_id,
        "model": work.models.get(version.model_id).name,
        "model_version_id": version.id,
        "number": version.number,
        **{name: learned[name] for name in ("metrics", "evaluation", "candidates", "pictures", "recipe")},
        # Absent where the step was done by an older release.
        **{name: learned.get(name) for name in ("suspects", "advice")},
    }
