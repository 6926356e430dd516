"""Routes of models and their versions: looked at, described, taken away, brought along."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response

from fenlei.api.access import Editor, Here, Labeller, Viewer
from fenlei.api.bodies import BINARY
from fenlei.api.downloads import BLOCK_BYTES, documents, download
from fenlei.api.errors import BadRequest, documented
from fenlei.api.etag import Expected, tag
from fenlei.api.paging import After, AfterPlace, Limit, Page, page
from fenlei.api.repeats import CreatingRoute
from fenlei.api.turns import Turns
from fenlei.api.wire.base import ModelId, ModelVersionId, OfProject
from fenlei.api.wire.models import (
    ExplainedOut,
    ModelChange,
    ModelOut,
    ModelVersionChange,
    ModelVersionOut,
    NewModel,
    explained_out,
    model_out,
)
from fenlei.api.wire.runs import RunOut, run_out
from fenlei.projects import model_versions
from fenlei.projects.audit import audited, note
from fenlei.projects.explain import explain_version
from fenlei.projects.exports import export_version, start_export
from fenlei.projects.model_versions import ReportForm, change_model_version, delete_model_version
from fenlei.projects.models import change_model, create_model, delete_model
from fenlei.store import Store
from fenlei.store.tables import Model, ModelVersion

router = APIRouter(tags=["models"], route_class=CreatingRoute)
asking = APIRouter(tags=["models"])  # its bodies are pictures, and are not kept under an idempotency key

_exports = Turns(2, "exports are being made")
_explanations = Turns(2, "pictures are being explained")

CHANGES = documented(401, 403, 404, 409, 412)

REPORT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "One self-contained page, or what it is made of.",
        "content": {"text/html": {"schema": {"type": "string"}}, "application/json": {"schema": {}}},
    }
}

REPORT_POLICY = (
    "sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "img-src data:; frame-ancestors 'self'"
)
"""A report comes out of a file that a stranger may have made: it runs in an origin of its own and reaches nobody."""


@router.get("/models", responses=documented(401, 403))
def models(
    who: Viewer, here: Here, after: After = None, limit: Limit = 100, project_id: OfProject = None
) -> Page[ModelOut]:
    """Models with their latest versions, the oldest first."""
    with here.store.reading() as work:
        found = work.models.page(after, limit, project_id=project_id)
        latest = work.models.latest([row.id for row in found[0]])
    return page(found, lambda row: model_out(row, latest.get(row.id)))


@router.post("/models", status_code=201, responses=documented(401, 403, 409))
def new_model(body: NewModel, who: Editor, here: Here, response: Response) -> ModelOut:
    """Make a model without versions, to bring some along."""
    row = create_model(here.store, body.name, who.user_id, note=body.note)
    note(here.store, who, "model.add", row.id, name=row.name)
    return _tagged(here.store, row, response)


@router.get("/models/{model_id}", responses=documented(401, 403, 404))
def one_model(model_id: ModelId, who: Viewer, here: Here, response: Response) -> ModelOut:
    """A model with its latest version."""
    with here.store.reading() as work:
        row = work.models.get(model_id)
    return _tagged(here.store, row, response)


@router.patch("/models/{model_id}", responses=CHANGES)
def edit_model(
    model_id: ModelId, body: ModelChange, who: Editor, here: Here, response: Response, expected: Expected
) -> ModelOut:
    """Rename a model, or write another note. Deployments keep their names."""
    store = audited(here.store, who, "model.change", model_id, **body.model_dump(exclude_none=True))
    row = change_model(store, model_id, name=body.name, note=body.note, revision=expected)
    return _tagged(here.store, row, response)


@router.delete("/models/{model_id}", status_code=204, responses=CHANGES)
def remove_model(
    model_id: ModelId,
    who: Editor,
    here: Here,
    expected: Expected,
    and_all: Annotated[bool, Query(description="Although it has versions.")] = False,
) -> None:
    """Delete a model with its versions. None of them may answer for a deployment."""
    store = audited(here.store, who, "model.delete", model_id, and_all=and_all)
    delete_model(store, model_id, and_all=and_all, revision=expected)


@router.get("/models/{model_id}/versions", responses=documented(401, 403, 404))
def model_versions_of(
    model_id: ModelId, who: Viewer, here: Here, after: AfterPlace = None, limit: Limit = 100
) -> Page[ModelVersionOut]:
    """The versions of a model, the latest first."""
    with here.store.reading() as work:
        work.models.get(model_id)
        found = work.models.versions(model_id, after, limit)
    return page(found, ModelVersionOut.model_validate)


@router.get("/model-versions/{model_version_id}", responses=documented(401, 403, 404))
def one_model_version(model_version_id: ModelVersionId, who: Viewer, here: Here, response: Response) -> ModelVersionOut:
    """A model version: its figures, and where it came from."""
    with here.store.reading() as work:
        return _version(work.models.version(model_version_id), response)


@router.patch("/model-versions/{model_version_id}", responses=CHANGES)
def edit_model_version(
    model_version_id: ModelVersionId,
    body: ModelVersionChange,
    who: Editor,
    here: Here,
    response: Response,
    expected: Expected,
) -> ModelVersionOut:
    """Say something else about a model version: note, tags, stage."""
    said = body.model_dump(mode="json", exclude_none=True)
    store = audited(here.store, who, "model-version.change", model_version_id, **said)
    row = change_model_version(
        store, model_version_id, note=body.note, tags=body.tags, stage=body.stage, revision=expected
    )
    return _version(row, response)


@router.delete("/model-versions/{model_version_id}", status_code=204, responses=CHANGES)
def remove_model_version(model_version_id: ModelVersionId, who: Editor, here: Here, expected: Expected) -> None:
    """Delete a model version, unless it answers for a deployment. Its number does not come again."""
    store = audited(here.store, who, "model-version.delete", model_version_id)
    delete_model_version(store, model_version_id, revision=expected)


@router.get(
    "/model-versions/{model_version_id}/download",
    response_class=Response,
    responses=documents("application/octet-stream", said="The model file.", tagged=True) | documented(401, 403, 404),
)
def model_file(model_version_id: ModelVersionId, who: Viewer, here: Here) -> Response:
    """The model file of a version: everything that is needed to answer with it."""
    file = model_versions.download(here.store, model_version_id)
    headers = {"content-length": str(file.size), "etag": f'"{file.sha256}"'}
    return download(file.chunks, "application/octet-stream", file.name, headers=headers)


@router.get(
    "/model-versions/{model_version_id}/export",
    response_class=Response,
    responses=documents("application/zip", said="The export.") | documented(401, 403, 404),
)
def model_export(model_version_id: ModelVersionId, who: Viewer, here: Here) -> Response:
    """A model version without Fenlei: one ONNX network, labels, a short program, a self-test.

    It is made and proved when it is first asked for, which takes a while; a run can make it beforehand.
    """
    with _exports.take():
        made = export_version(here.store, model_version_id, cache=here.cache, engine=here.engine)
    return download(_pieces(made.path), "application/zip", made.name, headers={"content-length": str(made.size)})


@router.post("/model-versions/{model_version_id}/export", status_code=202, responses=documented(401, 403, 404, 409))
def export_model(model_version_id: ModelVersionId, who: Editor, here: Here) -> RunOut:
    """Make the export of a model version as a run; its file is then at `/runs/{run_id}/file`."""
    run = start_export(here.store, model_version_id, who.user_id)
    note(here.store, who, "model-version.export", model_version_id, run=run.id)
    return run_out(run)


@router.get(
    "/model-versions/{model_version_id}/report",
    response_class=Response,
    responses=REPORT | documented(401, 403, 404),
)
def model_report(
    model_version_id: ModelVersionId,
    who: Viewer,
    here: Here,
    form: Annotated[ReportForm, Query(description="A page, or what it is made of.")] = ReportForm.HTML,
) -> Response:
    """The report of the training that a version came from."""
    body = model_versions.report(here.store, model_version_id, form)
    if form is ReportForm.JSON:
        return Response(body, media_type="application/json")
    # It may be shown in a frame of our own pages.
    headers = {"content-security-policy": REPORT_POLICY, "x-frame-options": "SAMEORIGIN"}
    return Response(body, media_type="text/html", headers=headers)


@asking.post("/model-versions/{model_version_id}/explain", responses=documented(401, 403, 404), openapi_extra=BINARY)
async def explain_answer(
    model_version_id: ModelVersionId,
    who: Labeller,
    here: Here,
    request: Request,
    label: Annotated[
        str | None, Query(alias="class", description="Explain this class, in place of what the picture is called.")
    ] = None,
) -> ExplainedOut:
    """What a model version calls a picture, and which parts of it speak for that: the file as the body.

    Nothing is kept. Parts of the picture are covered one after another, some eighty times.
    """
    picture = await request.body()
    if not picture:
        raise BadRequest("No picture was sent; the file is the body.", "body", "a picture file")

    def found() -> ExplainedOut:
        with _explanations.take():
            return explained_out(
                explain_version(here.store, model_version_id, picture, label, cache=here.cache, engine=here.engine)
            )

    return await to_thread.run_sync(found)


def _pieces(path: Path) -> Iterator[bytes]:
    """The content of a file that may be removed while it is read."""
    with path.open("rb") as file:
        while piece := file.read(BLOCK_BYTES):
            yield piece


def _tagged(store: Store, row: Model, response: Response) -> ModelOut:
    with store.reading() as work:
        latest = work.models.latest([row.id]).get(row.id)
    tag(response, row.revision)
    return model_out(row, latest)


def _version(row: ModelVersion, response: Response) -> ModelVersionOut:
    tag(response, row.revision)
    return ModelVersionOut.model_validate(row)
