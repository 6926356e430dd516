"""Pictures with nothing on them."""

from __future__ import annotations

from fenlei.datasets.checking.subject import Found, Subject

MOST_SPREAD = 6.0
"""Levels of 255 between the lightest and the darkest part of a picture that has nothing on it: JPEG's noise in one
grey stays below 3, a scanned empty page below 6."""


class Blank:
    """Lens caps, empty pages, failed exports."""

    name = "blank"
    decodes = True
    compares = False

    def __call__(self, subject: Subject) -> list[Found]:
        """Pictures whose parts are all of one brightness and colour."""
        found = []
        for picture in subject.pictures:
            look = subject.looks.get(picture.sha256)
            if look is not None and look.spread is not None and look.spread < MOST_SPREAD:
                found.append(Found(picture.id, {"spread": round(look.spread, 2)}))
        return found
