"""Imports, from the first word to the last: begun, looked at, queued, cancelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from fenlei.datasets.create import BadValue
from fenlei.datasets.file_names import kept_name
from fenlei.datasets.found import DatasetError
from fenlei.datasets.importers import FORMATS, preview
from fenlei.datasets.sources import open_source
from fenlei.store import Conflict, Store, Work, new_id, now
from fenlei.store.tables import Import, Upload


class State(StrEnum):
    """Where an import stands."""

    OPEN = "open"
    PREVIEWED = "previewed"
    QUEUED = "queued"
    IMPORTING = "importing"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


MOST_LABEL_CHARS = 200

OPTIONS = {
    "format": "the slug of a format, or null to find out by looking",
    "label": "the label of all pictures that bring none of their own, or null",
}


def begin_import(
    store: Store,
    dataset_id: str,
    source: Mapping[str, Any],
    options: Mapping[str, Any] | None = None,
    by: str | None = None,
) -> Import:
    """Begin to bring pictures into a data set. Nothing changes in it before `carry_out`.

    Args:
        store: where the data set is.
        dataset_id: which one.
        source: `{"kind": "upload"}`, then files are sent; or `{"kind": "path", "path": …}` of a folder, archive,
            manifest or picture on this machine.
        options: see `OPTIONS`.
        by: id of the user who begins it.

    Raises:
        NotFound: there is no such data set.
        BadValue: the source or an option is not understood.
        DatasetError: there is nothing at the path.
    """
    row = Import(
        id=new_id("im"),
        dataset_id=dataset_id,
        state=State.OPEN,
        source=_source(source),
        options=_options(options or {}),
        counts={},
        revision=1,
        created_at=now(),
        created_by=by,
    )
    with store.writing() as work:
        work.datasets.get(dataset_id)
        return work.imports.add(row)


def preview_import(store: Store, folder: Path, import_id: str) -> Import:
    """Look into what was sent, and keep what was found: format, pictures per label, what will be skipped and why.

    Args:
        store: where the import is.
        folder: where uploads are laid down.
        import_id: which one.

    Raises:
        NotFound: there is no such import.
        Conflict: a file has not arrived whole, more came meanwhile, or the import is past that.
        DatasetError: nothing can be made of it.
    """
    with store.reading() as work:
        row, uploads = work.imports.get(import_id), work.imports.uploads(import_id)
    check_state(row, State.OPEN, State.PREVIEWED)
    check_whole(row, uploads)
    with open_source(folder, row, uploads) as found:
        seen = preview(found)
        form = found.format
    with store.writing() as work:
        row = work.imports.lock(import_id)
        check_state(row, State.OPEN, State.PREVIEWED)
        if [each.id for each in work.imports.uploads(import_id)] != [each.id for each in uploads]:
            raise Conflict(f"Files were added to the import {import_id}, or taken away, meanwhile. Look again.")
        return work.imports.change(import_id, state=State.PREVIEWED, format=form, found=seen, error=None)


def queue_import(work: Work, import_id: str, revision: int | None = None) -> Import:
    """Say that an import is to be carried out; in the transaction that also makes its run.

    One that failed or was cancelled may be queued again: it goes on where it stopped.

    Raises:
        NotFound, Stale: no such import; another revision.
        Conflict: a file has not arrived whole, or the import is queued, at work or done already.
    """
    row = work.imports.lock(import_id, revision)
    check_state(row, State.OPEN, State.PREVIEWED, State.FAILED, State.CANCELLED)
    check_whole(row, work.imports.uploads(import_id))
    return work.imports.change(import_id, state=State.QUEUED, error=None)


def cancel_import(store: Store, import_id: str, revision: int | None = None) -> Import:
    """Stop an import, wherever it stands. What it brought into the data set so far stays and is in its report.

    Raises:
        NotFound, Stale: no such import; another revision.
        Conflict: it is done.
    """
    with store.writing() as work:
        return call_off(work, import_id, revision)


def call_off(work: Work, import_id: str, revision: int | None = None) -> Import:
    """As `cancel_import`, in a transaction that is open."""
    row = work.imports.lock(import_id, revision)
    check_state(row, *(state for state in State if state is not State.DONE))
    return row if row.state == State.CANCELLED else work.imports.change(import_id, state=State.CANCELLED)


def check_state(row: Import, *states: State) -> None:
    """Refuse what cannot be done with an import as it stands.

    Raises:
        Conflict: its state is none of these.
    """
    if row.state not in states:
        raise Conflict(f"The import {row.id} is {row.state}; this needs one that is {' or '.join(states)}.")


def check_whole(row: Import, uploads: Sequence[Upload]) -> None:
    """Refuse an import whose files have not all arrived.

    Raises:
        Conflict: one has not, or there is none.
    """
    if row.source["kind"] != "upload":
        return
    if not uploads:
        raise Conflict(f"Nothing was sent to the import {row.id} yet. Send files first.")
    partial = [each for each in uploads if each.received < each.size]
    if partial:
        more = f" and {len(partial) - 1} more files are not whole either" if len(partial) > 1 else ""
        raise Conflict(
            f"Of {partial[0].name} {partial[0].received:,} of {partial[0].size:,} bytes have arrived{more}. "
            "Send the rest first."
        )


def _source(source: Mapping[str, Any]) -> dict[str, Any]:
    if dict(source) == {"kind": "upload"}:
        return {"kind": "upload"}
    path = source.get("path")
    if set(source) != {"kind", "path"} or source["kind"] != "path" or not isinstance(path, str) or "\0" in path:
        allowed = '{"kind": "upload"} or {"kind": "path", "path": …}'
        raise BadValue(f"The source of an import is not understood; {allowed}.", "source", allowed)
    if not Path(path).is_absolute():
        raise BadValue(
            f"The path {path!r} is relative to nowhere; give an absolute one.", "source.path", "an absolute path"
        )
    if not Path(path).exists():
        raise DatasetError(f"{path} does not exist on this machine.")
    # Where it really is: what a door has let through must not become a way elsewhere; `open_source` looks again.
    return {"kind": "path", "path": str(Path(path).resolve())}


def _options(options: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(options) - set(OPTIONS))
    if unknown:
        allowed = ", ".join(OPTIONS)
        raise BadValue(f"An import has no option {unknown[0]!r}; {allowed} are.", f"options.{unknown[0]}", allowed)
    form, label = options.get("format"), options.get("label")
    if form is not None and form not in FORMATS:
        allowed = ", ".join(FORMATS)
        raise BadValue(f"The format {form!r} is not known; {allowed} are.", "options.format", allowed)
    if label is not None and (not isinstance(label, str) or not 0 < len(label.strip()) <= MOST_LABEL_CHARS):
        allowed = f"1 to {MOST_LABEL_CHARS} characters"
        raise BadValue(f"The label {label!r} cannot be used; {allowed}.", "options.label", allowed)
    return {"format": form, "label": None if label is None else kept_name(label).strip()}
