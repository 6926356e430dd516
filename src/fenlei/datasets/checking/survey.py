"""Everything that checks look at: the pictures of a data set with what is known of their files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from fenlei.store.browse import Glance


class Seen(NamedTuple):
    """What decoding a file showed.

    Attributes:
        problem: why it cannot be decoded, a sentence; None where it can.
        pixels: digest of the upright RGB pixels and their shape.
        spread: how much there is to see, in levels of 255; see `fenlei.datasets.looking.spread`.
    """

    problem: str | None
    pixels: str | None
    spread: float | None


@dataclass(frozen=True)
class Survey:
    """A data set at one moment.

    Attributes:
        pictures: all that are there, by number.
        labels: names of the classes by id, in their order.
        looks: by SHA-256; empty where nobody looked.
        near: number of the group of near duplicates by SHA-256; empty where nobody compared.
    """

    pictures: Sequence[Glance]
    labels: Mapping[str, str]
    looks: Mapping[str, Seen] = field(default_factory=dict)
    near: Mapping[str, int] = field(default_factory=dict)

    def copy_of(self, picture: Glance) -> str:
        """What all copies of a picture have in common, and no other picture: its pixels, or its file where that cannot
        be decoded."""
        seen = self.looks.get(picture.sha256)
        return picture.sha256 if seen is None or seen.pixels is None else seen.pixels
