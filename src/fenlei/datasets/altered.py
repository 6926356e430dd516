"""Which pictures were made of one another by mirroring, cropping, rotating or relighting: copies made before upload.

Candidates are the nearest neighbours in feature space. A candidate pair is laid over each other (`registration`),
and then three witnesses look at a disc in the middle, all of which must agree:

1. the grey levels correlate by 0.985 or more, as they are and less the mean picture of the data set,
2. what is left of them when the coarse light and dark is taken away correlates by 0.95 or more,
3. nothing is different in any one place: in a 5 × 5 grid the worst cell differs by at most 0.06 of the mean square of
   the grey levels, and by 0.15 of that of the detail.

The first alone takes one handwritten 1 for a copy of the next and receipts on one table for one receipt: an affine map
fits a lot. The second asks for the same detail, the third for the same detail everywhere: a different small thing
before one background differs in one place only. Where they cannot decide they say no: a copy that is missed flatters
the figures a little, hundreds of pictures wrongly called one make a class untestable.

Measured on 100 photographs with ten altered copies each (EfficientNet-Lite0 at 224, JPEG 75 to 95), share of copies
that hang together with their original, and not one false pair among them:

    cropped by up to 8 % a side                                     99 %, with every second mirrored 99 %
    rotated by up to 10°, corners black, white or reflected    99 to 100 %, with every second mirrored 99 %
    brightness, contrast and colour 0.7 to 1.3                      97 %
    all of this at once                                        94 to 95 %

In sets nobody altered: 6 pairs among 1,797 handwritten digits of 8 × 8 pixels (1, 4, 5 and 7 of one hand), none among
1,030 hands, one among 899 photographs of rubbish (the same thing twice), and 65 among 800 of weather, all of them real.

What stays weak. Only grey is seen: things that differ in colour alone are one. A thing that covers little more than a
hundredth of one background slips through now and then where pictures were cropped and rotated too (10 pairs in 1,000
pictures). Printed forms whose text is too small for 32 × 32 are one form. In a set of one or two originals the mean
picture and the median distance are those of the copies, and most are missed. Rotation by 90° or 180°, a mirror
upside down and crops of more than a sixth of the side are not looked for.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fenlei.datasets.disjoint_sets import DisjointSets
from fenlei.datasets.feature_space import FeatureSpace
from fenlei.datasets.fingerprint import VIEW_SIDE, Fingerprint
from fenlei.datasets.neighbours import neighbours
from fenlei.datasets.registration import (
    Grey,
    Numbers,
    disc,
    first_guess,
    moved,
    refined,
    sampled,
    sampled_alike,
)

NEAREST = 12
"""Neighbours looked at of each picture. More copies than that still hang together through one another."""

MOST_DISTANCE = 0.8
"""Of the median feature distance of two pictures drawn at random."""

LEAST_CORRELATION = 0.985
LEAST_DETAIL = 0.95
MOST_IN_ONE_PLACE = 0.06
MOST_DETAIL_IN_ONE_PLACE = 0.15

_RADIUS = 0.75
_CELLS = 5
_LEAST_IN_CELL = 10
_LEAST_OVERLAP = 0.8
_SMOOTH, _DETAIL = 1.0, 1.5
"""Pixels of the view by which it is smoothed, and beyond which light and dark is coarse."""

_NOISE = 1.5
"""Grey levels of detail that no cell is blamed for."""

_FLAT, _FLAT_DETAIL = 4.0, 0.5
"""Grey levels of standard deviation, in all and of detail, below which a picture is flat and proves nothing."""

_BLOCK = 1024


def altered_pairs(prints: Sequence[Fingerprint], space: FeatureSpace) -> list[tuple[int, int]]:
    """Pairs of which one is an altered copy of the other, or both are of a third; nearest first.

    Pictures that hang together through nearer pairs are not asked about again: of a group come the pairs that hold
    it together, not all.

    The work: at most `NEAREST` neighbours of each picture are laid over it; see `neighbours` for how they are found.

    Args:
        prints: (n,) fingerprints of the prepared inputs, all of one preprocessing.
        space: (n) the pictures by the features of one backbone.
    """
    if len(prints) < 2:
        return []
    views = _Views(prints)
    left, right, _ = neighbours(space, NEAREST, MOST_DISTANCE)
    telling = views.telling[left] & views.telling[right]
    left, right, maps = views.hopeful(left[telling], right[telling])
    found: list[tuple[int, int]] = []
    together = DisjointSets(len(prints))
    for start in range(0, len(left), _BLOCK):
        block = np.arange(start, min(start + _BLOCK, len(left)))
        block = block[[together.root(int(left[pair])) != together.root(int(right[pair])) for pair in block]]
        block = block[views.same(left[block], right[block], maps[block])]
        pairs = zip(left[block].tolist(), right[block].tolist(), strict=True)
        found += [pair for pair in pairs if together.join(*pair)]
    return found


class _Views:
    """The grey views of all pictures, ready to be compared."""

    def __init__(self, prints: Sequence[Fingerprint]) -> None:
        self._points = disc(VIEW_SIDE, _RADIUS)
        column, row = (np.clip((each / _RADIUS + 1) / 2 * _CELLS, 0, _CELLS - 1).astype(int) for each in self._points)
        cells = np.eye(_CELLS**2, dtype=np.float32)[row * _CELLS + column]
        self._cells = cells[:, cells.sum(axis=0) >= _LEAST_IN_CELL]
        self._smooth = np.empty((len(prints), VIEW_SIDE, VIEW_SIDE), np.float32)
        self.telling = np.empty(len(prints), bool)
        for start in range(0, len(prints), _BLOCK):
            block = slice(start, start + _BLOCK)
            views = np.stack([each.view for each in prints[block]]).astype(np.float32)
            self._smooth[block] = _smoothed(views.reshape(-1, VIEW_SIDE, VIEW_SIDE), _SMOOTH)
            self.telling[block] = self._here(self._smooth[block]).std(axis=1) >= _FLAT
            self.telling[block] &= self._here(_detail(self._smooth[block])).std(axis=1) >= _FLAT_DETAIL
        self._mean = self._here(self._smooth.mean(axis=0, keepdims=True))

    def hopeful(self, left: Numbers, right: Numbers) -> tuple[Numbers, Numbers, Grey]:
        """The pairs worth a closer look, and a first guess of how each lies over the other."""
        pair, maps = first_guess(self._smooth, left, right)
        return left[pair], right[pair], maps

    def same(self, left: Numbers, right: Numbers, maps: Grey) -> NDArray[np.bool_]:
        """Whether each pair shows one picture."""
        laid = refined(self._smooth, left, right, maps)
        same = np.zeros(len(left), bool)
        # The first witness costs least, and most that are not the same fail there.
        like = laid.pair[self._alike(left[laid.pair], right[laid.pair], laid.maps)]
        maps = laid.maps[np.isin(laid.pair, like)]
        same[like] = self._agree(left[like], right[like], maps)
        return same

    def _alike(self, left: Numbers, right: Numbers, maps: Grey) -> NDArray[np.bool_]:
        """Whether enough of each pair lies over each other, and the grey levels there correlate."""
        there, inside = sampled(self._smooth, right, moved(self._points, maps))
        here = sampled_alike(self._smooth, left, self._points)
        alike = _correlation(_centred(here, inside), _centred(there, inside)) >= LEAST_CORRELATION
        return np.asarray(alike & (inside.mean(axis=1) >= _LEAST_OVERLAP))

    def _agree(self, left: Numbers, right: Numbers, maps: Grey) -> NDArray[np.bool_]:
        """What all other witnesses say of pairs that are alike."""
        places = moved(self._points, maps)
        there, inside = sampled(self._smooth, right, places)
        here, there = _centred(self._here(self._smooth[left]), inside), _centred(there, inside)
        gain = np.sum(here * there, axis=1, keepdims=True) / np.maximum(np.sum(there**2, axis=1, keepdims=True), 1e-3)
        # The mean picture belongs where the left one is; the right one was moved there.
        mean = _centred(np.broadcast_to(self._mean, here.shape), inside)
        agree = _correlation(here - mean, there * gain - mean) >= LEAST_CORRELATION
        agree &= self._worst(here, there, inside) <= MOST_IN_ONE_PLACE
        here = _centred(self._here(_detail(self._smooth[left])), inside)
        there = _centred(sampled(_detail(self._smooth[right]), np.arange(len(right)), places)[0], inside)
        agree &= _correlation(here, there) >= LEAST_DETAIL
        return np.asarray(agree & (self._worst(here, there, inside) <= MOST_DETAIL_IN_ONE_PLACE))

    def _worst(self, here: Grey, there: Grey, inside: NDArray[np.bool_]) -> Grey:
        """The largest mean square difference in a cell, as a share of the mean square of the left picture."""
        own, other = np.sum(here**2, axis=1, keepdims=True), np.sum(there**2, axis=1, keepdims=True)
        different = (here - there * np.sqrt(own / np.maximum(other, 1e-3))) ** 2 @ self._cells
        different /= np.maximum(inside @ self._cells, _LEAST_IN_CELL / 2)
        usual = own[:, 0] / np.maximum(inside.sum(axis=1), 1) + _NOISE**2
        return np.asarray(different.max(axis=1) / usual, np.float32)

    def _here(self, pictures: Grey) -> Grey:
        """The compared places of each picture, not moved."""
        return sampled_alike(pictures, np.arange(len(pictures)), self._points)


def _detail(pictures: Grey) -> Grey:
    """What is left of pictures without their coarse light and dark."""
    return pictures - _smoothed(pictures, _DETAIL)


def _smoothed(pictures: Grey, pixels: float) -> Grey:
    """Gaussian blur; beyond the edge the picture goes on as it ends."""
    side = pictures.shape[1]
    apart = np.arange(side)[:, None] - np.arange(-side, 2 * side)[None, :]
    weights = np.exp(-0.5 * (apart / pixels) ** 2)
    weights /= weights.sum(axis=1, keepdims=True)
    kernel = weights[:, side : 2 * side].copy()
    kernel[:, 0] += weights[:, :side].sum(axis=1)
    kernel[:, -1] += weights[:, 2 * side :].sum(axis=1)
    kernel = kernel.astype(np.float32)
    return np.asarray(kernel @ pictures @ kernel.T, np.float32)


def _centred(values: Grey, inside: NDArray[np.bool_]) -> Grey:
    """Less their mean, and 0 outside."""
    mean = np.sum(values * inside, axis=1, keepdims=True) / np.maximum(inside.sum(axis=1, keepdims=True), 1)
    return np.asarray((values - mean) * inside, np.float32)


def _correlation(one: Grey, other: Grey) -> Grey:
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return np.asarray(np.sum(one * other, axis=1) / np.maximum(lengths, 1e-3), np.float32)
