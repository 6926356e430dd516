"""Runs, and the job table that carries them from one worker to the next."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fenlei.store.tables.base import Base, Counted, Id


class Run(Base):
    """One execution: what a person asked for, and what became of it. `state` is queued, running, done, failed or
    cancelled."""

    __tablename__ = "runs"
    __table_args__ = (UniqueConstraint("project_id", "number"), Index("ix_runs_state", "state", "created_at"))

    id: Mapped[Id]
    project_id: Mapped[str | None] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    number: Mapped[int]
    kind: Mapped[str] = mapped_column(String(24))
    state: Mapped[str] = mapped_column(String(12))
    subject: Mapped[dict[str, Any]]
    settings: Mapped[dict[str, Any]]
    stage: Mapped[str] = mapped_column(String(80), default="")
    progress: Mapped[float] = mapped_column(default=0.0)
    result: Mapped[dict[str, Any] | None]
    error: Mapped[str | None]
    time_limit: Mapped[float | None]
    retry_of: Mapped[str | None] = mapped_column(String(32))
    created_at: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(String(32))
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class Job(Base):
    """The queue's side of a run. `state` is waiting, held or ended. Whoever holds it under its latest fence may write
    for the run; nobody else may. `attempts` counts claims since the run last got on; `cancel` is asked or forced;
    `finish_at` is when somebody asked for its end with what it has; `pid` and `born` tell the process that carries the
    run out; `spent` is seconds of earlier claims."""

    __tablename__ = "jobs"
    __table_args__ = (Index("ix_jobs_waiting", "state", "priority", "created_at"),)

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    state: Mapped[str] = mapped_column(String(12))
    priority: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    fence: Mapped[int] = mapped_column(default=0)
    worker_id: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None]
    not_before: Mapped[datetime]
    cancel: Mapped[str | None] = mapped_column(String(12))
    cancel_at: Mapped[datetime | None]
    finish_at: Mapped[datetime | None]
    claimed_at: Mapped[datetime | None]
    beat_at: Mapped[datetime | None]
    spent: Mapped[float] = mapped_column(default=0.0)
    pid: Mapped[int | None]
    born: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime]


class Step(Base):
    """A part of a run that need not be done again after it is finished."""

    __tablename__ = "steps"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    state: Mapped[str] = mapped_column(String(12))
    result: Mapped[dict[str, Any] | None]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class Event(Base):
    """Something that happened in a run, in order: state, progress, candidate, metric, log, result, node."""

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_run", "run_id", "id"),)

    id: Mapped[Counted]
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(12))
    step: Mapped[str | None] = mapped_column(String(80))
    data: Mapped[dict[str, Any]]


class Worker(Base):
    """A process that carries out runs. `host` names the machine, its boot and its space of process ids; `born` is when
    the process began, so that a pid used again is not taken for it."""

    __tablename__ = "workers"

    id: Mapped[Id]
    host: Mapped[str] = mapped_column(String(200))
    pid: Mapped[int]
    born: Mapped[str] = mapped_column(String(40))
    concurrency: Mapped[int]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
