"""Model versions: what people say of them, their file, the report inside it."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fenlei.datasets.create import BadValue
from fenlei.projects.models import ModelInUse
from fenlei.projects.naming import checked_note, checked_tags
from fenlei.store import NotFound, Store
from fenlei.store.tables import Model, ModelVersion


class Stage(StrEnum):
    """How far a model version has come, as people see it. Nothing depends on it."""

    NONE = ""
    CANDIDATE = "candidate"
    PRODUCTION = "production"
    RETIRED = "retired"


class ReportForm(StrEnum):
    """The forms in which the report of a training travels in its model file."""

    HTML = "html"
    JSON = "json"


_PARTS = {ReportForm.HTML: "report/index.html", ReportForm.JSON: "report/report.json"}


@dataclass(frozen=True)
class ModelDownload:
    """A model file on its way out.

    Attributes:
        name: what to call the file.
        size: in bytes.
        sha256: its digest.
        chunks: its content in pieces.
    """

    name: str
    size: int
    sha256: str
    chunks: Iterator[bytes]


def read_model_version(store: Store, version_id: str) -> tuple[ModelVersion, Model]:
    """A model version and the model it belongs to.

    Raises:
        NotFound: there is none with this id.
    """
    with store.reading() as work:
        version = work.models.version(version_id)
        return version, work.models.get(version.model_id)


def change_model_version(
    store: Store,
    version_id: str,
    *,
    note: str | None = None,
    tags: Sequence[str] | None = None,
    stage: str | None = None,
    revision: int | None = None,
) -> ModelVersion:
    """Say something else about a model version; None leaves what is said.

    Raises:
        NotFound, Stale: no such version; another revision.
        BadValue: the note, a tag or the stage cannot be.
    """
    values: dict[str, Any] = {}
    if note is not None:
        values["note"] = checked_note(note)
    if tags is not None:
        values["tags"] = checked_tags(tags)
    if stage is not None:
        if stage not in list(Stage):
            allowed = ", ".join(filter(None, Stage)) + ", or none"
            raise BadValue(f"There is no stage {stage!r}; allowed are {allowed}.", "stage", allowed)
        values["stage"] = str(stage)
    with store.writing() as work:
        return work.models.change_version(version_id, revision, **values)


def delete_model_version(store: Store, version_id: str, *, revision: int | None = None) -> None:
    """Delete a model version. Its file goes when blobs are cleaned; its number does not come again.

    Raises:
        NotFound, Stale: no such version; another revision.
        ModelInUse: a deployment answers with it.
    """
    with store.writing() as work:
        version = work.models.change_version(version_id, revision)
        deployments = work.models.deployments(version_id=version_id)
        if deployments:
            name = work.models.get(version.model_id).name
            names = ", ".join(repr(each) for _, each in deployments)
            raise ModelInUse(
                f"Version {version.number} of the model {name!r} answers for the deployments {names}; publish another "
                "one there first, or delete them.",
                1,
                deployments,
            )
        work.models.remove_version(version_id)


def download(store: Store, version_id: str) -> ModelDownload:
    """The model file of a version.

    Raises:
        NotFound: there is no such version, or its file is gone.
    """
    version, model = read_model_version(store, version_id)
    return ModelDownload(file_name(model, version), version.bytes, version.sha256, store.blobs.stream(version.sha256))


def file_name(model: Model, version: ModelVersion, ending: str = "fenlei") -> str:
    """What to call a file of a version: `NAME-v3.fenlei`, of characters that every file system takes."""
    plain = re.sub(r"[^\w.()-]+", "-", model.name).strip("-.") or "model"
    return f"{plain[:120]}-v{version.number}.{ending}"


def report(store: Store, version_id: str, form: str = ReportForm.HTML) -> bytes:
    """The report of its training: one self-contained HTML page, or JSON.

    Raises:
        NotFound: there is no such version, or its model file carries no report.
        BadValue: there is no such form.
    """
    if form not in list(ReportForm):
        raise BadValue(f"There is no report in the form {form!r}.", "form", " or ".join(ReportForm))
    version, model = read_model_version(store, version_id)
    with zipfile.ZipFile(io.BytesIO(store.blobs.get(version.sha256))) as archive:
        try:
            return archive.read(_PARTS[ReportForm(form)])
        except KeyError as exc:
            raise NotFound(
                f"Version {version.number} of the model {model.name!r} carries no report; it was not trained here."
            ) from exc
