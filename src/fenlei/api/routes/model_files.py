"""Routes of models that were made elsewhere: the file is sent first, then it is said what it is."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Path, Request

from fenlei.api.access import Editor, Here
from fenlei.api.bodies import BINARY, hand_over
from fenlei.api.errors import BadRequest, documented
from fenlei.api.platform import Platform
from fenlei.api.repeats import CreatingRoute
from fenlei.api.turns import Turns
from fenlei.api.wire.base import EXAMPLE, id_shape
from fenlei.api.wire.models import (
    AcceptedOut,
    DeclarationIn,
    ModelVersionOut,
    NewModelVersion,
    OnnxTrial,
    ParkedOut,
    SamplePicture,
    TrialOut,
)
from fenlei.projects.audit import note
from fenlei.projects.foreign.accept import Sample
from fenlei.projects.foreign.declaration import Declaration, declared
from fenlei.projects.model_uploads import About, check_onnx, upload_model_file, upload_onnx
from fenlei.projects.parked import Parking, parked_file, unpark
from fenlei.store.tables import ModelVersion

sending = APIRouter(tags=["models"])  # its bodies are too long to be kept under an idempotency key
router = APIRouter(tags=["models"], route_class=CreatingRoute)

_trials = Turns(2, "models are being tried")

FileId = Annotated[str, Path(pattern=id_shape("mf"), examples=[f"mf_{EXAMPLE}"])]


@sending.post("/model-files", status_code=201, responses=documented(401, 403), openapi_extra=BINARY)
async def send_model_file(who: Editor, here: Here, request: Request) -> ParkedOut:
    """Send a model file, or an ONNX file: the bytes as the body. It waits for a day to become a model version."""
    parking = await to_thread.run_sync(Parking, here.uploads)
    try:
        await hand_over(request, parking.take)
        parked = await to_thread.run_sync(parking.finish)
    except BaseException:
        parking.give_up()
        raise
    return ParkedOut.model_validate(parked)


@router.delete("/model-files/{file_id}", status_code=204, responses=documented(401, 403, 404))
def end_model_file(file_id: FileId, who: Editor, here: Here) -> None:
    """Remove a file that was sent and is not wanted."""
    parked_file(here.uploads, file_id)
    unpark(here.uploads, file_id)


@router.post("/model-files/check", responses=documented(401, 403, 404, 409))
def try_onnx_file(body: OnnxTrial, who: Editor, here: Here) -> TrialOut:
    """Try a foreign ONNX classifier on pictures; nothing is kept."""
    path = parked_file(here.uploads, body.file)
    samples = [_sample(here, each) for each in body.samples]
    said = _said(body.declaration)
    with _trials.take():
        answers = check_onnx(path, said, body.file, samples, cache=here.cache, engine=here.engine)
    return TrialOut(answers=answers)


@router.post("/model-versions", status_code=201, responses=documented(401, 403, 404, 409))
def new_model_version(body: NewModelVersion, who: Editor, here: Here) -> AcceptedOut:
    """Make a file that was sent a version of a model, after a full trial on this machine.

    A model file of Fenlei is loaded and its parity pictures are run. An ONNX file, with its `declaration`, is run on
    the samples, and each that has a class must be called that.
    """
    if (body.name is None) == (body.model_id is None):
        raise BadRequest("Of which model? Send either name or model_id.", "name", "either name or model_id")
    path = parked_file(here.uploads, body.file)
    about = About(body.name or "", body.model_id, body.note, body.tags, who.user_id)
    with _trials.take():
        version, answers = _tried(here, path, body, about)
    note(here.store, who, "model-version.add", version.id, model_id=version.model_id, sha256=version.sha256)
    unpark(here.uploads, body.file)
    return AcceptedOut(version=ModelVersionOut.model_validate(version), answers=answers)


def _tried(
    here: Platform, path: FilePath, body: NewModelVersion, about: About
) -> tuple[ModelVersion, list[dict[str, float]]]:
    if body.declaration is None:
        return upload_model_file(here.store, path, about, cache=here.cache, engine=here.engine), []
    said, samples = _said(body.declaration), [_sample(here, each) for each in body.samples]
    made = upload_onnx(here.store, path, said, about, samples, cache=here.cache, engine=here.engine)
    return made.version, made.answers


def _said(declaration: DeclarationIn) -> Declaration:
    return declared(declaration.model_dump())


def _sample(here: Platform, given: SamplePicture) -> Sample:
    if (given.picture_id is None) == (given.data is None):
        raise BadRequest("Which picture? Send either picture_id or data.", "samples", "either picture_id or data")
    if given.picture_id is None:
        return Sample(given.data or b"", given.label)
    with here.store.reading() as work:
        row = work.pictures.get(given.picture_id)
        label = None if row.label_id is None else work.labels.get(row.dataset_id, row.label_id).name
    return Sample(here.store.blobs.get(row.sha256), given.label or label)
