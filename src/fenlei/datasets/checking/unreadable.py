"""Files that cannot be decoded to their last pixel."""

from __future__ import annotations

from fenlei.datasets.checking.subject import Found, Subject


class Unreadable:
    """Import looks at files quickly; this looks at every pixel."""

    name = "unreadable"
    decodes = True
    compares = False

    def __call__(self, subject: Subject) -> list[Found]:
        """The files that cannot be decoded, and why."""
        found = []
        for picture in subject.pictures:
            look = subject.looks.get(picture.sha256)
            if look is not None and look.problem is not None:
                found.append(Found(picture.id, {"reason": look.problem}))
        return found
