"""Bring the database up to date at start: forwards only, all steps or none, never without a copy of what was there.

Authors of steps: a step runs in one transaction on both databases, with SQLite's foreign keys off (so that
`op.batch_alter_table`, which drops and makes tables again, deletes nothing) and looked over at the end. Steps of a
released Fenlei are never changed, and never import `fenlei.store.tables`, which moves on without them.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from fenlei.store.database import Database
from fenlei.store.errors import NewerDatabase, StoreError

STEPS = Path(__file__).parent / "migrations"
"""The folder of Alembic's `env.py` and of the steps."""


def bring_up_to_date(database: Database) -> Path | None:
    """Run the migrations that this database has not seen. Others who write or migrate meanwhile are waited for.

    Returns:
        The copy of the SQLite file as it was before, when there was something to migrate.

    Raises:
        NewerDatabase: it has seen migrations that this Fenlei does not know.
        StoreError: it cannot be opened or migrated; then it is as it was.
    """
    script = ScriptDirectory.from_config(alembic_config())
    head = script.get_current_head()
    with database.reading() as session:
        if _current(session.connection()) == head:
            return None
    with database.migrating() as connection:
        current = _current(connection)
        if current == head:  # another server was faster
            return None
        _must_be_known(current, script)
        saved = _save(database, f"before-{head}") if current is not None else None
        upgrade(connection)
    return saved


def upgrade(connection: Connection, step: str = "head") -> None:
    """Run the migrations up to a step, in the transaction of `database.migrating()`.

    Raises:
        NewerDatabase: this Fenlei does not know the step.
    """
    config = alembic_config()
    if step != "head":
        _must_be_known(step, ScriptDirectory.from_config(config))
    config.attributes["connection"] = connection
    command.upgrade(config, step)


def must_be_up_to_date(database: Database) -> None:
    """Refuse a database that this Fenlei would have to migrate.

    Raises:
        NewerDatabase: it has seen migrations that this Fenlei does not know.
        StoreError: it lacks some, or cannot be read.
    """
    script = ScriptDirectory.from_config(alembic_config())
    current, head = current_step(database), script.get_current_head()
    _must_be_known(current, script)
    if current is None:
        raise StoreError("The database is empty. `fenlei up` makes its tables.")
    if current != head:
        raise StoreError(f"The database is at step {current}, before {head}. `fenlei up` brings it up to date.")


def current_step(database: Database) -> str | None:
    """The last migration that the database has seen; none when it is empty.

    Raises:
        StoreError: it cannot be read.
    """
    with database.reading() as session:
        return _current(session.connection())


def latest_step() -> str:
    """The last migration that this Fenlei knows."""
    return str(ScriptDirectory.from_config(alembic_config()).get_current_head())


def _must_be_known(step: str | None, script: ScriptDirectory) -> None:
    if step is not None and step not in {known.revision for known in script.walk_revisions()}:
        raise NewerDatabase(
            f"The database is of a newer Fenlei: its tables are at step {step}, this Fenlei knows the steps up to "
            f"{script.get_current_head()}. Install the newer Fenlei, or restore a backup made before."
        )


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def alembic_config() -> Config:
    """Where Alembic finds the steps."""
    config = Config()
    config.set_main_option("script_location", str(STEPS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "step_%%(rev)s")
    return config


def _save(database: Database, why: str) -> Path | None:
    """Copy the SQLite file aside. The writer's turn is ours, so nothing changes meanwhile."""
    if database.file is None:
        return None
    target = database.file.with_name(f"{database.file.stem}.{why}.db")
    passing = target.with_name(f".{target.name}.part")
    try:
        with (
            closing(sqlite3.connect(f"{database.file.absolute().as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(passing)) as copy,
        ):
            source.backup(copy)
        with passing.open("rb+") as file:
            os.fsync(file.fileno())
        passing.replace(target)
    except (sqlite3.Error, OSError) as exc:
        with suppress(OSError):
            passing.unlink()
        raise StoreError(f"The database could not be copied to {target} before its migration: {exc}.") from exc
    return target
