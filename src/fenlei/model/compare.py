"""Two models on the same pictures: which is right more often, and by how much beyond noise."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from fenlei.contract.errors import FenleiError
from fenlei.model.folder import Count, ScoredFolder
from fenlei.model.loaded import Model


class ClassVersus(msgspec.Struct, frozen=True, kw_only=True):
    """One class: `pictures` of it were judged; the old and the new model found the shares `old` and `new` of them."""

    label: str
    pictures: int
    old: float
    new: float


class Versus(msgspec.Struct, frozen=True, kw_only=True):
    """A new model against an old one, on the same pictures.

    Attributes:
        pictures: that both were judged on.
        old: share that the old one called right.
        old_interval: Wilson's 95 % interval of it.
        new: share that the new one called right.
        new_interval: the same.
        difference: `new` less `old`.
        difference_interval: 95 % interval of it, by drawing the pictures again (paired bootstrap, copies of one file
            as a whole).
        chance: how often the new one is ahead when they are drawn again; 1 or 0: always or never.
        only_old: pictures that only the old one called right.
        only_new: pictures that only the new one called right.
        per_class: of the classes that both know, those that lost most first.
        learned_old: pictures judged here that the old one has learned from, as far as its file tells.
        learned_new: the same of the new one.
        left_out: pictures that were left out because one of them has learned from them.
        unknown_to_one: pictures of classes that only one of them knows; they are not judged here.
    """

    pictures: int
    old: float
    old_interval: tuple[float, float]
    new: float
    new_interval: tuple[float, float]
    difference: float
    difference_interval: tuple[float, float]
    chance: float
    only_old: int
    only_new: int
    per_class: list[ClassVersus]
    learned_old: int
    learned_new: int
    left_out: int
    unknown_to_one: int


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
    from fenlei.training.better import chance_of_gain, interval_of_gain
    from fenlei.training.evaluation import wilson_interval
    from fenlei.training.picture_list import DIGITS

    folders = [model.score_folder(directory, _half(progress, place)) for place, model in enumerate((old, new))]
    rows = [dict(zip(folder.names, range(len(folder.names)), strict=True)) for folder in folders]
    both = [name for name in folders[0].names if name in rows[1]]
    unknown = len({*folders[0].names, *folders[1].names}) - len(both)
    if not both:
        raise FenleiError(
            f"{directory} holds no readable picture of a class that both models know: one knows "
            f"{', '.join(old.labels)}, the other {', '.join(new.labels)}."
        )
    digests = [folders[0].digests[rows[0][name]] for name in both]
    learned = np.array([[digest[:DIGITS] in model.learned_from for digest in digests] for model in (old, new)])
    fresh = ~learned.any(axis=0)
    counted = fresh if fresh.any() else np.ones(len(both), bool)
    rights = [_right(folder, [row[name] for name in both])[counted] for folder, row in zip(folders, rows, strict=True)]
    gains = rights[1].astype(np.float64) - rights[0]
    groups = np.unique(np.array(digests)[counted], return_inverse=True)[1]
    labels = [old.labels[folders[0].truth[rows[0][name]]] for name in both]
    return Versus(
        pictures=len(gains),
        old=float(rights[0].mean()),
        old_interval=wilson_interval(int(rights[0].sum()), len(gains)),
        new=float(rights[1].mean()),
        new_interval=wilson_interval(int(rights[1].sum()), len(gains)),
        difference=float(gains.mean()),
        difference_interval=interval_of_gain(gains, groups),
        chance=chance_of_gain(gains, groups),
        only_old=int((gains < 0).sum()),
        only_new=int((gains > 0).sum()),
        per_class=_per_class(np.array(labels)[counted], *rights),
        learned_old=int(learned[0][counted].sum()),
        learned_new=int(learned[1][counted].sum()),
        left_out=int((~counted).sum()),
        unknown_to_one=unknown,
    )


def _half(progress: Count | None, place: int) -> Count | None:
    """Progress of the first or the second of two passes over the same pictures."""
    if progress is None:
        return None
    return lambda done, total: progress(done + place * total, 2 * total)


def _right(folder: ScoredFolder, rows: list[int]) -> NDArray[np.bool_]:
    return np.asarray(folder.scores[rows].argmax(axis=1) == folder.truth[rows])


def _per_class(labels: NDArray[np.str_], old: NDArray[np.bool_], new: NDArray[np.bool_]) -> list[ClassVersus]:
    found = [
        ClassVersus(
            label=str(label),
            pictures=int((labels == label).sum()),
            old=float(old[labels == label].mean()),
            new=float(new[labels == label].mean()),
        )
        for label in np.unique(labels)
    ]
    return sorted(found, key=lambda each: each.new - each.old)
