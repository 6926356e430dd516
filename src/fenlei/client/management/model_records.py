"""What a platform answers of models and deployments, as typed records. Fields that a newer server adds are passed
over."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct


class ModelVersion(Struct, frozen=True):
    """One model file: where it came from, and what it is worth."""

    id: str
    model_id: str
    number: int
    sha256: str
    bytes: int
    origin: str
    run_id: str | None
    dataset_version_id: str | None
    labels: list[str]
    metrics: dict[str, Any] | None
    lineage: dict[str, Any]
    note: str
    tags: list[str]
    stage: str
    revision: int
    created_at: datetime


class Model(Struct, frozen=True):
    """A name under which model versions are kept; `latest` is the one with the highest number."""

    id: str
    name: str
    project_id: str | None
    note: str
    latest: ModelVersion | None
    revision: int


class Explained(Struct, frozen=True):
    """What a model says of a picture. `map` is a PNG in base64; `cells` are the same as 16 rows of 16 numbers, above
    zero where a place speaks for the class `label`, below where against it."""

    label: str
    answer: str
    scores: dict[str, float]
    map: str
    cells: list[list[float]]


class Condition(Struct, frozen=True):
    """How a deployment stands on the server that was asked."""

    state: str
    reason: str
    model_version_id: str | None
    engine: str


class Deployment(Struct, frozen=True):
    """A name that can be called. `state` is what people want, `condition` how it stands."""

    id: str
    name: str
    project_id: str | None
    model_version_id: str
    state: str
    condition: Condition | None
    open: bool
    envelope: str
    status_style: str
    revision: int
    unknown_as: str | None = None
    decide: bool = False


class Sample(Struct, frozen=True):
    """A program that calls a deployment."""

    language: str
    title: str
    file: str
    text: str


class Published(Struct, frozen=True):
    """A deployment, its URL, and the key that was made for it, which is shown now and never again."""

    deployment: Deployment
    url: str
    key: str | None
    samples: list[Sample]


class AppKey(Struct, frozen=True):
    """A key that opens one deployment; `key` and `url` are there when it was just made, and never again."""

    id: str
    name: str
    beginning: str
    created_at: datetime
    revoked_at: datetime | None
    key: str | None = None
    url: str | None = None


class Detail(Struct, frozen=True):
    """The page of a deployment. `url` ends in `…` where its key is not known any more."""

    deployment: Deployment
    version: ModelVersion
    model_name: str
    url: str
    complete: bool
    keys: list[AppKey]
    limits: dict[str, Any]
    samples: list[Sample]


class Publication(Struct, frozen=True):
    """Something that was done to a deployment."""

    id: int
    at: datetime
    by: str | None
    action: str
    model_version_id: str | None


class Tried(Struct, frozen=True):
    """What came of trying a deployment. `picture` is what was sent; `agrees` says whether a picture of the model's own
    got the scores that it had when the model was made."""

    picture: bytes
    status: int
    answer: dict[str, Any]
    seconds: float
    agrees: bool | None
