"""Graphs of canvas projects as they were saved, what became of their nodes in runs, and results that all share."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fenlei.store.tables.base import Base, Id, Sha256


class GraphRevision(Base):
    """A graph as it was saved; never changed. `number` counts within the project. `meaning` is equal for graphs that
    do the same, wherever their nodes are drawn."""

    __tablename__ = "graph_revisions"
    __table_args__ = (UniqueConstraint("project_id", "number"),)

    id: Mapped[Id]
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    number: Mapped[int]
    graph: Mapped[dict[str, Any]]
    digest: Mapped[Sha256]
    meaning: Mapped[Sha256]
    note: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(String(32))


class NodeRow(Base):
    """What became of one node in one run. `position` is its place in the graph; `key` is empty until its inputs are
    there; `outputs` are references by port."""

    __tablename__ = "node_runs"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    node: Mapped[str] = mapped_column(String(40), primary_key=True)
    position: Mapped[int]
    state: Mapped[str] = mapped_column(String(12))
    key: Mapped[str] = mapped_column(String(64), default="")
    outputs: Mapped[dict[str, Any]]
    stage: Mapped[str] = mapped_column(String(80), default="")
    progress: Mapped[float] = mapped_column(default=0.0)
    seconds: Mapped[float] = mapped_column(default=0.0)
    memory: Mapped[int | None] = mapped_column(BigInteger)
    why: Mapped[str] = mapped_column(default="")
    began_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]


class NodeResult(Base):
    """What a node left behind, by its key; whichever project asks for the same takes it from here."""

    __tablename__ = "node_results"
    __table_args__ = (Index("ix_node_results_used", "used_at"),)

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    node_type: Mapped[str] = mapped_column(String(200))
    outputs: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    used_at: Mapped[datetime]
