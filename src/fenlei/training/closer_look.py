"""A closer look at the test part: its wrong pictures and what they resemble, what is mixed up, where it is weaker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fenlei.modelfile import Head
from fenlei.training.appearance import MEASURES, appearances
from fenlei.training.confused import ConfusedPair, confused_pairs
from fenlei.training.division import Division
from fenlei.training.ending import Ending, Piece
from fenlei.training.evaluation import worst
from fenlei.training.gallery import SMALL, Gallery
from fenlei.training.heat import HeatMaps, maps_allowed
from fenlei.training.look import Picture
from fenlei.training.nearest import Alike, nearest
from fenlei.training.report import WrongPicture
from fenlei.training.slices import Slice, slices, sources_of
from fenlei.training.view import View
from fenlei.training.workshop import Workshop

MOST_WRONG = 60
"""Wrong pictures that the report shows."""

MOST_WITH_NEAREST = 24
"""Of those, whose nearest training pictures are shown too; of the others they are named."""


@dataclass(frozen=True)
class CloserLook:
    """What was found.

    Attributes:
        wrong: pictures that were called wrong, the surest mistakes first.
        confused: what is mixed up, with pictures.
        slices: accuracy by light, sharpness, size and source.
        called: what each picture of the test part was called.
    """

    wrong: list[WrongPicture]
    confused: list[ConfusedPair]
    slices: list[Slice]
    called: list[str]


def look_closer(
    pictures: Sequence[Picture],
    division: Division,
    labels: Sequence[str],
    scores: NDArray[np.float64],
    head: Head,
    features: NDArray[np.float32],
    view: View,
    workshop: Workshop,
    gallery: Gallery,
    *,
    views: int,
    ending: Ending,
) -> CloserLook:
    """Look at what a head said of the test part.

    Args:
        pictures: (n) all that can be used.
        division: who learned and who judged.
        labels: class names in class order.
        scores: (t, c) of the test part.
        head: that gave them; it learned from the other part alone.
        features: (n, d) of all pictures, which it stands on.
        view: that they came by.
        workshop: where networks are.
        gallery: told of what shall be shown.
        views: how many the training tried; what they took says how many maps are drawn.
        ending: told how far this is.
    """
    judging, learning = np.flatnonzero(division.test), np.flatnonzero(~division.test)
    truth = division.truth[judging]
    tested = [pictures[int(row)] for row in judging]
    names = [picture.item.name for picture in tested]
    rows = worst(scores, truth, MOST_WRONG)
    for row in rows:
        gallery.show(int(judging[row]))
    alike = _alike(pictures, learning, [int(judging[row]) for row in rows], features, gallery)
    drawing = rows[: maps_allowed(len(pictures), views)] if gallery.open else []
    ending.begin(Piece.MAPS, len(drawing))
    maps = _maps(tested, rows, drawing, scores, head, view, workshop, gallery, ending.step)
    ending.begin(Piece.SHOWING)
    wrong = [
        WrongPicture(
            name=names[row],
            truth=labels[int(truth[row])],
            predicted=labels[int(scores[row].argmax())],
            score=float(scores[row].max()),
            truth_score=float(scores[row, truth[row]]),
            thumbnail=gallery.show(int(judging[row])),
            nearest=near,
            heat=heat,
        )
        for row, near, heat in zip(rows, alike, maps, strict=True)
    ]
    pairs = confused_pairs(scores, truth, labels, names, lambda row: gallery.show(int(judging[row]), SMALL))
    measured = dict(zip(MEASURES, appearances(tested, workshop.cache).T, strict=True))
    places = sources_of(names, [picture.item.label for picture in tested])
    answers = scores.argmax(axis=1)
    return CloserLook(wrong, pairs, slices(measured, places, answers == truth), [labels[each] for each in answers])


def glance(
    pictures: Sequence[Picture], division: Division, labels: Sequence[str], scores: NDArray[np.float64]
) -> CloserLook:
    """The same without what takes time: no picture is opened again, and none is shown; arguments as `look_closer`."""
    judging = np.flatnonzero(division.test)
    truth = division.truth[judging]
    names = [pictures[int(row)].item.name for row in judging]
    wrong = [
        WrongPicture(
            name=names[row],
            truth=labels[int(truth[row])],
            predicted=labels[int(scores[row].argmax())],
            score=float(scores[row].max()),
            truth_score=float(scores[row, truth[row]]),
            thumbnail=None,
        )
        for row in worst(scores, truth, MOST_WRONG)
    ]
    pairs = confused_pairs(scores, truth, labels, names, lambda row: None)
    return CloserLook(wrong, pairs, [], [labels[each] for each in scores.argmax(axis=1)])


def _alike(
    pictures: Sequence[Picture],
    learning: NDArray[np.int64],
    asked: Sequence[int],
    features: NDArray[np.float32],
    gallery: Gallery,
) -> list[list[Alike]]:
    """The training pictures that each of these rows resembles most."""
    if not asked:
        return []
    found, cosines = nearest(features[learning], features[asked])
    return [
        [
            Alike(
                name=pictures[learning[row]].item.name,
                label=pictures[learning[row]].item.label,
                similarity=round(float(cosine), 4),
                thumbnail=gallery.show(int(learning[row]), SMALL) if place < MOST_WITH_NEAREST else None,
            )
            for row, cosine in zip(rows, angles, strict=True)
        ]
        for place, (rows, angles) in enumerate(zip(found, cosines, strict=True))
    ]


def _maps(
    tested: Sequence[Picture],
    rows: Sequence[int],
    drawing: Sequence[int],
    scores: NDArray[np.float64],
    head: Head,
    view: View,
    workshop: Workshop,
    gallery: Gallery,
    step: Callable[[int, int], None],
) -> list[int | None]:
    """Where in the gallery the maps of these rows are, which are drawn of the first of them."""
    found: list[int | None] = [None] * len(rows)
    if not drawing:
        return found
    maps = HeatMaps(workshop, view, head)
    for place, row in enumerate(drawing):
        drawn = maps.draw(tested[row], int(scores[row].argmax()))
        found[place] = None if drawn is None else gallery.add(drawn)
        step(place + 1, len(drawing))
    return found
