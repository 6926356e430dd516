"""Two models on the pictures of a folder: which is right more often, and by how much beyond noise."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fenlei.contract.errors import FenleiError
from fenlei.model.folder import Count
from fenlei.model.loaded import Model
from fenlei.training.versus import ClassVersus, Versus

if TYPE_CHECKING:
    from fenlei.training.paired import Answers

__all__ = ["ClassVersus", "Versus", "compare"]


def compare(old: Model, new: Model, directory: str | Path, progress: Count | None = None) -> Versus:
    """Judge two models on the same labelled pictures.

    Only pictures of classes that both know count, and of those only the ones that neither has learned from: a model
    knows those by heart. Where there are no others, all count, and `learned_old` and `learned_new` say so.

    Args:
        old: the one.
        new: the other.
        directory: as for `Model.evaluate`.
        progress: told how many pictures are done; each is looked at by both.

    Raises:
        FenleiError: the folder cannot be read, or holds no picture of a class that both know.
    """
    from fenlei.training.paired import in_common, versus

    answers = [_answers(model, directory, _half(progress, place)) for place, model in enumerate((old, new))]
    common = in_common(answers)
    if common is None:
        raise FenleiError(
            f"{directory} holds no readable picture of a class that both models know: one knows "
            f"{', '.join(old.labels)}, the other {', '.join(new.labels)}."
        )
    return versus(common)


def _answers(model: Model, directory: str | Path, progress: Count | None) -> Answers:
    from fenlei.training.paired import Answers

    folder = model.score_folder(directory, progress)
    labels = [model.labels[number] for number in folder.truth]
    right = folder.scores.argmax(axis=1) == folder.truth
    return Answers(folder.names, labels, folder.digests, right, model.learned_from)


def _half(progress: Count | None, place: int) -> Count | None:
    """Progress of the first or the second of two passes over the same pictures."""
    if progress is None:
        return None
    return lambda done, total: progress(done + place * total, 2 * total)
