"""Bring the database up to date at start: forwards only, and never without a copy of what was there."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from fenlei.store.database import Database
from fenlei.store.errors import NewerDatabase, StoreError


def bring_up_to_date(database: Database) -> Path | None:
    """Run the migrations that this database has not seen.

    Returns:
        The copy of the SQLite file as it was before, when there was something to migrate.

    Raises:
        NewerDatabase: it has seen migrations that this Fenlei does not know.
        StoreError: it cannot be opened.
    """
    config = _config()
    script = ScriptDirectory.from_config(config)
    head = script.get_current_head()
    with database.writing() as session:
        connection = session.connection()
        current = MigrationContext.configure(connection).get_current_revision()
        if current == head:
            return None
        if current is not None and current not in {step.revision for step in script.walk_revisions()}:
            raise NewerDatabase(
                f"The database is of a newer Fenlei (its tables are at step {current}, this Fenlei knows steps "
                f"up to {head}). Install that Fenlei, or restore the copy made before it was migrated."
            )
        saved = _save(database, current) if current is not None else None
        _upgrade(config, connection)
        return saved


def _upgrade(config: Config, connection: Connection) -> None:
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def _save(database: Database, current: str) -> Path | None:
    """Copy the SQLite file aside. The writer's turn is ours, so nothing changes meanwhile."""
    if database.file is None:
        return None
    target = database.file.with_name(f"{database.file.stem}.before-step-after-{current}.db")
    try:
        with sqlite3.connect(f"file:{database.file}?mode=ro", uri=True) as source, sqlite3.connect(target) as copy:
            source.backup(copy)
    except sqlite3.Error as exc:
        raise StoreError(f"The database could not be copied to {target} before its migration: {exc}.") from exc
    return target
