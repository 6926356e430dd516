"""Pictures that a training would have somebody look at again, as typed records."""

from __future__ import annotations

from msgspec import Struct


class Neighbour(Struct, frozen=True):
    """Another picture that speaks for or against one; `exact`: the same file or the same pixels."""

    name: str
    sha256: str
    label: str
    exact: bool


class Suspect(Struct, frozen=True):
    """A picture to look at again, with what speaks against it.

    Attributes:
        name: in its data set.
        sha256: of its file.
        part: `train` or `test`.
        label: its class when it was learned from.
        likelier: the class it rather shows; None where only its distance is odd.
        label_score: score of its class by a head that had not seen it; None where there was none.
        likelier_score: score of the likelier class, likewise.
        suspicion: 0 to 1, by which the list is in order; no probability.
        reasons: `label` (the scores), `twin` (the same picture under another class), `outlier` (far from all others).
        twin: the picture behind `twin`.
        distance: behind `outlier`: times as far from its neighbours as pictures of its class usually are.
        nearest: the picture nearest to an outlier.
        picture_id: its number; None where it is not in the data set any more.
        label_now: its class now.
        settled: whether it was given another class since, or taken out.
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
    twin: Neighbour | None
    distance: float | None
    nearest: Neighbour | None
    picture_id: int | None
    label_now: str | None
    settled: bool


class SuspectCounts(Struct, frozen=True):
    """How many pictures are suspect, and by which evidence; one may be so by several. `scored` pictures were scored by
    a head that had not seen them."""

    pictures: int
    looked_at: int
    scored: int
    labels: int
    twins: int
    outliers: int


class Suspects(Struct, frozen=True):
    """Pictures to look at again, the most suspicious first; `counts` is None where nobody looked."""

    model_version_id: str
    counts: SuspectCounts | None
    suspects: list[Suspect]
