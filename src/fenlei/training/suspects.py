"""Which pictures somebody should look at again: three kinds of evidence in one list, the most suspicious first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fenlei.datasets import Groups
from fenlei.training.class_twins import ClassTwin, class_twins
from fenlei.training.label_errors import LabelErrors, label_errors
from fenlei.training.look import Picture
from fenlei.training.outliers import Outliers, find_outliers
from fenlei.training.suspect import LABEL, OUTLIER, TWIN, Neighbour, Suspect, SuspectCounts

MOST_LISTED = 1000
"""Suspects that a report names; the counts are of all."""

MOST_SHOWN = 24
"""Of those, how many are shown as pictures."""


@dataclass(frozen=True)
class Suspicions:
    """What is known against each picture.

    Attributes:
        ranked: rows of suspect pictures, the most suspicious first.
        suspicion: (n,) of every picture, suspect or not.
        known: (n,) whether a head scored it that had not seen it.
        scores: (n, c) by those heads.
        labels: by the scores.
        twins: by row, pictures that are there under another class.
        outliers: by distance.
    """

    ranked: list[int]
    suspicion: NDArray[np.float64]
    known: NDArray[np.bool_]
    scores: NDArray[np.float64]
    labels: LabelErrors
    twins: dict[int, ClassTwin]
    outliers: Outliers

    def counts(self) -> SuspectCounts:
        """How many there are, by evidence."""
        return SuspectCounts(
            pictures=len(self.ranked),
            looked_at=len(self.suspicion),
            scored=int(self.known.sum()),
            labels=int(self.labels.suspect.sum()),
            twins=len(self.twins),
            outliers=int(self.outliers.suspect.sum()),
        )


def find_suspects(
    *,
    scores: NDArray[np.float64],
    known: NDArray[np.bool_],
    truth: NDArray[np.int64],
    groups: Groups,
    files: Sequence[bytes],
    features: NDArray[np.float32],
    ask: Callable[[], None] = lambda: None,
) -> Suspicions:
    """Weigh all evidence and put the pictures in order.

    Scores that speak against a label and a twin under another class weigh from 0.5 to 1, distance alone less: it says
    that a picture is odd, not that its label is wrong. A picture counts by the strongest evidence against it.

    Args:
        scores: (n, c) by heads that had not seen the picture.
        known: (n,) whether there are such scores.
        truth: (n,) class numbers as they were given.
        groups: duplicates.
        files: (n) SHA-256 of each file.
        features: (n, d) of the winner's view.
        ask: called again and again; may raise to end it.
    """
    labels = label_errors(scores, known, truth)
    twins = {twin.row: twin for twin in class_twins(groups, files, truth, scores, known, features)}
    outliers = find_outliers(features, truth, scores.shape[1], ask)
    suspicion = np.maximum(labels.suspicion, outliers.suspicion)
    suspect = labels.suspect | outliers.suspect
    for row, twin in twins.items():
        suspicion[row] = max(suspicion[row], twin.suspicion)
        suspect[row] = True
    order = np.lexsort((np.arange(len(truth)), -suspicion))
    return Suspicions([int(row) for row in order if suspect[row]], suspicion, known, scores, labels, twins, outliers)


def name_suspects(
    found: Suspicions,
    pictures: Sequence[Picture],
    labels: Sequence[str],
    test: NDArray[np.bool_],
    thumbnails: Mapping[int, int],
) -> list[Suspect]:
    """Say of the first suspects what there is against them.

    Args:
        found: the evidence.
        pictures: (n).
        labels: class names in class order.
        test: (n,) whether a picture is in the test part.
        thumbnails: by row, where its picture is in the report's gallery.
    """
    number = {label: place for place, label in enumerate(labels)}
    return [
        _suspect(found, row, pictures, labels, number, "test" if test[row] else "train", thumbnails.get(row))
        for row in found.ranked[:MOST_LISTED]
    ]


def _suspect(
    found: Suspicions,
    row: int,
    pictures: Sequence[Picture],
    labels: Sequence[str],
    number: Mapping[str, int],
    part: str,
    thumbnail: int | None,
) -> Suspect:
    twin = found.twins.get(row)
    doubted, far = bool(found.labels.suspect[row]), bool(found.outliers.suspect[row])
    label = pictures[row].item.label
    likelier = None
    if doubted:
        likelier = labels[found.labels.likelier[row]]
    elif twin is not None:
        likelier = pictures[twin.other].item.label
    known = bool(found.known[row])
    return Suspect(
        name=pictures[row].item.name,
        sha256=pictures[row].digest.hex(),
        part=part,
        label=label,
        likelier=likelier,
        label_score=float(found.scores[row, number[label]]) if known else None,
        likelier_score=float(found.scores[row, number[likelier]]) if known and likelier is not None else None,
        suspicion=float(found.suspicion[row]),
        reasons=[reason for reason, given in ((LABEL, doubted), (TWIN, twin is not None), (OUTLIER, far)) if given],
        twin=None if twin is None else _neighbour(pictures[twin.other], exact=twin.exact),
        distance=float(found.outliers.times[row]) if far else None,
        nearest=_neighbour(pictures[found.outliers.nearest[row]]) if far else None,
        thumbnail=thumbnail,
    )


def _neighbour(picture: Picture, *, exact: bool = False) -> Neighbour:
    return Neighbour(name=picture.item.name, sha256=picture.digest.hex(), label=picture.item.label, exact=exact)
