"""Imports: what was sent, how much of it is safe, what became of each file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from fenlei.store.errors import NotFound, Stale
from fenlei.store.tables import Import, ImportEntry, Upload


class Imports:
    """Imports with their uploads and entries."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, row: Import) -> Import:
        """Add an import."""
        self._session.add(row)
        self._session.flush()
        return row

    def get(self, import_id: str) -> Import:
        """The import.

        Raises:
            NotFound: there is none with this id.
        """
        return self._found(import_id, lock=False)

    def lock(self, import_id: str, revision: int | None = None) -> Import:
        """The import, which nobody else changes until the end of this transaction.

        Raises:
            NotFound: there is none with this id.
            Stale: `revision` is given and is another one.
        """
        row = self._found(import_id, lock=True)
        if revision is not None and row.revision != revision:
            raise Stale(f"The import {import_id} was changed meanwhile: revision {row.revision}, not {revision}.")
        return row

    def page(self, dataset_id: str, after: str | None, limit: int) -> tuple[list[Import], str | None]:
        """Imports into a data set, the latest first, and the cursor of the next page."""
        query = select(Import).where(Import.dataset_id == dataset_id).order_by(Import.id.desc()).limit(limit + 1)
        if after is not None:
            query = query.where(Import.id < after)
        rows = list(self._session.scalars(query))
        return rows[:limit], rows[limit - 1].id if len(rows) > limit else None

    def change(self, import_id: str, **values: object) -> Import:
        """Change columns and raise the revision; `lock` comes first."""
        query = update(Import).where(Import.id == import_id).values(revision=Import.revision + 1, **values)
        self._session.execute(query)
        return self._found(import_id, lock=False)

    def count(self, import_id: str, counts: Mapping[str, Any]) -> None:
        """Keep how far it is. The revision stays: nothing that a person decides about has changed."""
        self._session.execute(update(Import).where(Import.id == import_id).values(counts=dict(counts)))

    def existing(self, import_ids: Sequence[str]) -> dict[str, str]:
        """The states of those of these imports that there are, by id."""
        query = select(Import.id, Import.state).where(Import.id.in_(import_ids))
        return {row.id: row.state for row in self._session.execute(query)}

    # Uploads

    def add_upload(self, row: Upload) -> Upload:
        """Add an upload."""
        self._session.add(row)
        self._session.flush()
        return row

    def upload(self, upload_id: str) -> Upload:
        """The upload.

        Raises:
            NotFound: there is none with this id.
        """
        row = self._session.get(Upload, upload_id, populate_existing=True)
        if row is None:
            raise NotFound(f"There is no upload {upload_id}.")
        return row

    def upload_named(self, import_id: str, name: str) -> Upload | None:
        """The upload of this name in an import."""
        return self._session.scalar(select(Upload).where(Upload.import_id == import_id, Upload.name == name))

    def uploads(self, import_id: str, after: str | None = None, limit: int | None = None) -> Sequence[Upload]:
        """Uploads of an import by id, which is the order in which they were begun."""
        query = select(Upload).where(Upload.import_id == import_id).order_by(Upload.id)
        if after is not None:
            query = query.where(Upload.id > after)
        return self._session.scalars(query if limit is None else query.limit(limit)).all()

    def received(self, upload_id: str, before: int, after: int) -> bool:
        """Keep that `after` bytes are safe, where it was `before`; False where it was not."""
        query = update(Upload).where(Upload.id == upload_id, Upload.received == before).values(received=after)
        return self._session.scalar(query.returning(Upload.id)) is not None

    def remove_uploads(self, import_id: str, upload_id: str | None = None) -> None:
        """Forget one upload of an import, or all of them."""
        query = delete(Upload).where(Upload.import_id == import_id)
        self._session.execute(query if upload_id is None else query.where(Upload.id == upload_id))

    # Entries

    def add_entries(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write down what became of files, given as values by column."""
        if rows:
            self._session.execute(insert(ImportEntry), [dict(row) for row in rows])

    def entries(self, import_id: str, after: int | None, limit: int) -> tuple[list[ImportEntry], int | None]:
        """What became of the files, in the order they were met, and the cursor of the next page."""
        query = select(ImportEntry).where(ImportEntry.import_id == import_id).order_by(ImportEntry.number)
        if after is not None:
            query = query.where(ImportEntry.number > after)
        rows = list(self._session.scalars(query.limit(limit + 1)))
        return rows[:limit], rows[limit - 1].number if len(rows) > limit else None

    def names_of_entries(self, import_id: str) -> Iterator[str]:
        """The names of all files that something has become of."""
        query = select(ImportEntry.name).where(ImportEntry.import_id == import_id)
        yield from self._session.execute(query.execution_options(yield_per=10_000)).scalars()

    def _found(self, import_id: str, *, lock: bool) -> Import:
        row = self._session.get(Import, import_id, with_for_update=lock or None, populate_existing=True)
        if row is None:
            raise NotFound(f"There is no import {import_id}.")
        return row
