"""`manifest.json`: everything about a model that is not a large array."""

from __future__ import annotations

from typing import Any

import msgspec

from fenlei.imaging.spec import InputSpec
from fenlei.modelfile.decision import Decision

FORMAT = 3
"""Rises when an older Fenlei could not read the file correctly. Fields that older ones may ignore do not raise it, and
a file says the lowest number that suffices: 1 where the head is one linear layer and a temperature, 3 where a voter
asks its nearest neighbours."""

TOLERANCE, MOST_TOLERANCE = 1e-3, 0.1
"""How far a score of a parity picture may lie from the one it had when the model was made, and the most that a model
may ask for: beyond it the pictures would prove nothing."""


class BackboneRef(msgspec.Struct, frozen=True, kw_only=True):
    """The frozen feature network under the head.

    Attributes:
        id: its name in the catalogue, or the path or hub name it came from.
        digest: SHA-256, hex, of the ONNX file.
        licence: SPDX identifier or what the source says.
        size: side of its square input, pixels.
        width: number of features.
        embedded: whether `backbone.onnx` is in the model file; if not, it is found by its digest.
    """

    id: str
    digest: str
    licence: str
    size: int
    width: int
    embedded: bool = True


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """How raw scores become probabilities that mean what they say.

    Attributes:
        method: `temperature` or `vector` (both of Guo et al., "On Calibration of Modern Neural Networks", 2017), or
            `none`. The numbers of `vector` are in `head.safetensors`.
        temperature: divisor of the logits, > 0.
    """

    method: str = "temperature"
    temperature: float = 1.0


class NearestRef(msgspec.Struct, frozen=True, kw_only=True):
    """How nearest neighbours vote; the points are in `head.safetensors`.

    Attributes:
        count: how many of the nearest vote.
        temperature: of their votes, > 0.
    """

    count: int
    temperature: float


class VoterRef(msgspec.Struct, frozen=True, kw_only=True):
    """One opinion of the head; its numbers are in `head.safetensors`.

    Attributes:
        layers: `dense`, `relu`, `normalise`, in the order in which they run; the last is `dense` or `neighbours`.
        columns: first and one past the last column of the features that it reads; None reads all.
        temperature: divides its logits before it votes with others, > 0.
        share: of the vote, > 0; all shares sum to one.
        nearest: how `neighbours` vote; absent where there are none, so that other files are what they were.
    """

    layers: list[str]
    columns: tuple[int, int] | None = None
    temperature: float = 1.0
    share: float = 1.0
    nearest: NearestRef | msgspec.UnsetType = msgspec.UNSET


class DistancesRef(msgspec.Struct, frozen=True, kw_only=True):
    """One of the distances that a rule for unknown pictures adds up; its arrays are in `unknown.safetensors`.

    Attributes:
        nearest: which of the nearest points counts.
        unit: whether directions are compared.
        centre: subtracted.
        spread: divides what is left, > 0.
    """

    nearest: int = 1
    unit: bool = False
    centre: float = 0.0
    spread: float = 1.0


class UnknownRef(msgspec.Struct, frozen=True, kw_only=True):
    """The rule for pictures of nothing known; its arrays are in `unknown.safetensors`. Nothing in an answer hangs on it
    unless a deployment asks for it, so an older Fenlei may pass it over.

    Attributes:
        rule: its name; `largest logit`, `energy` and `best score` are measures on the head and have no arrays.
        centre: the middle of what known pictures measure.
        threshold: above it a picture counts as unknown.
        false_rejects: the share of known pictures that was to be above it.
        distances: what is added up; none of a measure on the head.
        temperature: of a measure on the head.
    """

    rule: str
    centre: float
    threshold: float
    false_rejects: float
    distances: list[DistancesRef] = []
    temperature: float = 1.0


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The promise of a model file.

    Attributes:
        format: version of this layout; see `FORMAT`.
        labels: class names, in the order of the scores.
        input: the preprocessing, shared by training and serving; `input_digest` is its hash.
        backbone: the network under the head.
        head: the voters; none where the head is one linear layer on all features.
        calibration: how their logits become scores.
        unknown: rule for pictures of nothing known; None where there is none.
        decision: thresholds of the classes; None where none were asked for. They count where a deployment says so.
        metrics: what evaluation on unseen pictures found, by name.
        dataset_digest: SHA-256, hex, of the pictures and labels it learned from.
        recipe: what would make it again: seed, goal, strength, fractions.
        tolerance: how far a parity picture's score may lie from its promise, where that is not `TOLERANCE`: more for a
            network in eight bits, which engines round each in their way. A Fenlei that does not know this refuses it.
        versions: of Fenlei and of what computed the numbers.
        files: SHA-256, hex, of every other member of the zip.
    """

    format: int = FORMAT
    labels: list[str]
    input: InputSpec
    input_digest: str = ""
    backbone: BackboneRef
    head: list[VoterRef] = []
    calibration: Calibration = Calibration()
    unknown: UnknownRef | None = None
    decision: Decision | None = None
    metrics: dict[str, Any] = {}
    dataset_digest: str = ""
    recipe: dict[str, Any] = {}
    tolerance: float | msgspec.UnsetType = msgspec.UNSET
    versions: dict[str, str] = {}
    files: dict[str, str] = {}

    @property
    def allowed(self) -> float:
        """How far a score may lie from what the file promises."""
        return TOLERANCE if self.tolerance is msgspec.UNSET else self.tolerance
