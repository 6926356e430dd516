"""Migrations: forwards, all or none, with a copy of the SQLite file, once however many servers start."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import DateTime, bindparam, select, text

from fenlei.store import Database, NewerDatabase, Store, StoreError, bring_up_to_date, migrate, new_id, now
from fenlei.store.migrate import current_step, latest_step, upgrade
from fenlei.store.migrations.draft import draft
from fenlei.store.tables import Base, Dataset, Label
from tests.support.postgres import Postgres

ROOT = Path(__file__).parents[3]

NEXT = '''
"""A step of the future: a column, and a table made anew as SQLite needs it."""
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{latest}"
branch_labels = None
depends_on = None

def upgrade() -> None:
    op.add_column("datasets", sa.Column("colour", sa.String(20), nullable=False, server_default="red"))
    with op.batch_alter_table("datasets") as table:
        table.alter_column("note", nullable=True, existing_type=sa.String())
    {then}
'''


@pytest.fixture
def a_next_step(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Path]:
    """Makes this Fenlei a newer one, whose last step is 9999."""

    def make(then: str = "") -> Path:
        folder = tmp_path / "50% newer"
        shutil.copytree(migrate.STEPS, folder, dirs_exist_ok=True)
        (folder / "versions" / "step_9999.py").write_text(NEXT.format(latest=latest_step(), then=then))
        monkeypatch.setattr(migrate, "STEPS", folder)
        return folder

    return make


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without tables."""
    if request.param == "sqlite":
        database = Database(tmp_path / "fenlei.db")
        yield database
        database.close()
    else:
        server: Postgres = request.getfixturevalue("postgres")
        name = server.create()
        database = Database(server.url(name))
        yield database
        database.close()
        server.drop(name)


def fill(store: Store) -> None:
    with store.writing() as work:
        dataset = Dataset(id=new_id("ds"), name="flowers", created_at=now(), created_by=None, updated_at=now())
        work.session.add(dataset)
        work.session.flush()
        work.session.add(Label(id=new_id("lb"), dataset_id=dataset.id, name="rose", position=0))


def test_the_migrated_tables_are_those_of_the_code(empty: Database) -> None:
    bring_up_to_date(empty)
    assert current_step(empty) == latest_step()
    with empty.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_a_database_up_to_date_is_left_alone(store: Store) -> None:
    assert bring_up_to_date(store.database) is None
    if store.database.file:
        assert not list(store.database.file.parent.glob("*before*"))


def test_a_step_keeps_what_is_there_and_a_copy_of_the_file(store: Store, a_next_step: Callable[..., Path]) -> None:
    fill(store)
    before = latest_step()
    a_next_step()
    saved = bring_up_to_date(store.database)
    assert current_step(store.database) == "9999"
    with store.reading() as work:
        assert work.session.execute(text("SELECT name, colour FROM datasets")).all() == [("flowers", "red")]
        assert work.session.scalars(select(Label.name)).all() == ["rose"]  # not deleted with the table it refers to
    if not store.database.is_sqlite:
        with store.reading() as work:
            asked = text("SELECT collation_name FROM information_schema.columns WHERE column_name = 'colour'")
            assert work.session.scalar(asked) == "C"
    with store.writing() as work, pytest.raises(Exception, match="(?i)foreign key"):
        work.session.execute(text("INSERT INTO labels (id, dataset_id, name, position) VALUES ('a', 'b', 'c', 0)"))
    if store.database.file is None:
        assert saved is None
        return
    assert saved == store.database.file.with_name("fenlei.before-9999.db")
    copy = Database(saved)
    assert current_step(copy) == before
    with copy.reading() as session:
        assert session.scalars(select(Dataset.name)).all() == ["flowers"]
    copy.close()
    assert [path.name for path in saved.parent.glob(".*")] == []


def test_a_step_that_leaves_something_dangling_changes_nothing(
    sqlite_store: Store, a_next_step: Callable[..., Path]
) -> None:
    fill(sqlite_store)
    a_next_step("op.execute('DELETE FROM datasets')")
    with pytest.raises(StoreError, match="a row of labels dangles"):
        bring_up_to_date(sqlite_store.database)
    with sqlite_store.reading() as work:
        assert work.session.scalars(select(Dataset.name)).all() == ["flowers"]


def test_a_step_that_fails_changes_nothing(store: Store, a_next_step: Callable[..., Path]) -> None:
    fill(store)
    before = current_step(store.database)
    a_next_step("op.execute('SELECT nonsense')")
    with pytest.raises(StoreError, match="nonsense"):
        bring_up_to_date(store.database)
    assert current_step(store.database) == before
    with store.reading() as work:
        assert work.session.scalars(select(Dataset.name)).all() == ["flowers"]
        assert work.session.scalars(select(Label.name)).all() == ["rose"]


def test_a_newer_database_is_refused_and_untouched(
    store: Store, a_next_step: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, latest = migrate.STEPS, latest_step()
    a_next_step()
    bring_up_to_date(store.database)
    monkeypatch.setattr(migrate, "STEPS", ours)
    with pytest.raises(NewerDatabase, match=f"of a newer Fenlei: its tables are at step 9999.* up to {latest}"):
        bring_up_to_date(store.database)
    assert current_step(store.database) == "9999"


STARTS = """
import sys
from pathlib import Path
from fenlei.store import Database, bring_up_to_date, migrate

migrate.STEPS = Path(sys.argv[2])
database = Database(Path(sys.argv[1]) if "://" not in sys.argv[1] else sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
bring_up_to_date(database)
database.close()
"""


@pytest.mark.parametrize("begun", [False, True], ids=["from nothing", "one more step"])
def test_servers_that_start_at_once_migrate_once(
    empty: Database, a_next_step: Callable[..., Path], begun: bool
) -> None:
    if begun:
        bring_up_to_date(empty)
    words = [sys.executable, "-W", "error", "-c", STARTS, str(empty.address), str(a_next_step())]
    servers = [
        subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
        for _ in range(2)
    ]
    for each in servers:
        assert each.stdout is not None
        assert each.stdout.readline() == b"ready\n"
    for each in servers:
        assert each.stdin is not None
        each.stdin.write(b"go\n")
        each.stdin.flush()
    told = [each.communicate(timeout=60)[1].decode() for each in servers]
    assert [(each.returncode, said) for each, said in zip(servers, told, strict=True)] == [(0, "")] * 2
    assert current_step(empty) == "9999"


def test_no_room_for_the_copy_leaves_the_database_alone(sqlite_store: Store, a_next_step: Callable[..., Path]) -> None:
    fill(sqlite_store)
    before = current_step(sqlite_store.database)
    file = sqlite_store.database.file
    assert file is not None
    a_next_step()
    file.with_name(".fenlei.before-9999.db.part").mkdir()
    with pytest.raises(StoreError, match=r"could not be copied to .*fenlei\.before-9999\.db before its migration"):
        bring_up_to_date(sqlite_store.database)
    assert current_step(sqlite_store.database) == before


def test_a_drafted_step_makes_the_tables_and_stands_alone(
    empty: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copytree(migrate.STEPS, tmp_path / "steps", ignore=shutil.ignore_patterns("step_*"))
    monkeypatch.setattr(migrate, "STEPS", tmp_path / "steps")
    [made] = draft("The first tables")
    assert made.name == "step_0001.py"
    assert "fenlei" not in made.read_text()
    bring_up_to_date(empty)
    with empty.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    assert draft("Nothing more") == []


def test_the_pictures_of_a_database_that_kept_no_numbers_are_counted(empty: Database) -> None:
    with empty.migrating() as connection:
        upgrade(connection, "0001")
        connection.execute(
            text(
                "INSERT INTO datasets (id, name, note, revision, created_at, updated_at)"
                " VALUES (:id, :id, '', 1, '2026-01-01 00:00:00', '2026-01-01 00:00:00')"
            ),
            [{"id": "ds_a"}, {"id": "ds_b"}],
        )
        connection.execute(text("INSERT INTO labels (id, dataset_id, name, position) VALUES ('lb_a', 'ds_a', 'a', 0)"))
        pictures = [
            ("ds_a", "lb_a", "train", None),
            ("ds_a", "lb_a", "train", None),
            ("ds_a", "lb_a", "train", now()),
            ("ds_a", None, None, None),
            ("ds_b", None, "test", None),
        ]
        connection.execute(
            text(
                "INSERT INTO pictures (dataset_id, name, folded, sha256, label_id, split, width, height, bytes, format,"
                " added_at, removed_at) VALUES (:dataset, :name, :name, :name, :label, :split, 1, 1, 1, 'PNG',"
                " '2026-01-01 00:00:00', :removed)"
            ).bindparams(bindparam("removed", type_=DateTime(timezone=True))),
            [
                {"dataset": dataset, "name": f"{number}", "label": label, "split": split, "removed": removed}
                for number, (dataset, label, split, removed) in enumerate(pictures)
            ],
        )
    bring_up_to_date(empty)
    with empty.reading() as session:
        found = session.execute(text("SELECT dataset_id, removed, label_id, split, pictures FROM tallies"))
        assert {tuple(row) for row in found} == {
            ("ds_a", False, "lb_a", "train", 2),
            ("ds_a", True, "lb_a", "train", 1),
            ("ds_a", False, "", "", 1),
            ("ds_b", False, "", "test", 1),
        }
