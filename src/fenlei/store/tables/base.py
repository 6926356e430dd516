"""What all tables share: names of constraints, aware times, JSON, whole numbers that count themselves up."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import JSON, BigInteger, Column, DateTime, Dialect, Integer, MetaData, String, TypeDecorator
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.sql.compiler import TypeCompiler

NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Moment(TypeDecorator[datetime]):
    """An aware time in UTC; SQLite keeps it without its zone, so the zone is put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse times that do not say where they are."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"the time {value} has no zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Say again that it is UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


@compiles(String, "postgresql")
def _string(element: String, compiler: TypeCompiler, **options: Any) -> str:
    """Texts are sorted and compared by code point, as SQLite does it and whatever language the server speaks: where a
    column is made or added, here or in a migration, that is told with it."""
    said = str(compiler.visit_string(element, **options))  # type: ignore[attr-defined]
    return f'{said} COLLATE "C"' if isinstance(options.get("type_expression"), Column) else said


class Base(DeclarativeBase):
    """The tables of Fenlei. Rows that leave the store are values: nobody outside assigns to them."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy reads it so)
        datetime: Moment(),
        dict[str, Any]: JSON(),
        list[str]: JSON(),
        list[Any]: JSON(),
    }


Id = Annotated[str, mapped_column(String(32), primary_key=True)]
"""A prefixed id; see `new_id`."""

Counted = Annotated[
    int, mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True)
]
"""A row number that the database gives."""

Sha256 = Annotated[str, mapped_column(String(64))]
"""A digest, as 64 hexadecimal digits."""
