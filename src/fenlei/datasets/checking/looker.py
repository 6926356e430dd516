"""What the check for near duplicates asks of the rooms above: features, which only they know how to compute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fenlei.datasets.fingerprint import Fingerprint


@dataclass(frozen=True)
class File:
    """A picture file to be looked at.

    Attributes:
        name: of a picture that is this file, for messages.
        sha256: of its bytes, hexadecimal.
        read: its bytes; safe to call from many threads; raises FenleiErrors.
    """

    name: str
    sha256: str
    read: Callable[[], bytes]


@dataclass(frozen=True)
class LookedAt:
    """What is known of some files.

    Attributes:
        index: (m,) places in what was asked; files that cannot be used are left out.
        prints: (m,) fingerprints of the prepared inputs, all of one preprocessing.
        features: (m, d) float32, all of one backbone.
    """

    index: NDArray[np.int64]
    prints: Sequence[Fingerprint]
    features: NDArray[np.float32]


class Looker(Protocol):
    """Computes features and fingerprints, or takes them from a cache. What was computed before a kill is not computed
    again."""

    def __call__(
        self, files: Sequence[File], progress: Callable[[int, int], None], cancelled: Callable[[], bool], /
    ) -> LookedAt | None:
        """Look at files, each of which is there once.

        Args:
            files: which.
            progress: told how many of how many are done.
            cancelled: asked now and then; True stops.

        Returns:
            What was seen; None where it was stopped.
        """
