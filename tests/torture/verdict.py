"""After the last kill: is everything that was acknowledged there, once, whole, and does nothing hang?"""

from __future__ import annotations

import hashlib
import http.client
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select, text

from fenlei.datasets.imports import State
from fenlei.store import Store, StoreError
from fenlei.store.references import NAMED
from fenlei.store.tables import (
    AuditEntry,
    Change,
    Dataset,
    DatasetVersion,
    Deployment,
    Import,
    Job,
    ModelVersion,
    Picture,
    Project,
    Publication,
    Run,
)
from tests.torture.caller import ask
from tests.torture.ledger import Book, Ledger

KINDS = ("label", "remove", "restore", "undo")
CHANGES = ("pictures.label", "pictures.remove", "pictures.restore", "change.undo")


def unfinished(store: Store) -> list[str]:
    """Runs that are not over."""
    with store.reading() as work:
        found = work.session.execute(select(Run.id, Run.kind, Run.state).where(Run.state.in_(("queued", "running"))))
        return [f"{row[1]} {row[0]} is {row[2]}" for row in found]


def answers(store: Store, base: str, conditions: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Deployments that do not answer with the model version that the database names."""
    with store.reading() as work:
        rows = work.session.execute(select(Deployment, ModelVersion).join(ModelVersion)).all()
    parts = urlsplit(base)
    for deployment, version in rows:
        condition = conditions[deployment.id]["condition"] or {}
        if condition.get("model_version_id") != deployment.model_version_id:
            yield f"{deployment.name} shall answer with {deployment.model_version_id}; it says {condition}"
        with closing(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)) as connection:
            said = ask(connection, f"/api/image/{deployment.name}")
        if said not in version.labels:
            yield f"{deployment.name} answers {said!r}, which is none of {version.labels}"


def wrong(store: Store, ledger: Ledger) -> Iterator[str]:
    """Everything else that is not as promised; the platform may run or not."""
    yield from _rows(store, ledger)
    yield from _runs(store, ledger)
    yield from _audit(store, ledger)
    yield from _blobs(store)
    if store.database.is_sqlite:
        yield from _file(store)


def _rows(store: Store, ledger: Ledger) -> Iterator[str]:
    with store.reading() as work:
        session = work.session
        yield from _same("data sets", Counter(session.scalars(select(Dataset.id))), Counter(list(ledger.books)))
        projects = [book.project for book in ledger.books.values()]
        yield from _same("projects", Counter(session.scalars(select(Project.id))), Counter(projects))
        for book in ledger.books.values():
            imports = session.scalars(select(Import).where(Import.dataset_id == book.id)).all()
            yield from _same(
                f"imports of {book.id}", Counter(row.id for row in imports), Counter(ledger.imports[book.id])
            )
            for row in imports:
                if row.id in ledger.committed and row.state != State.DONE:
                    yield f"import {row.id} is {row.state}: {row.error}"
            yield from _pictures(book, session.scalars(select(Picture).where(Picture.dataset_id == book.id)).all())
            kept = select(Change.id).where(Change.dataset_id == book.id, Change.kind.in_(KINDS))
            changes = session.scalars(kept).all()
            if len(changes) != book.changes:
                yield f"{book.id}: {book.changes} changes were acknowledged, the history has {len(changes)}"
        versions = {row.id: row.digest for row in session.scalars(select(DatasetVersion))}
        yield from (
            f"version {id_} with digest {digest} is {versions.get(id_)}"
            for id_, digest in ledger.versions.items()
            if versions.get(id_) != digest
        )
        for deployment, published in ledger.published.items():
            query = select(Publication.model_version_id).where(Publication.deployment_id == deployment)
            history = list(session.scalars(query.order_by(Publication.id)))
            if history != published:
                yield f"{deployment}: acknowledged were {published}, its history has {history}"
            now = session.scalar(select(Deployment.model_version_id).where(Deployment.id == deployment))
            if now != published[-1]:
                yield f"{deployment}: {published[-1]} was published last, the row says {now}"


def _pictures(book: Book, rows: Any) -> Iterator[str]:
    yield from _same(
        f"pictures of {book.id}", Counter((row.name, row.sha256) for row in rows), Counter(book.sha256.items())
    )
    names = {id_: name for name, id_ in book.labels.items()}
    for row in rows:
        if row.label_id != book.label.get(row.name):
            shall = names.get(book.label.get(row.name) or "")
            yield f"{book.id}: {row.name} shall be {shall}; it is {names.get(row.label_id)}"
        if (row.removed_at is not None) != (row.name in book.removed):
            yield f"{book.id}: {row.name} is {'there' if row.removed_at is None else 'removed'} and shall not be"


def _runs(store: Store, ledger: Ledger) -> Iterator[str]:
    with store.reading() as work:
        session = work.session
        trainings = {row.id: row for row in session.scalars(select(Run).where(Run.kind == "train"))}
        yield from _same("trainings", Counter(trainings.keys()), Counter(ledger.trainings))
        made = Counter(session.scalars(select(ModelVersion.run_id).where(ModelVersion.run_id.is_not(None))))
        done = Counter(id_ for id_, run in trainings.items() if run.state == "done")
        yield from _same("model versions by run", made, done)
        for job in session.scalars(select(Job).where(Job.state != "ended")):
            yield f"the job of {job.run_id} is {job.state}"
        for run in session.scalars(select(Run).where(Run.error.is_not(None))):
            if "went wrong inside" in (run.error or ""):
                yield f"{run.kind} {run.id}: {run.error}"


def _audit(store: Store, ledger: Ledger) -> Iterator[str]:
    """Every change has its entry, and what was made has one only."""
    with store.reading() as work:
        session = work.session
        entries = session.scalars(select(AuditEntry)).all()
        by = Counter((entry.action, entry.object_id) for entry in entries)
        for action, ids in (
            ("dataset.add", list(ledger.books)),
            ("project.add", [book.project for book in ledger.books.values()]),
            ("import.begin", [each for imports in ledger.imports.values() for each in imports]),
            ("import.commit", sorted(ledger.committed)),
        ):
            yield from (f"audit: {by[action, id_]} × {action} {id_}" for id_ in ids if by[action, id_] != 1)
        trained = Counter(entry.detail.get("run") for entry in entries if entry.action == "project.train")
        yield from _same("audit of trainings", trained, Counter(ledger.trainings))
        for book in ledger.books.values():
            told = sum(by[action, book.id] for action in CHANGES)
            if not book.changes <= told <= book.changes + ledger.repeated:  # what is so already is written down too
                yield f"audit: {told} changes of {book.id}; acknowledged were {book.changes}"
        for deployment, published in ledger.published.items():
            told = sum(by[f"deployment.{verb}", deployment] for verb in ("publish", "roll-back"))
            if told != len(published):
                yield f"audit: {told} publications of {deployment}; acknowledged were {len(published)}"


def _blobs(store: Store) -> Iterator[str]:
    with store.reading() as work:
        named = {digest for column in NAMED for digest in work.session.scalars(select(column).distinct())}
    for digest in sorted(named):
        try:
            data = store.blobs.get(digest)
        except StoreError as exc:
            yield f"blob {digest}: {exc}"
            continue
        if hashlib.sha256(data).hexdigest() != digest:
            yield f"blob {digest} is damaged"
    for blob in store.blobs.all():
        if hashlib.sha256(store.blobs.get(blob.sha256)).hexdigest() != blob.sha256:
            yield f"blob {blob.sha256}, which nobody names, is half-written"


def _file(store: Store) -> Iterator[str]:
    with store.reading() as work:
        said = [row[0] for row in work.session.execute(text("PRAGMA integrity_check"))]
        if said != ["ok"]:
            yield f"integrity_check: {said}"
        yield from (f"a row dangles: {row}" for row in work.session.execute(text("PRAGMA foreign_key_check")))


def left_behind(store: Store, workspace: Path) -> Iterator[str]:
    """Files of imports that are over, after the platform had an occasion to sweep."""
    with store.reading() as work:
        over = set(work.session.scalars(select(Import.id).where(Import.state == State.DONE)))
    for folder in sorted((workspace / "uploads").glob("im_*")):
        if folder.name in over:
            yield f"the files of the import {folder.name}, which is done, are still there"


def _same(what: str, there: Counter[Any], wanted: Counter[Any]) -> Iterator[str]:
    missing, more = wanted - there, there - wanted
    if missing:
        yield f"{what}: {sum(missing.values())} of {sum(wanted.values())} missing, such as {next(iter(missing))}"
    if more:
        yield f"{what}: {sum(more.values())} too many, such as {next(iter(more))}"
