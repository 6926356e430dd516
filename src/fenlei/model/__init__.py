"""The Python face of Fenlei: train on a folder, load a model file, predict, explain, evaluate, save."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from fenlei.contract.errors import FenleiError
from fenlei.model.loaded import Judgement, Model, load, open_model
from fenlei.model.source import PictureUnreadable
from fenlei.modelfile import read, write
from fenlei.settings import Settings

if TYPE_CHECKING:
    from fenlei.training.finish import Trained
    from fenlei.training.progress import Progress
    from fenlei.training.report import CandidateResult
    from fenlei.training.timetable import Outlook

__all__ = [
    "Judgement",
    "Model",
    "PictureUnreadable",
    "TrainingNotInstalled",
    "default_path",
    "load",
    "train",
]


class TrainingNotInstalled(FenleiError):
    """Fenlei was installed without the `train` extra."""


def train(
    directory: str | Path,
    *,
    goal: str = "balanced",
    budget: float | None = None,
    seed: int = 0,
    backbone: str | None = None,
    size: int | None = None,
    policy: str | None = None,
    test_fraction: float = 0.2,
    synthetic_parity: bool = False,
    embed_backbone: bool = True,
    aim: str | None = None,
    false_rejects: float = 0.05,
    precision: float | Mapping[str, float] | None = None,
    cost: tuple[float, float] | Mapping[str, tuple[float, float]] | None = None,
    since: str | Path | None = None,
    fine_tune: bool = True,
    keep: str | Path | None = None,
    workspace: str | Path | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    enough: Callable[[], bool] | None = None,
    heard: Callable[[CandidateResult], None] | None = None,
    outlook: Callable[[Outlook], None] | None = None,
) -> Model:
    """Learn from a folder of pictures. Nothing is written but caches, and `keep`; `Model.save` writes the model file.

    Args:
        directory: class folders, or `train/` and `test/` (or `val/`) of class folders, or a zip of these.
        goal: `fast`, `balanced` or `accurate`: which backbones, sizes and resize policies are tried.
        budget: seconds in all; None tries what the goal asks for. What an earlier search of the same pictures found out
            is kept in the workspace, its seconds count, and a larger budget goes on from there.
        seed: same seed, same pictures, same machine: same model file.
        backbone: use this one only: a name of the catalogue, a file, or `hf:org/name`.
        size: side of the input in pixels, for `backbone`.
        policy: `squash`, `letterbox` or `crop`; None lets the goal choose.
        test_fraction: share held out for the final figures, where the folder has no `test/`.
        synthetic_parity: draw the parity pictures, so that no picture of yours travels in the model file.
        embed_backbone: put the backbone into the model file; otherwise it is found by its digest in the workspace.
        aim: `accuracy`, `balanced accuracy` or `macro-F1`; None lets the sizes of the classes decide.
        false_rejects: share of pictures of known classes that the rule for unknown ones may call unknown.
        precision: choose a threshold for each class so that this share of answers with it is right; one for all, or by
            class. They count where `predict`, or a deployment, is told to decide.
        cost: choose thresholds by what a wrong answer and a missed picture of a class cost, as (wrong, missed); one for
            all, or by class. In place of `precision`.
        since: a model file to go on from: its way of learning is tried right after the first, what judged it judges the
            new one too, and the report compares the two.
        fine_tune: with a budget that suffices, train the network under the best linear head too, and take it where it
            is better beyond noise.
        keep: with a budget, a model file that is written as soon as there is a first model, and again whenever there is
            a better one; it is whole at any time.
        workspace: where caches are kept; the default is FENLEI_WORKSPACE or `~/.fenlei`.
        progress: told of stage, steps done, steps in all.
        cancelled: asked between steps; once true, training stops.
        enough: asked between steps; once true, the search ends with the best so far.
        heard: told of every candidate that was tried, as soon as it was.
        outlook: with a budget, told a few times a second how many seconds are spent and left.

    Raises:
        FenleiError: the folder cannot be learned from, a name is unknown, or the work was cancelled.
    """
    try:
        from fenlei.training.decide import Demand
        from fenlei.training.earlier import read_earlier
        from fenlei.training.train import train as learn
    except ImportError as exc:
        raise TrainingNotInstalled(
            f"Training needs packages that are not installed ({exc}): pip install 'fenlei[train]'."
        ) from exc
    settings = Settings.at(workspace)
    trained = learn(
        Path(directory),
        cache=settings.cache,
        goal=goal,
        budget=budget,
        seed=seed,
        backbone=backbone,
        size=size,
        policy=policy,
        test_fraction=test_fraction,
        synthetic_parity=synthetic_parity,
        embed_backbone=embed_backbone,
        engine=settings.engine,
        aim=aim,
        false_rejects=false_rejects,
        demand=Demand(precision, cost),
        since=None if since is None else read_earlier(read(Path(since))),
        fine_tune=fine_tune,
        progress=progress,
        cancelled=cancelled,
        enough=enough,
        heard=heard,
        outlook=outlook,
        better=None if keep is None or budget is None else lambda found: _keep(Path(keep), found),
    )
    return open_model(trained.model, default_path(Path(directory)), settings)


def _keep(path: Path, found: Trained) -> None:
    try:
        write(path, found.model)
    except OSError as exc:
        raise FenleiError(f"{path} cannot be written ({exc.strerror or exc}).") from exc


def default_path(directory: Path) -> Path:
    """Where the model of a folder or zip goes when nobody says: its name with `.fenlei`, in the current folder."""
    name = directory.resolve().name
    return Path(f"{name.removesuffix('.zip') if directory.is_file() else name}.fenlei")
