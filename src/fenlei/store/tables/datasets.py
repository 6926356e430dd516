"""Data sets: pictures, classes, imports, findings, changes, versions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column

from fenlei.store.tables.base import Base, Counted, Id, Sha256

_THERE, _REMOVED = text("removed_at IS NULL"), text("removed_at IS NOT NULL")


def _folded(context: DefaultExecutionContext) -> str:
    """A name as searches compare it."""
    parameters: dict[str, str] = context.get_current_parameters()  # type: ignore[no-untyped-call]
    return parameters["name"].casefold()


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
    """A picture of a data set. Removed ones stay, so that a removal can be undone and versions keep their meaning.

    `folded` is the name in one case, for searches; `given_split` the part that the import brought, whatever was drawn
    since.
    """

    __tablename__ = "pictures"
    __table_args__ = (
        UniqueConstraint("dataset_id", "name"),
        # Lists are of the pictures that are there, or of the removed ones; their indexes leave the others out. By
        # digest the digest comes first: SQLite would take an index that begins with the data set for walks over all
        # its pictures, in an order that makes them slow.
        Index("ix_pictures_there", "dataset_id", "id", sqlite_where=_THERE, postgresql_where=_THERE),
        Index(
            "ix_pictures_by_label",
            "dataset_id",
            "label_id",
            "id",
            "split",
            sqlite_where=_THERE,
            postgresql_where=_THERE,
        ),
        Index("ix_pictures_by_split", "dataset_id", "split", "id", sqlite_where=_THERE, postgresql_where=_THERE),
        Index("ix_pictures_removed", "dataset_id", "id", sqlite_where=_REMOVED, postgresql_where=_REMOVED),
        Index("ix_pictures_sha256", "sha256", "dataset_id"),
        Index("ix_pictures_label_id", "label_id"),
    )

    id: Mapped[Counted]
    dataset_id: Mapped[str] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(1000))
    folded: Mapped[str] = mapped_column(default=_folded)
    sha256: Mapped[Sha256]
    label_id: Mapped[str | None] = mapped_column(ForeignKey("labels.id"))
    split: Mapped[str | None] = mapped_column(String(12))
    given_split: Mapped[str | None] = mapped_column(String(12))
    group: Mapped[str | None] = mapped_column("group_name", String(200))
    width: Mapped[int]
    height: Mapped[int]
    bytes: Mapped[int] = mapped_column(BigInteger)
    format: Mapped[str] = mapped_column(String(12))
    import_id: Mapped[str | None] = mapped_column(String(32))
    added_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class Tally(Base):
    """How many pictures of a data set have this class and this part, are there or removed; kept by `Tallies`.

    No class and no part are empty texts, because a key holds no NULL.
    """

    __tablename__ = "tallies"

    dataset_id: Mapped[str] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"), primary_key=True)
    removed: Mapped[bool] = mapped_column(primary_key=True)
    label_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    split: Mapped[str] = mapped_column(String(12), primary_key=True)
    pictures: Mapped[int]


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
    run_id: Mapped[str | None] = mapped_column(String(32))
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
    """Something a check has to say about a picture, or about the data set. Pictures of one `cluster` belong together
    (duplicates). `open` until a change (`fixed_by`) put it right."""

    __tablename__ = "findings"
    __table_args__ = (
        # Pictures with a finding are listed by walking this: one finding per picture and check.
        Index("ix_findings_check", "dataset_id", "check_name", "open", "picture_id", unique=True),
        Index("ix_findings_fixed_by", "fixed_by"),
    )

    id: Mapped[Counted]
    dataset_id: Mapped[str] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"))
    check: Mapped[str] = mapped_column("check_name", String(24))
    picture_id: Mapped[int | None] = mapped_column(BigInteger)
    cluster: Mapped[int | None]
    detail: Mapped[dict[str, Any]]
    open: Mapped[bool] = mapped_column(default=True)
    fixed_by: Mapped[int | None] = mapped_column(BigInteger)


class Look(Base):
    """What decoding a file to its last pixel showed, by the file's digest; kept so that it is decoded once.

    `method` names the way of looking, `problem` says why the file cannot be decoded, `pixels` is a digest of what came
    out, `spread` how far apart its lightest and its darkest areas are, in levels of 255.
    """

    __tablename__ = "looks"

    sha256: Mapped[Sha256] = mapped_column(primary_key=True)
    method: Mapped[str] = mapped_column(String(60))
    problem: Mapped[str | None]
    pixels: Mapped[str | None] = mapped_column(String(64))
    spread: Mapped[float | None]


class CheckRun(Base):
    """When a check last looked at a data set, and at which revision."""

    __tablename__ = "check_runs"

    dataset_id: Mapped[str] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"), primary_key=True)
    check: Mapped[str] = mapped_column("check_name", String(24), primary_key=True)
    revision: Mapped[int]
    at: Mapped[datetime]
    found: Mapped[int]


class Change(Base):
    """A change of labels, splits or pictures: who, when, what, and how it was before.

    `fields` are the columns of pictures that it changed, whose former values are in `changed_pictures`; `labels_before`
    the rows of the classes that it changed, without a name where there was none. `undoes` is the change that this one
    took back or made again; `twin` the other side of a move between data sets.
    """

    __tablename__ = "changes"
    __table_args__ = (Index("ix_changes_dataset", "dataset_id", "id"),)

    id: Mapped[Counted]
    dataset_id: Mapped[str] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    by: Mapped[str | None] = mapped_column("by_user", String(32))
    kind: Mapped[str] = mapped_column(String(24))
    summary: Mapped[dict[str, Any]]
    fields: Mapped[list[str]]
    labels_before: Mapped[list[Any] | None]
    undoes: Mapped[int | None] = mapped_column(BigInteger)
    twin: Mapped[int | None] = mapped_column(BigInteger)
    undone_at: Mapped[datetime | None]


class ChangedPicture(Base):
    """How one picture was before a change: the columns that it changed, nothing in the others."""

    __tablename__ = "changed_pictures"

    change_id: Mapped[int] = mapped_column(ForeignKey("changes.id", ondelete="CASCADE"), primary_key=True)
    picture_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    name: Mapped[str | None] = mapped_column(String(1000))
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
