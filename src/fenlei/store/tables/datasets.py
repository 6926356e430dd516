"""Data sets: pictures, classes, imports, findings, changes, versions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fenlei.store.tables.base import Base, Counted, Id, Sha256


class Dataset(Base):
    """A named set of pictures that people work on. `revision` grows with every change."""

    __tablename__ = "datasets"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(200), unique=True)
    note: Mapped[str] = mapped_column(default="")
    revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(String(32))
    updated_at: Mapped[datetime]


class Label(Base):
    """A class of a data set. Its position is the order in which classes were declared."""

    __tablename__ = "labels"
    __table_args__ = (UniqueConstraint("dataset_id", "name"),)

    id: Mapped[Id]
    dataset_id: Mapped[str] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(200))
    position: Mapped[int]


class Picture(Base):
    """A picture of a data set. Removed ones stay, so that a removal can be undone and versions keep their meaning."""

    __tablename__ = "pictures"
    __table_args__ = (
        UniqueConstraint("dataset_id", "name"),
        Index("ix_pictures_dataset_label", "dataset_id", "label_id", "id"),
        Index("ix_pictures_dataset_split", "dataset_id", "split", "id"),
        Index("ix_pictures_dataset_id", "dataset_id", "id"),
        Index("ix_pictures_dataset_sha256", "dataset_id", "sha256"),
    )

    id: Mapped[Counted]
    dataset_id: Mapped[str] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(1000))
    sha256: Mapped[Sha256]
    label_id: Mapped[str | None] = mapped_column(ForeignKey("labels.id"))
    split: Mapped[str | None] = mapped_column(String(12))
    group: Mapped[str | None] = mapped_column("group_name", String(200))
    width: Mapped[int]
    height: Mapped[int]
    bytes: Mapped[int] = mapped_column(BigInteger)
    format: Mapped[str] = mapped_column(String(12))
    import_id: Mapped[str | None] = mapped_column(String(32))
    added_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class Import(Base):
    """Pictures on their way into a data set: what was sent, what was found in it, what became of it."""

    __tablename__ = "imports"

    id: Mapped[Id]
    dataset_id: Mapped[str] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"), index=True)
    state: Mapped[str] = mapped_column(String(12))
    source: Mapped[dict[str, Any]]
    options: Mapped[dict[str, Any]]
    format: Mapped[str | None] = mapped_column(String(40))
    found: Mapped[dict[str, Any] | None]
    counts: Mapped[dict[str, Any]]
    error: Mapped[str | None]
    revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(String(32))
    finished_at: Mapped[datetime | None]


class ImportEntry(Base):
    """One file of an import and what became of it: `added`, `existing`, or `skipped` with its reason."""

    __tablename__ = "import_entries"

    import_id: Mapped[str] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(1000))
    outcome: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str | None]
    picture_id: Mapped[int | None] = mapped_column(BigInteger)


class Upload(Base):
    """A file that is being sent in pieces. `received` bytes of it are safe on disk."""

    __tablename__ = "uploads"
    __table_args__ = (UniqueConstraint("import_id", "name"),)

    id: Mapped[Id]
    import_id: Mapped[str] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(1000))
    size: Mapped[int] = mapped_column(BigInteger)
    received: Mapped[int] = mapped_column(BigInteger, default=0)
    sha256: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime]


class Finding(Base):
    """Something a check has to say about a picture. Pictures of one `cluster` belong together (duplicates)."""

    __tablename__ = "findings"
    __table_args__ = (Index("ix_findings_check", "dataset_id", "check_name", "picture_id"),)

    id: Mapped[Counted]
    dataset_id: Mapped[str] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"))
    check: Mapped[str] = mapped_column("check_name", String(24))
    picture_id: Mapped[int | None] = mapped_column(ForeignKey("pictures.id", ondelete="CASCADE"), index=True)
    cluster: Mapped[int | None]
    detail: Mapped[dict[str, Any]]


class CheckRun(Base):
    """When a check last looked at a data set, and at which revision."""

    __tablename__ = "check_runs"

    dataset_id: Mapped[str] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"), primary_key=True)
    check: Mapped[str] = mapped_column("check_name", String(24), primary_key=True)
    revision: Mapped[int]
    at: Mapped[datetime]
    found: Mapped[int]


class Change(Base):
    """A change of labels, splits or pictures: who, when, what, and how it was before."""

    __tablename__ = "changes"

    id: Mapped[Counted]
    dataset_id: Mapped[str] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    by: Mapped[str | None] = mapped_column("by_user", String(32))
    kind: Mapped[str] = mapped_column(String(24))
    summary: Mapped[dict[str, Any]]
    labels_before: Mapped[list[Any] | None]
    undone_at: Mapped[datetime | None]


class ChangedPicture(Base):
    """How one picture was before a change."""

    __tablename__ = "changed_pictures"

    change_id: Mapped[int] = mapped_column(ForeignKey("changes.id", ondelete="CASCADE"), primary_key=True)
    picture_id: Mapped[int] = mapped_column(ForeignKey("pictures.id", ondelete="CASCADE"), primary_key=True, index=True)
    label_id: Mapped[str | None] = mapped_column(String(32))
    split: Mapped[str | None] = mapped_column(String(12))
    group: Mapped[str | None] = mapped_column("group_name", String(200))
    removed_at: Mapped[datetime | None]


class DatasetVersion(Base):
    """A data set as it was: immutable, named by the digest of its manifest, which is a blob."""

    __tablename__ = "dataset_versions"
    __table_args__ = (UniqueConstraint("dataset_id", "number"), UniqueConstraint("dataset_id", "digest"))

    id: Mapped[Id]
    dataset_id: Mapped[str] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"))
    number: Mapped[int]
    digest: Mapped[Sha256]
    pictures: Mapped[int]
    counts: Mapped[dict[str, Any]]
    note: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(String(32))
