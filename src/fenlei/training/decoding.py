"""What a picture of a set takes from its file to the input of a network, as serving does it: measured on a few."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress

from fenlei.contract.errors import FenleiError
from fenlei.imaging import InputSpec, prepare_for_training
from fenlei.training.look import Picture

SHOWN = 5
"""Pictures, spread over the set, of which the one that takes neither long nor short is the typical one."""

ENOUGH = 0.05
"""Seconds after which nothing more is measured, half of them for finding the typical picture: inputs that come later
are said to take what the one of the nearest size takes."""


class Decoding:
    """Measures each input once, when first asked for it; reading the file does not count, a request brings its bytes.

    Args:
        pictures: the set.
    """

    def __init__(self, pictures: Sequence[Picture]) -> None:
        self._pictures = pictures
        self._typical: bytes | None = None
        self._found: dict[InputSpec, float] = {}
        self._spent = 0.0

    def milliseconds(self, spec: InputSpec) -> float:
        """What the typical picture takes to become such an input; 0 where no picture can be read any more."""
        if not self._found:
            self._found[spec] = self._choose(spec)
        elif spec not in self._found and self._typical is not None and self._spent < ENOUGH:
            self._found[spec] = self._took(self._typical, spec)
        nearest = min(self._found, key=lambda known: (known != spec, abs(known.height - spec.height)))
        return 1000 * self._found[nearest]

    def _choose(self, spec: InputSpec) -> float:
        took: list[tuple[float, bytes]] = []
        count = len(self._pictures)
        for row in sorted({count * turn // SHOWN for turn in range(SHOWN)} if count else ()):
            if self._spent >= ENOUGH / 2:
                break
            with suppress(FenleiError):  # gone by now, or another file
                data = self._pictures[row].item.read()
                took.append((self._took(data, spec), data))
        took.sort(key=lambda each: each[0])
        if not took:
            return 0.0
        seconds, self._typical = took[(len(took) - 1) // 2]
        return seconds

    def _took(self, data: bytes, spec: InputSpec) -> float:
        started = time.perf_counter()
        prepare_for_training(data, spec)
        seconds = time.perf_counter() - started
        self._spent += seconds
        return seconds
