"""Going on from an earlier model: what judged it judges the new one too, and both are compared picture by picture.

The earlier model's file lists its pictures, which of them were held out, and what those were called by the head that
had not seen them. So nothing of the earlier model has to be run, and neither is judged on what it learned from. The way
in which it was learned is tried again, early; see `inherited`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from fenlei.modelfile import ModelFile
from fenlei.training.better import chance_of_gain, interval_of_gain
from fenlei.training.division import FREE, Division
from fenlei.training.errors import TrainingError
from fenlei.training.evaluation import wilson_interval
from fenlei.training.look import Picture
from fenlei.training.picture_list import DIGITS, FILE, Listed, read_list
from fenlei.training.since import Since


@dataclass(frozen=True)
class Earlier:
    """An earlier model, as its file tells of it.

    Attributes:
        labels: classes it knew.
        pictures: that it came of, by the first digits of their SHA-256.
        model: the file, which says how it was learned; None takes nothing of that over.
    """

    labels: list[str]
    pictures: dict[str, Listed]
    model: ModelFile | None = None

    def pins(self, pictures: Sequence[Picture]) -> NDArray[np.int8]:
        """(n,) where each of these pictures was: `division.LEARNED`, `division.HELD` or, where it is new, `FREE`."""
        found = [self.pictures.get(picture.digest.hex()[:DIGITS]) for picture in pictures]
        return np.array([FREE if each is None else int(each.part == "test") for each in found], np.int8)

    def compare(
        self,
        pictures: Sequence[Picture],
        division: Division,
        labels: Sequence[str],
        scores: NDArray[np.float64],
    ) -> Since:
        """Hold a new model against it.

        Args:
            pictures: (n) of the new model.
            division: of those.
            labels: of the new model.
            scores: (t, c) of the test part, by the head that had not seen it.
        """
        known = {picture.digest.hex()[:DIGITS] for picture in pictures}
        pins = self.pins(pictures)
        since = Since(
            new_pictures=int((pins == FREE).sum()),
            gone_pictures=sum(digest not in known for digest in self.pictures),
            new_classes=[label for label in labels if label not in self.labels],
            judged=0,
        )
        rows = np.flatnonzero(division.test)
        before = [self.pictures.get(pictures[row].digest.hex()[:DIGITS]) for row in rows.tolist()]
        both = np.array([each is not None and each.called != "" for each in before], bool)
        if not both.any():
            return since
        truth = division.truth[rows]
        new = scores.argmax(axis=1) == truth
        old = np.array(
            [each is not None and each.called == labels[right] for each, right in zip(before, truth, strict=True)]
        )
        gains = new[both].astype(np.float64) - old[both]
        groups, count = division.groups[rows][both], int(both.sum())
        return msgspec.structs.replace(
            since,
            judged=count,
            old=float(old[both].mean()),
            old_interval=wilson_interval(int(old[both].sum()), count),
            new=float(new[both].mean()),
            new_interval=wilson_interval(int(new[both].sum()), count),
            difference=float(gains.mean()),
            difference_interval=interval_of_gain(gains, groups),
            chance=chance_of_gain(gains, groups),
            only_old=int((gains < 0).sum()),
            only_new=int((gains > 0).sum()),
        )


def read_earlier(model: ModelFile) -> Earlier:
    """An earlier model to go on from.

    Raises:
        TrainingError: its file does not say which pictures it came of.
    """
    try:
        pictures = read_list(model.report[FILE])
    except (KeyError, ValueError) as exc:
        raise TrainingError(
            "The earlier model does not say which pictures it was made of: it was not trained by Fenlei, or by one "
            "older than this."
        ) from exc
    return Earlier(list(model.manifest.labels), {each.digest: each for each in pictures}, model)
