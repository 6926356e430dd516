"""What a platform answers, as typed records. Fields that a newer server adds are passed over."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct


class Dataset(Struct, frozen=True):
    """A data set."""

    id: str
    name: str
    note: str
    revision: int
    pictures: int
    created_at: datetime
    updated_at: datetime


class Label(Struct, frozen=True):
    """A class of a data set."""

    id: str
    name: str
    position: int


class Picture(Struct, frozen=True):
    """A picture of a data set; `label_id` and `split` are None where it has none."""

    id: int
    dataset_id: str
    name: str
    sha256: str
    label_id: str | None
    split: str | None
    group: str | None
    width: int
    height: int
    bytes: int
    format: str
    added_at: datetime
    removed_at: datetime | None


class Counts(Struct, frozen=True):
    """How many pictures a data set has, removed ones aside: by label id, by part (`none` for no part)."""

    total: int
    removed: int
    unlabelled: int
    labels: dict[str, int]
    splits: dict[str, int]


class Import(Struct, frozen=True):
    """Pictures on their way into a data set."""

    id: str
    dataset_id: str
    state: str
    source: dict[str, Any]
    options: dict[str, Any]
    format: str | None
    found: dict[str, Any] | None
    counts: dict[str, Any]
    error: str | None
    run_id: str | None
    revision: int


class Entry(Struct, frozen=True):
    """What became of one file of an import: `added`, `existing`, or `skipped` with its reason."""

    number: int
    name: str
    outcome: str
    reason: str | None
    picture_id: int | None


class Upload(Struct, frozen=True):
    """A file that is being sent; `received` of `size` bytes are safe."""

    id: str
    name: str
    size: int
    received: int
    sha256: str | None


class Change(Struct, frozen=True):
    """A change of a data set: who, when, what."""

    id: int
    at: datetime
    by: str | None
    kind: str
    summary: dict[str, Any]
    undone_at: datetime | None


class Outcome(Struct, frozen=True):
    """What a call has changed; `change` is None where everything was so already."""

    change: Change | None
    pictures: int
    revision: int


class Moved(Struct, frozen=True):
    """What a move has done: how many pictures left, how many have another name there, how many were there already."""

    change: Change | None
    pictures: int
    renamed: int
    already_there: int
    revision: int


class Check(Struct, frozen=True):
    """A check, and what it said when it was asked last; `found` is None where it was not."""

    check: str
    found: int | None
    at: datetime | None
    stale: bool
    advice: str


class Finding(Struct, frozen=True):
    """What a check has to say about a picture, or about the data set. Pictures of one `cluster` belong together."""

    id: int
    picture_id: int | None
    cluster: int | None
    detail: dict[str, Any]


class DatasetVersion(Struct, frozen=True):
    """A data set as it was; never changed."""

    id: str
    dataset_id: str
    number: int
    digest: str
    pictures: int
    counts: dict[str, Any]
    note: str
    created_at: datetime


class Difference(Struct, frozen=True):
    """One thing that happened to one picture between two versions."""

    kind: str
    name: str
    sha256: str
    before: str | None
    after: str | None


class Diff(Struct, frozen=True):
    """What is different between two versions: how many pictures by kind, and which classes."""

    counts: dict[str, int]
    labels_added: list[str]
    labels_removed: list[str]
    labels_reordered: bool


class Run(Struct, frozen=True):
    """One execution. `state` is queued, running, done, failed or cancelled."""

    id: str
    project_id: str | None
    number: int
    kind: str
    state: str
    position: int | None
    subject: dict[str, Any]
    settings: dict[str, Any]
    stage: str
    progress: float
    result: dict[str, Any] | None
    error: str | None
    time_limit: float | None
    retry_of: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def is_over(self) -> bool:
        """Whether nothing will happen in it any more."""
        return self.state in {"done", "failed", "cancelled"}


class Candidate(Struct, frozen=True):
    """A line of a training's leaderboard: what was tried, its score in cross-validation with the 95 % interval, what it
    costs. `chosen` is the best so far, or the model; `left_out` says why one was not tried, or not to its end."""

    backbone: str
    size: int
    policy: str
    head: str
    copies: str
    aim: str
    chosen: bool
    score: float | None = None
    score_interval: tuple[float, float] | None = None
    accuracy: float | None = None
    accuracy_interval: tuple[float, float] | None = None
    log_loss: float | None = None
    milliseconds: float | None = None
    bytes: int | None = None
    seconds: float | None = None
    left_out: str | None = None


class Event(Struct, frozen=True):
    """Something that happened in a run: state, progress, candidate, node, metric, log or result."""

    id: int
    at: datetime
    kind: str
    step: str | None
    data: dict[str, Any]


class Step(Struct, frozen=True):
    """A part of a run; `state` is running or done."""

    name: str
    state: str
    result: dict[str, Any] | None
    started_at: datetime
    finished_at: datetime | None


class Worker(Struct, frozen=True):
    """A process that carries out runs, so many of them side by side."""

    id: str
    host: str
    pid: int
    concurrency: int
    started_at: datetime
    seen_at: datetime


class Project(Struct, frozen=True):
    """A project; `kind` is automated or canvas."""

    id: str
    name: str
    kind: str
    note: str
    dataset_id: str | None
    settings: dict[str, Any]
    revision: int
    created_at: datetime
    archived_at: datetime | None
