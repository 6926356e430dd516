"""Pictures smaller than the prediction contract takes."""

from __future__ import annotations

from fenlei.contract.limits import MIN_SIDE
from fenlei.datasets.checking.subject import Found, Subject


class TooSmall:
    """A picture like this could be learned from, and never be asked about."""

    name = "too-small"
    decodes = False
    compares = False

    def __call__(self, subject: Subject) -> list[Found]:
        """Pictures with a side of too few pixels."""
        return [
            Found(each.id, {"width": each.width, "height": each.height, "least": MIN_SIDE})
            for each in subject.pictures
            if min(each.width, each.height) < MIN_SIDE
        ]
