"""The pictures that what ships learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fenlei.training.look import Picture


@dataclass(frozen=True)
class Part:
    """Pictures that a shipped network learns from.

    Attributes:
        pictures: (n).
        truth: (n,) class numbers.
    """

    pictures: Sequence[Picture]
    truth: NDArray[np.int64]


class Ships(NamedTuple):
    """What ships of a candidate.

    Attributes:
        part: that it learned from, or, as it was judged, from some of.
        spoiled: the sentence that says what went wrong when more was learned from; None where nothing did.
    """

    part: Part
    spoiled: str | None = None
