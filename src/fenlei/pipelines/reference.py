"""What travels along an edge: a reference to something that is kept elsewhere, by digest, and a few facts about it.

Pictures never travel. What is behind a digest never changes, so equal references are equal inputs.
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from fenlei.pipelines.kinds import Kind


class Reference(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """Base of all of them.

    Attributes:
        digest: SHA-256, hex, of what it names.
    """

    kind: ClassVar[Kind]
    kept: ClassVar[bool] = True
    """Whether the digest is that of a blob."""

    digest: str


class Images(Reference, frozen=True, kw_only=True, tag=Kind.IMAGES.value):
    """Pictures with their labels: a manifest as versions of data sets have it; see `datasets.version_content`.

    Attributes:
        pictures: how many there are.
        labels: how many of each label, in class order.
        unlabelled: how many have none.
    """

    kind = Kind.IMAGES
    pictures: int
    labels: dict[str, int]
    unlabelled: int = 0


class Split(Reference, frozen=True, kw_only=True, tag=Kind.SPLIT.value):
    """Pictures of which each is in a part, and how they shall be prepared; the digest is that of the manifest.

    Attributes:
        labels: how many of each label, in class order.
        parts: how many are in each part: `train`, `validation`, `test`.
        policy: how a picture of another shape becomes a square; None leaves that to training.
        size: side of that square in pixels; likewise.
        copies: which altered copies are learned from too; see `training.alteration.COPIES`. `none` leaves it to a
            search whether some help.
        held_out: share that training holds out by itself to judge by, after which it learns from all pictures; None
            where some are in a part that judges.
    """

    kind = Kind.SPLIT
    labels: dict[str, int]
    parts: dict[str, int]
    policy: str | None = None
    size: int | None = None
    copies: str = "none"
    held_out: float | None = None


class Features(Reference, frozen=True, kw_only=True, tag=Kind.FEATURES.value):
    """What a backbone says of pictures; the numbers are in the cache of features. The digest is that of split, backbone
    and preprocessing together.

    Attributes:
        split: whose pictures.
        backbone: its name.
        size: side of its input in pixels.
        width: numbers of each picture.
    """

    kind = Kind.FEATURES
    kept = False
    split: Split
    backbone: str
    size: int
    width: int


class Model(Reference, frozen=True, kw_only=True, tag=Kind.MODEL.value):
    """A model file among the blobs.

    Attributes:
        labels: its classes in order.
        bytes: of the file.
        metrics: what its manifest says of it.
    """

    kind = Kind.MODEL
    labels: list[str]
    bytes: int
    metrics: dict[str, Any] = {}


class Report(Reference, frozen=True, kw_only=True, tag=Kind.REPORT.value):
    """A finding as JSON among the blobs; of an export, the zip.

    Attributes:
        about: what it is: `evaluation`, `comparison`, `suspects`, `explanation`, `cleaning`, `optimisation`,
            `calibration`, `unknown`, `export`.
        headline: its figures, by name.
    """

    kind = Kind.REPORT
    about: str
    headline: dict[str, Any] = {}


class Deployment(Reference, frozen=True, kw_only=True, tag=Kind.DEPLOYMENT.value):
    """A name under which a model answers; the digest is that of the model file.

    Attributes:
        name: the last segment of the URL.
        url: as far as it may be shown; the key is not in it.
    """

    kind = Kind.DEPLOYMENT
    kept = False
    name: str
    url: str


AnyReference = Images | Split | Features | Model | Report | Deployment

OF_KIND: dict[Kind, type[Reference]] = {
    each.kind: each for each in (Images, Split, Features, Model, Report, Deployment)
}
