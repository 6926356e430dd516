"""Write the next step: `python -m fenlei.store.migrations.draft WHAT IT DOES`.

Compares the tables with a new database that has seen all steps, and writes the difference as a step. Read it before
it is committed: Alembic takes a renamed column for one that goes and one that comes, and moves no data.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.operations.ops import MigrationScript
from alembic.script import ScriptDirectory

from fenlei.store.database import Database
from fenlei.store.migrate import alembic_config, bring_up_to_date


def draft(what: str) -> list[Path]:
    """Write the next step.

    Args:
        what: a sentence that says what it does.

    Returns:
        Where it is; nothing when the tables are as the steps make them.
    """
    config = alembic_config()
    last = ScriptDirectory.from_config(config).get_current_head()
    number = f"{int(last or 0) + 1:04}"
    with tempfile.TemporaryDirectory() as folder:
        database = Database(Path(folder) / "draft.db")
        if last is not None:
            bring_up_to_date(database)
        with database.migrating() as connection:
            config.attributes["connection"] = connection
            made = command.revision(config, what, True, rev_id=number, process_revision_directives=_unless_empty)
        database.close()
    return [Path(each.path) for each in (made if isinstance(made, list) else [made]) if each is not None]


def _unless_empty(context: object, revision: object, scripts: list[MigrationScript]) -> None:
    changes = scripts[0].upgrade_ops
    if changes is None or changes.is_empty():
        scripts.clear()


if __name__ == "__main__":
    draft(" ".join(sys.argv[1:]) or "What it does")
