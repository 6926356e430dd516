"""Runs on the wire."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from fenlei.api.wire.base import EXAMPLE, By, Shown
from fenlei.store.tables import Run


class RunState(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class RunKind(StrEnum):
    """What a run does."""

    IMPORT = "import"
    CHECK = "check"
    TRAIN = "train"
    EXPORT = "export"
    GRAPH = "graph"


class RunOut(Shown):
    """One execution: what was asked for, and what became of it."""

    id: str = Field(examples=[f"rn_{EXAMPLE}"])
    project_id: str | None = Field(examples=[f"pr_{EXAMPLE}"])
    number: int = Field(description="Counts within its project; 0 without one.", examples=[3])
    kind: str = Field(description="import, check, train, export or graph.", examples=["train"])
    state: RunState
    position: int | None = Field(None, description="Place in the queue, 1 being the next; null when it does not wait.")
    subject: dict[str, Any] = Field(
        description="What it is about: ids.", examples=[{"dataset_version_id": f"dv_{EXAMPLE}"}]
    )
    settings: dict[str, Any] = Field(description="How it is done.", examples=[{"goal": "balanced", "seed": 0}])
    stage: str = Field(description="What it is busy with.", examples=["learning"])
    progress: float = Field(ge=0, le=1, examples=[0.4])
    result: dict[str, Any] | None = Field(examples=[{"model_version_id": f"mv_{EXAMPLE}"}])
    error: str | None = Field(description="Why it failed.", examples=[None])
    time_limit: float | None = Field(description="Seconds.", examples=[None])
    retry_of: str | None = Field(description="The run that this one repeats.", examples=[None])
    created_at: datetime
    created_by: By
    started_at: datetime | None
    finished_at: datetime | None


class EventOut(Shown):
    """Something that happened in a run."""

    id: int = Field(examples=[17])
    at: datetime
    kind: str = Field(description="state, progress, candidate, node, metric, log or result.", examples=["progress"])
    step: str | None = Field(examples=["learn"])
    data: dict[str, Any] = Field(
        description="Of `progress`: stage, fraction and, with a budget, `time_left` in seconds. Of `candidate`: a line "
        "of the leaderboard; `chosen` says that it was the best so far. Of `node`: where a node of a graph is now: "
        "`node`, `state`, `seconds`, `memory` and `why`. Of `result`: something of the result before it is there.",
        examples=[{"stage": "computing features", "fraction": 0.4, "time_left": 36.0}],
    )


class StepOut(Shown):
    """A part of a run that is not done again once it is done."""

    name: str = Field(examples=["learn"])
    state: str = Field(description="running or done.", examples=["done"])
    result: dict[str, Any] | None = Field(examples=[None])
    started_at: datetime
    finished_at: datetime | None


class CandidateOut(Shown):
    """A line of the leaderboard: one way of learning that was tried, or left out."""

    backbone: str = Field(examples=["efficientnet-lite0"])
    size: int = Field(description="Side of the input in pixels.", examples=[224])
    policy: str = Field(description="How a picture of another shape gets there.", examples=["squash"])
    head: str = Field(description="What sits on the features.", examples=["logistic regression"])
    copies: str = Field(description="Altered copies that it learned from, too.", examples=["none"])
    aim: str = Field(description="The figure that `score` is.", examples=["accuracy"])
    score: float | None = Field(
        None, description="In cross-validation; null where nothing was judged.", examples=[0.94]
    )
    score_interval: tuple[float, float] | None = Field(None, description="95 %.", examples=[[0.91, 0.96]])
    accuracy: float | None = Field(None, description="In cross-validation.", examples=[0.94])
    accuracy_interval: tuple[float, float] | None = Field(None, description="95 %.", examples=[[0.91, 0.96]])
    log_loss: float | None = Field(None, description="In cross-validation, in nats.", examples=[0.21])
    milliseconds: float | None = Field(
        None,
        description="That the answer to one picture takes, decoding and network, as measured where it trains; of the "
        "first candidate, while the search goes on, the network alone.",
        examples=[7.1],
    )
    bytes: int | None = Field(None, description="Size of the network.", examples=[13_600_000])
    seconds: float | None = Field(None, description="That it took to try.", examples=[2.4])
    chosen: bool = Field(description="Whether it is the best so far, or the model.")
    left_out: str | None = Field(
        None, description="Why it was not tried, or not to its end; null where it was.", examples=[None]
    )


class WorkerOut(Shown):
    """A process that carries out runs."""

    id: str = Field(examples=[f"wk_{EXAMPLE}"])
    host: str = Field(description="Its machine, as far as that can be told.", examples=["pc-7/…"])
    pid: int = Field(examples=[4242])
    concurrency: int = Field(description="Runs side by side.", examples=[1])
    started_at: datetime
    seen_at: datetime


def run_out(run: Run, position: int | None = None) -> RunOut:
    """A run as it is answered."""
    out = RunOut.model_validate(run)
    out.position = position
    return out
