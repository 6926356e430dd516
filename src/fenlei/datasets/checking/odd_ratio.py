"""Pictures longer than the prediction contract takes."""

from __future__ import annotations

from fenlei.contract.limits import MAX_RATIO
from fenlei.datasets.checking.subject import Found, Subject


class OddRatio:
    """A picture like this could be learned from, and never be asked about; most are strips and screenshots."""

    name = "odd-ratio"
    decodes = False
    compares = False

    def __call__(self, subject: Subject) -> list[Found]:
        """Pictures more than three times as long as wide, or as wide as long."""
        return [
            Found(each.id, {"width": each.width, "height": each.height, "most": MAX_RATIO})
            for each in subject.pictures
            if max(each.width, each.height) > MAX_RATIO * min(each.width, each.height)
        ]
