"""Pictures that a training would have somebody look at again, on the wire."""

from __future__ import annotations

from pydantic import Field

from fenlei.api.wire.base import EXAMPLE, Shown

_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class NeighbourOut(Shown):
    """Another picture that speaks for or against one."""

    name: str = Field(examples=["dog/4.jpg"])
    sha256: str = Field(examples=[_SHA256])
    label: str = Field(examples=["dog"])
    exact: bool = Field(description="Whether it is the same file or the same pixels.", examples=[True])


class SuspectOut(Shown):
    """A picture to look at again, with what speaks against it."""

    name: str = Field(examples=["cat/17.jpg"])
    sha256: str = Field(examples=[_SHA256])
    part: str = Field(description="train or test.", examples=["train"])
    label: str = Field(description="Its class when it was learned from.", examples=["cat"])
    likelier: str | None = Field(description="The class it rather shows; null: only its distance is odd.")
    label_score: float | None = Field(
        description="Score of its class by a head that had not seen it, 0 to 1; null where there was none.",
        examples=[0.02],
    )
    likelier_score: float | None = Field(description="Score of the likelier class, likewise.", examples=[0.95])
    suspicion: float = Field(description="0 to 1: the list is in its order. No probability.", examples=[0.96])
    reasons: list[str] = Field(
        description="label (the scores), twin (the same picture under another class), outlier (far from all others).",
        examples=[["label"]],
    )
    twin: NeighbourOut | None = Field(description="The picture behind `twin`.")
    distance: float | None = Field(
        description="Behind `outlier`: times as far from its neighbours as pictures of its class usually are.",
        examples=[1.7],
    )
    nearest: NeighbourOut | None = Field(description="The picture nearest to an outlier.")
    picture_id: int | None = Field(description="null where it is not in the data set any more.", examples=[4711])
    label_now: str | None = Field(description="Its class now.", examples=["dog"])
    settled: bool = Field(description="Whether it was given another class since, or taken out.")


class SuspectCountsOut(Shown):
    """How many pictures are suspect, and by which evidence; one may be so by several."""

    pictures: int = Field(examples=[12])
    looked_at: int = Field(examples=[800])
    scored: int = Field(description="Scored by a head that had not seen them.", examples=[800])
    labels: int = Field(examples=[9])
    twins: int = Field(examples=[2])
    outliers: int = Field(examples=[2])


class SuspectsOut(Shown):
    """Pictures to look at again."""

    model_version_id: str = Field(examples=[f"mv_{EXAMPLE}"])
    counts: SuspectCountsOut | None = Field(description="Of all of them; null where nobody looked.")
    suspects: list[SuspectOut] = Field(description="The most suspicious first.")
