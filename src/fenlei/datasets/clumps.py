"""Many copies of one picture, told from a chain of look-alikes.

Both are large sets of pictures tied by near pairs. In a clump of copies whoever is near to one is near to all: what
one copy is near to, the others are near to as well, and nothing else. Along a chain (a slow film, a burst) nearness
wanders off: the frames near to the middle one are themselves near to others that the middle one does not reach.
Along a chain of even steps a quarter of what the frames around a middle one are near to lies outside (4 % in a film
that dwells); of a hundred copies of a photograph saved again at qualities from 30 to 95 and 0.4 to 1 of its size, none
was near to anything outside.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from fenlei.datasets.witnesses import Witnesses

MOST_OUTSIDE = 0.03
"""Share of what the pictures of a clump are near to that may lie outside of it."""

_MOST_CENTRES = 256
"""Pictures tried as the centre of a clump, best connected first: keeps the work bounded where all is one chain."""

_ASKED = 32
"""Pictures of a presumed clump that are asked for all they are near to."""


def clumps(witnesses: Witnesses, pairs: Sequence[tuple[int, int]], larger_than: int) -> Iterator[NDArray[np.int64]]:
    """Sets of more than `larger_than` pictures that all are near copies of one of them; no picture is in two.

    Args:
        witnesses: what is known of the pictures.
        pairs: near pairs; every picture of a clump must be in a good number of them, not in all.
        larger_than: smaller sets are of no interest.
    """
    if not pairs:
        return
    ties = np.bincount(np.array(pairs).ravel())
    order = np.argsort(-ties, kind="stable")
    # The pairs may be a sample where pictures crowd, but never so thin that a large clump has no well tied picture.
    candidates = order[ties[order] * 2 >= larger_than]
    settled = np.zeros(len(ties), bool)
    tried = 0
    for centre in candidates:
        if settled[centre] or tried == _MOST_CENTRES:
            continue
        tried += 1
        around = witnesses.near_to(int(centre))
        around = around[~settled[around]]
        clump = np.append(around, centre)
        # What was looked at is settled either way: the next centre to try is another place, not another frame of this.
        settled[clump] = True
        if len(clump) > larger_than and _share_outside(witnesses, clump) <= MOST_OUTSIDE:
            yield np.sort(clump)


def _share_outside(witnesses: Witnesses, clump: NDArray[np.int64]) -> float:
    asked = clump[np.linspace(0, len(clump) - 1, min(_ASKED, len(clump)), dtype=int)]
    reached = np.concatenate([witnesses.near_to(int(picture)) for picture in asked])
    return 1 - float(np.isin(reached, clump).mean()) if len(reached) else 1.0
