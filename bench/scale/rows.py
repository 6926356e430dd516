"""`python -m bench.scale.rows`: what lists, numbers and bulk changes of 100,000 rows cost in the store alone.

    python -m bench.scale.rows [--pictures 100000] [--only sqlite|postgresql] [--json]

No files, no HTTP, no platform: rows of pictures are put into a new SQLite file and into a PostgreSQL server that is
started for it, and looked at just after they came, just after all of them were put into parts, just after half of
them changed their class and back, and after `VACUUM ANALYZE`. The server's own vacuum is off, so that "just after"
lasts; before the parts it is asked to `ANALYZE`, which the checks after an import do.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy import text
from tests.support.postgres import Postgres

from fenlei.datasets.browse import NO_SPLIT, PictureFilter, browse, counts
from fenlei.datasets.create import create_dataset
from fenlei.datasets.history import undo
from fenlei.datasets.labels import set_label
from fenlei.datasets.splits import split_dataset
from fenlei.datasets.versions import make_version
from fenlei.store import Store, StoreAddress, bring_up_to_date, now

BATCH = 500
CALLS = 15
CLASSES = 20


class Rows:
    """One data set in one store, and what was measured of it: by what, then by when; ms, or seconds of what was done
    once: on the clock, and of this process's CPU, which in SQLite is all."""

    def __init__(self, store: Store, count: int) -> None:
        self._store = store
        self._count = count
        self.looks: dict[str, dict[str, float]] = {}
        self.done: dict[str, tuple[float, float]] = {}
        self._id = create_dataset(store, "rows").id
        with store.writing() as work:
            self._labels = list(
                work.pictures.declare_labels(self._id, [f"class {n:02}" for n in range(CLASSES)]).values()
            )

    def measure(self) -> None:
        """Do and look, in turn."""
        self._timed("add", self._add)
        self._look("just added")
        if not self._store.database.is_sqlite:
            self._say("ANALYZE")
        shares = {"train": 0.5, "validation": 0.25, "test": 0.25}
        self._timed("split all", lambda: split_dataset(self._store, self._id, "stratified", fractions=shares))
        self._look("just split")
        half = PictureFilter(text=".jpg")
        self._timed("relabel half", lambda: set_label(self._store, self._id, half, self._labels[0]))
        self._timed("undo it", lambda: undo(self._store, self._id))
        self._look("relabelled and back")
        self._timed("version", lambda: make_version(self._store, self._id))
        some = self._page(PictureFilter())
        one = [some[0]]
        self._timed(
            "relabel one, 20 times",
            lambda: [set_label(self._store, self._id, one, self._labels[n % 2 + 1]) for n in range(20)],
        )
        if not self._store.database.is_sqlite:
            self._say("VACUUM ANALYZE")
            self._look("vacuumed")

    def _say(self, statement: str) -> None:
        with self._store.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(statement))

    def _add(self) -> None:
        at = now()
        for start in range(0, self._count, BATCH):
            rows = [
                {
                    "dataset_id": self._id,
                    "name": f"class_{n % CLASSES:02}/IMG_{n:06}.{'JPG' if n // CLASSES % 2 else 'png'}",
                    "sha256": hashlib.sha256(str(n).encode()).hexdigest(),
                    "label_id": self._labels[n % CLASSES],
                    "split": None,
                    "given_split": None,
                    "group": None,
                    "width": 64,
                    "height": 64,
                    "bytes": 4000,
                    "format": "JPEG",
                    "import_id": "im_01hzy3k8m9n0p1q2r3s4t5v6w7",
                    "added_at": at,
                }
                for n in range(start, min(start + BATCH, self._count))
            ]
            with self._store.writing() as work:
                work.datasets.lock(self._id)
                work.pictures.add_many(rows)
                work.datasets.touch(self._id)

    def _timed(self, what: str, call: Callable[[], object]) -> None:
        began, used = time.perf_counter(), time.process_time()
        call()
        self.done[what] = (time.perf_counter() - began, time.process_time() - used)

    def _page(self, wanted: PictureFilter) -> list[int]:
        with self._store.reading() as work:
            return [each.id for each in browse(work, self._id, wanted).pictures]

    def _look(self, when: str) -> None:
        def numbers() -> None:
            with self._store.reading() as work:
                counts(work, self._id)

        asked: dict[str, Callable[[], object]] = {
            what: lambda wanted=wanted: self._page(wanted)  # type: ignore[misc]
            for what, wanted in (
                ("first page", PictureFilter()),
                ("by label", PictureFilter(label=self._labels[7])),
                ("by split", PictureFilter(split="train")),
                ("by split `none`", PictureFilter(split=NO_SPLIT)),
                ("without a class", PictureFilter(labelled=False)),
                ("by text, common", PictureFilter(text=".jpg")),
                ("by text, in none", PictureFilter(text="no name has this")),
                ("by label and text", PictureFilter(label=self._labels[7], text=".jpg")),
                ("removed", PictureFilter(removed=True)),
            )
        }
        for what, call in {**asked, "numbers by class and part": numbers}.items():
            found = []
            for _ in range(CALLS):
                began = time.perf_counter()
                call()
                found.append((time.perf_counter() - began) * 1000)
            self.looks.setdefault(what, {})[when] = statistics.median(found)
            self.looks.setdefault(f"{what}, first call", {})[when] = found[0]


@contextmanager
def _sqlite(folder: Path) -> Iterator[Store]:
    store = Store.at(StoreAddress(folder / "fenlei.db", folder / "blobs"))
    bring_up_to_date(store.database)
    yield store
    store.close()


@contextmanager
def _postgresql(folder: Path) -> Iterator[Store]:
    with Postgres() as server:
        store = Store.at(StoreAddress(server.url(server.create()), folder / "blobs"))
        bring_up_to_date(store.database)
        with store.writing() as work:
            work.session.execute(text("ALTER TABLE pictures SET (autovacuum_enabled = false)"))
        yield store
        store.close()


KINDS = {"sqlite": _sqlite, "postgresql": _postgresql}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale.rows", description=__doc__.partition("\n")[0])
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--only", choices=list(KINDS))
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    options = parser.parse_args()
    told = {}
    for kind in [options.only] if options.only else KINDS:
        with tempfile.TemporaryDirectory(prefix="fenlei-bench-") as folder, KINDS[kind](Path(folder)) as store:
            rows = Rows(store, options.pictures)
            rows.measure()
            told[kind] = {"ms": rows.looks, "seconds": rows.done}
            if not options.json:
                _show(kind, options.pictures, rows)
    if options.json:
        print(json.dumps(told))
    else:
        load = " / ".join(f"{each:.1f}" for each in os.getloadavg())
        print(f"Medians of {CALLS} calls, ms. {os.cpu_count()} cores, load average {load} (1, 5, 15 min).")


def _show(kind: str, count: int, rows: Rows) -> None:
    table = Table(title=f"{kind}, {count:,} rows")
    whens = list(next(iter(rows.looks.values())))
    for name in ("what", *whens):
        table.add_column(name, justify="left" if name == "what" else "right")
    for what, by in rows.looks.items():
        table.add_row(what, *(f"{by[when]:.1f}" for when in whens))
    console = Console(width=130)
    console.print(table)
    console.print("; ".join(f"{what}: {seconds:.2f} s, CPU {cpu:.2f} s" for what, (seconds, cpu) in rows.done.items()))


if __name__ == "__main__":
    main()
