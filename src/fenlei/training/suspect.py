"""What is said of pictures that somebody should look at again: a label may be wrong, or they may not belong here."""

from __future__ import annotations

import msgspec

LABEL, TWIN, OUTLIER = "label", "twin", "outlier"
"""The kinds of evidence, the one that weighs most first."""


class Neighbour(msgspec.Struct, frozen=True, kw_only=True):
    """Another picture that speaks for or against one.

    Attributes:
        name: its path inside the folder or zip that was given, with `/`.
        sha256: of its file, hex.
        label: its class.
        exact: whether it is the same file or the same pixels.
    """

    name: str
    sha256: str
    label: str
    exact: bool = False


class Suspect(msgspec.Struct, frozen=True, kw_only=True):
    """A picture that somebody should look at again, with what speaks against it.

    Attributes:
        name: its path inside the folder or zip that was given, with `/`.
        sha256: of its file, hex.
        part: `train` or `test`.
        label: the class it was given.
        likelier: the class it rather shows; None where only its distance is odd.
        label_score: the score of `label` by a head that had not seen the picture, 0 to 1; None where there was none.
        likelier_score: the score of `likelier`, likewise.
        suspicion: 0 to 1, by which the list is in order; no probability.
        reasons: which evidence there is: `label` (the scores), `twin` (the same picture under another class),
            `outlier` (far from all others).
        twin: the picture behind `twin`.
        distance: behind `outlier`: how many times as far from its neighbours as pictures of its class usually are.
        nearest: the picture nearest to an outlier.
        thumbnail: index into the gallery that is handed to the renderer, or None where no picture travels.
    """

    name: str
    sha256: str
    part: str
    label: str
    likelier: str | None
    label_score: float | None
    likelier_score: float | None
    suspicion: float
    reasons: list[str]
    twin: Neighbour | None = None
    distance: float | None = None
    nearest: Neighbour | None = None
    thumbnail: int | None = None


class SuspectCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many pictures are suspect, and by which evidence; one may be suspect by several.

    Attributes:
        pictures: suspect by any.
        looked_at: pictures that were looked at.
        scored: of those, the ones that a head scored which had not seen them.
        labels: whose scores speak for another class.
        twins: that are there under another class as well.
        outliers: that are far from all others.
    """

    pictures: int = 0
    looked_at: int = 0
    scored: int = 0
    labels: int = 0
    twins: int = 0
    outliers: int = 0
