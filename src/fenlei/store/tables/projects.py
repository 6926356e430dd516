"""Projects, models, deployments and the keys that open them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fenlei.store.tables.base import Base, Counted, Id, Sha256


class Project(Base):
    """An automated or a canvas project."""

    __tablename__ = "projects"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(200), unique=True)
    kind: Mapped[str] = mapped_column(String(12))
    note: Mapped[str] = mapped_column(default="")
    dataset_id: Mapped[str | None] = mapped_column(ForeignKey("datasets.id"))
    settings: Mapped[dict[str, Any]]
    revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(String(32))
    updated_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]


class Model(Base):
    """A name under which model versions are kept. `numbered` is the highest number a version of it ever had."""

    __tablename__ = "models"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(200), unique=True)
    project_id: Mapped[str | None] = mapped_column(ForeignKey("projects.id", ondelete="SET NULL"))
    note: Mapped[str] = mapped_column(default="")
    numbered: Mapped[int] = mapped_column(default=0)
    revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(String(32))


class ModelVersion(Base):
    """One model file, which is a blob, with where it came from and what it is worth."""

    __tablename__ = "model_versions"
    __table_args__ = (UniqueConstraint("model_id", "number"),)

    id: Mapped[Id]
    model_id: Mapped[str] = mapped_column(ForeignKey("models.id", ondelete="CASCADE"))
    number: Mapped[int]
    sha256: Mapped[Sha256]
    bytes: Mapped[int] = mapped_column(BigInteger)
    origin: Mapped[str] = mapped_column(String(12))
    run_id: Mapped[str | None] = mapped_column(ForeignKey("runs.id", ondelete="SET NULL"))
    dataset_version_id: Mapped[str | None] = mapped_column(ForeignKey("dataset_versions.id", ondelete="SET NULL"))
    labels: Mapped[list[str]]
    metrics: Mapped[dict[str, Any] | None]
    lineage: Mapped[dict[str, Any]]
    note: Mapped[str] = mapped_column(default="")
    tags: Mapped[list[str]]
    stage: Mapped[str] = mapped_column(String(24), default="")
    revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(String(32))


class Deployment(Base):
    """A name that can be called. The URL stays while model versions come and go. `state` is running or stopped."""

    __tablename__ = "deployments"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(64), unique=True)
    project_id: Mapped[str | None] = mapped_column(ForeignKey("projects.id", ondelete="SET NULL"))
    model_version_id: Mapped[str] = mapped_column(ForeignKey("model_versions.id"))
    state: Mapped[str] = mapped_column(String(12))
    open: Mapped[bool] = mapped_column(default=False)
    envelope: Mapped[str] = mapped_column(String(12))
    status_style: Mapped[str] = mapped_column(String(12))
    unknown_as: Mapped[str | None]
    decide: Mapped[bool] = mapped_column(default=False)
    revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(String(32))
    updated_at: Mapped[datetime]


class Publication(Base):
    """What was done to a deployment: publish, roll back, stop, start."""

    __tablename__ = "publications"

    id: Mapped[Counted]
    deployment_id: Mapped[str] = mapped_column(ForeignKey("deployments.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    by: Mapped[str | None] = mapped_column("by_user", String(32))
    action: Mapped[str] = mapped_column(String(12))
    model_version_id: Mapped[str | None] = mapped_column(String(32))


class AppKey(Base):
    """A key that opens one deployment. Its digest is kept, the key is not."""

    __tablename__ = "app_keys"

    id: Mapped[Id]
    deployment_id: Mapped[str] = mapped_column(ForeignKey("deployments.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    beginning: Mapped[str] = mapped_column(String(12))
    digest: Mapped[Sha256]
    created_at: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(String(32))
    revoked_at: Mapped[datetime | None]
