"""Routes of imports: begun, files sent, looked at, carried out, reported."""

from __future__ import annotations

from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response

from fenlei.api.access import Editor, Here, Viewer
from fenlei.api.bodies import BINARY, announced_length, hand_over
from fenlei.api.downloads import documents, download
from fenlei.api.errors import documented
from fenlei.api.etag import Expected, tag
from fenlei.api.paging import After, AfterPlace, Limit, Page, page, page_of
from fenlei.api.platform import Platform
from fenlei.api.repeats import CreatingRoute
from fenlei.api.wire.base import MOST_NUMBER, NO_NUL, SHA256, DatasetId, ImportId, UploadId
from fenlei.api.wire.imports import EntryOut, ImportOut, NewImport, NewUpload, PathSource, UploadOut
from fenlei.api.wire.runs import RunOut, run_out
from fenlei.datasets.create import BadValue
from fenlei.datasets.file_names import sent_name
from fenlei.datasets.imports import begin_import, preview_import
from fenlei.datasets.open_folders import is_open
from fenlei.datasets.report_csv import report_csv
from fenlei.datasets.uploads import begin_upload, receive, remove_upload
from fenlei.projects.audit import audited, note
from fenlei.projects.dataset_runs import start_import, stop_import
from fenlei.store import Store
from fenlei.store.tables import Import, Upload

NUMBER = {"type": "integer", "minimum": 0}

router = APIRouter(tags=["imports"], route_class=CreatingRoute)

CHANGES = documented(401, 403, 404, 409, 412)
SENDS = documented(401, 403, 404, 409, 411)
PLACE: dict[int | str, dict[str, Any]] = {
    200: {
        "headers": {
            "Upload-Offset": {"description": "Where the next piece begins.", "required": True, "schema": NUMBER},
            "Upload-Length": {"description": "Bytes of the whole file.", "required": True, "schema": NUMBER},
        }
    }
}


@router.get("/datasets/{dataset_id}/imports", responses=documented(401, 403, 404))
def imports(dataset_id: DatasetId, who: Viewer, here: Here, after: After = None, limit: Limit = 100) -> Page[ImportOut]:
    """Imports into a data set, the latest first."""
    with here.store.reading() as work:
        work.datasets.get(dataset_id)
        found = work.imports.page(dataset_id, after, limit)
    return page(found, ImportOut.model_validate)


@router.post("/datasets/{dataset_id}/imports", status_code=201, responses=documented(401, 403, 404, 409))
def new_import(dataset_id: DatasetId, body: NewImport, who: Editor, here: Here, response: Response) -> ImportOut:
    """Begin to bring pictures into a data set: files that are sent, or a path on the server.

    Nothing changes in the data set before the import is committed.
    """
    if isinstance(body.source, PathSource):
        _check_below(here, body.source.path)
    row = begin_import(here.store, dataset_id, body.source.model_dump(), body.options.model_dump(), by=who.user_id)
    note(here.store, who, "import.begin", row.id, dataset_id=dataset_id, source=row.source)
    return _tagged(row, response)


@router.get("/imports/{import_id}", responses=documented(401, 403, 404))
def one_import(import_id: ImportId, who: Viewer, here: Here, response: Response) -> ImportOut:
    """An import: where it stands, what was found, what became of it."""
    with here.store.reading() as work:
        row = work.imports.get(import_id)
    return _tagged(row, response)


@router.post("/imports/{import_id}/preview", responses=CHANGES)
def look_into_import(import_id: ImportId, who: Editor, here: Here, response: Response) -> ImportOut:
    """Look into what was sent: its format, pictures by class and part, what will be skipped and why."""
    return _tagged(preview_import(here.store, here.uploads, import_id), response)


@router.post("/imports/{import_id}/commit", status_code=202, responses=CHANGES)
def commit_import(import_id: ImportId, who: Editor, here: Here, expected: Expected) -> RunOut:
    """Carry the import out, as a run. One that failed or was cancelled goes on where it stopped."""
    store = audited(here.store, who, "import.commit", import_id)
    return run_out(start_import(store, import_id, who.user_id, revision=expected))


@router.post("/imports/{import_id}/cancel", responses=CHANGES)
def end_import(import_id: ImportId, who: Editor, here: Here, response: Response, expected: Expected) -> ImportOut:
    """Stop an import. What it brought into the data set so far stays, and is in its report."""
    store = audited(here.store, who, "import.cancel", import_id)
    return _tagged(stop_import(store, import_id, revision=expected), response)


@router.get("/imports/{import_id}/entries", responses=documented(401, 403, 404))
def import_entries(
    import_id: ImportId, who: Viewer, here: Here, after: AfterPlace = None, limit: Limit = 100
) -> Page[EntryOut]:
    """What became of each file, in the order in which they were met."""
    with here.store.reading() as work:
        work.imports.get(import_id)
        found = work.imports.entries(import_id, after, limit)
    return page(found, EntryOut.model_validate)


@router.get(
    "/imports/{import_id}/report.csv",
    response_class=Response,
    responses=documents("text/csv", said="UTF-8: file, outcome, reason, picture.") | documented(401, 403, 404),
)
def import_report(import_id: ImportId, who: Viewer, here: Here) -> Response:
    """What became of each file, as CSV. A cell that a spreadsheet would carry out begins with an apostrophe."""
    return download(report_csv(here.store, import_id), "text/csv", f"{import_id}.csv")


@router.get("/imports/{import_id}/uploads", responses=documented(401, 403, 404))
def uploads(import_id: ImportId, who: Viewer, here: Here, after: After = None, limit: Limit = 100) -> Page[UploadOut]:
    """The files that are being sent, in the order in which they were announced."""
    with here.store.reading() as work:
        work.imports.get(import_id)
        rows = work.imports.uploads(import_id, after, limit + 1)
    return page_of(rows, limit, UploadOut.model_validate, lambda row: row.id)


@router.post("/imports/{import_id}/uploads", status_code=201, responses=documented(401, 403, 404, 409))
def new_upload(import_id: ImportId, body: NewUpload, who: Editor, here: Here) -> UploadOut:
    """Announce a file; its bytes follow in pieces, to `/uploads/{upload_id}`.

    Announced again in the same words it is the same upload, so that whoever lost its id can go on.
    """
    row = begin_upload(here.store, here.uploads, import_id, body.name, body.size, body.sha256)
    return UploadOut.model_validate(row)


@router.put("/imports/{import_id}/files", responses=SENDS, openapi_extra=BINARY)
async def send_file(
    import_id: ImportId,
    who: Editor,
    here: Here,
    request: Request,
    name: Annotated[
        str,
        Query(min_length=1, max_length=1000, pattern=NO_NUL, description="A path with `/`.", examples=["cat/1.jpg"]),
    ],
    sha256: Annotated[str | None, Query(pattern=SHA256, description="Of the file; verified.")] = None,
) -> UploadOut:
    """Send a small file whole: the bytes as the body, at most 64 MiB. One of that name takes the place of the other.

    Thousands of small files travel faster as one tar or zip, sent as an upload.
    """
    size = announced_length(request)
    upload = await to_thread.run_sync(_begin_anew, here, import_id, name, size, sha256)
    receiver = _Receiver(here, upload, 0)
    await hand_over(request, receiver.take)
    return UploadOut.model_validate(receiver.upload)


@router.head("/uploads/{upload_id}", response_class=Response, responses=PLACE | documented(401, 403, 404))
def upload_offset(upload_id: UploadId, who: Viewer, here: Here) -> Response:
    """Where the next piece of a file begins, in the header `Upload-Offset`."""
    upload = _upload(here.store, upload_id)
    return Response(headers=_place(upload))


@router.get("/uploads/{upload_id}", responses=PLACE | documented(401, 403, 404))
def one_upload(upload_id: UploadId, who: Viewer, here: Here, response: Response) -> UploadOut:
    """A file that is being sent; `received` says where the next piece begins."""
    row = _upload(here.store, upload_id)
    response.headers.update(_place(row))
    return UploadOut.model_validate(row)


@router.put("/uploads/{upload_id}", responses=documented(401, 403, 404, 409), openapi_extra=BINARY)
async def send_piece(
    upload_id: UploadId,
    who: Editor,
    here: Here,
    request: Request,
    offset: Annotated[int, Query(ge=0, lt=MOST_NUMBER, description="Where in the file this piece begins.")],
) -> UploadOut:
    """Send the next piece of a file: the bytes as the body, at most 64 MiB at a time.

    What the answer says is received survives whatever happens next. A piece that begins elsewhere is answered 409; its
    header `Upload-Offset` says where it must begin. When the connection breaks, ask how much is received and go on.
    """
    receiver = _Receiver(here, await to_thread.run_sync(_upload, here.store, upload_id), offset)
    await hand_over(request, receiver.take)
    return UploadOut.model_validate(receiver.upload)


@router.delete("/uploads/{upload_id}", status_code=204, responses=documented(401, 403, 404, 409))
def end_upload(upload_id: UploadId, who: Editor, here: Here) -> None:
    """Take a file away from an import that is still open."""
    remove_upload(here.store, here.uploads, upload_id)


class _Receiver:
    """A file that is being sent, stretch by stretch."""

    def __init__(self, here: Platform, upload: Upload, offset: int) -> None:
        self._here = here
        self._at = offset
        self.upload = upload

    def take(self, stretch: list[bytes]) -> None:
        self.upload = receive(self._here.store, self._here.uploads, self.upload.id, self._at, stretch)
        self._at += sum(len(piece) for piece in stretch)


def _begin_anew(here: Platform, import_id: str, name: str, size: int, sha256: str | None) -> Upload:
    """Announce a file that is sent whole; what is there under its name goes."""
    name = sent_name(name)
    with here.store.reading() as work:
        known = work.imports.upload_named(import_id, name)
    if known is not None:
        remove_upload(here.store, here.uploads, known.id)
    return begin_upload(here.store, here.uploads, import_id, name, size, sha256)


def _upload(store: Store, upload_id: str) -> Upload:
    with store.reading() as work:
        return work.imports.upload(upload_id)


def _check_below(here: Platform, path: str) -> None:
    """Let paths through that are below a folder from which the operator allows imports, links followed.

    Raises:
        BadValue: it is elsewhere. Whether anything is there is not told.
    """
    if not is_open(path, here.import_roots):
        below = ", ".join(str(root) for root in here.import_roots) or "none on this server"
        raise BadValue(f"Imports by path are allowed below: {below}.", "source.path", below)


def _place(row: Upload) -> dict[str, str]:
    """How far a file is, in headers."""
    return {"upload-offset": str(row.received), "upload-length": str(row.size)}


def _tagged(row: Import, response: Response) -> ImportOut:
    tag(response, row.revision)
    return ImportOut.model_validate(row)
