"""Models and their versions: looked at, described, saved, brought in from elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from fenlei.client.management.errors import Conflict, NotFound, NotPossible
from fenlei.client.management.link import LONG, Link
from fenlei.client.management.model_records import Explained, Model, ModelVersion
from fenlei.client.management.records import Run

Picture = str | Path | bytes
"""A JPEG or PNG file: its path, or what is in it."""

Sample = tuple[Picture, str | None]
"""A picture to try a network on, and what the network must call it; None: anything."""


class _Accepted(msgspec.Struct):
    version: ModelVersion


class _Trial(msgspec.Struct):
    answers: list[dict[str, float]]


class Models:
    """The models of a platform."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def create(self, name: str, note: str = "") -> Model:
        """Make a model without versions, to bring some along."""
        return self._link.post("/models", Model, {"name": name, "note": note})

    def list(self, *, project_id: str | None = None) -> Iterator[Model]:
        """Models, the oldest first."""
        return self._link.pages("/models", Model, project_id=project_id)

    def get(self, model_id: str) -> Model:
        """A model."""
        return self._link.get(f"/models/{model_id}", Model)

    def change(
        self, model_id: str, *, name: str | None = None, note: str | None = None, revision: int | None = None
    ) -> Model:
        """Rename a model, or write another note; None leaves what is there. Deployments keep their names."""
        said = {"name": name, "note": note}
        body = {each: value for each, value in said.items() if value is not None}
        return self._link.patch(f"/models/{model_id}", Model, body, revision=revision)

    def delete(self, model_id: str, *, everything: bool = False) -> None:
        """Delete a model; with `everything`, although it has versions."""
        self._link.delete(f"/models/{model_id}", and_all=everything or None)

    def versions(self, model_id: str) -> Iterator[ModelVersion]:
        """Its versions, the latest first."""
        return self._link.pages(f"/models/{model_id}/versions", ModelVersion)

    def version(self, model_version_id: str) -> ModelVersion:
        """A version: its figures, and where it came from."""
        return self._link.get(f"/model-versions/{model_version_id}", ModelVersion)

    def describe(
        self,
        model_version_id: str,
        *,
        note: str | None = None,
        tags: Sequence[str] | None = None,
        stage: str | None = None,
        revision: int | None = None,
    ) -> ModelVersion:
        """Change the note, the tags or the stage (candidate, production, retired, or empty) of a version."""
        said = {"note": note, "tags": None if tags is None else [*tags], "stage": stage}
        body = {name: value for name, value in said.items() if value is not None}
        return self._link.patch(f"/model-versions/{model_version_id}", ModelVersion, body, revision=revision)

    def delete_version(self, model_version_id: str) -> None:
        """Delete a version that answers for no deployment. Its number does not come again."""
        self._link.delete(f"/model-versions/{model_version_id}")

    def download(self, model_version_id: str, target: str | Path) -> Path:
        """Save the model file; `fenlei serve` and `fenlei.load` take it."""
        return self._link.download(f"/model-versions/{model_version_id}/download", Path(target))

    def export(self, model_version_id: str, target: str | Path) -> Path:
        """Save it as one ONNX network with a short program that needs no Fenlei, as a zip."""
        return self._link.download(f"/model-versions/{model_version_id}/export", Path(target), timeout=LONG)

    def start_export(self, model_version_id: str) -> Run:
        """Make the export as a run; `runs.file` saves it when the run is done."""
        return self._link.post(f"/model-versions/{model_version_id}/export", Run)

    def report(self, model_version_id: str) -> dict[str, Any]:
        """Its evaluation."""
        return self._link.get(f"/model-versions/{model_version_id}/report", dict[str, Any], form="json")

    def save_report(self, model_version_id: str, target: str | Path) -> Path:
        """Save the report of its training: one page that needs nothing else."""
        return self._link.download(f"/model-versions/{model_version_id}/report", Path(target), form="html")

    def explain(self, model_version_id: str, picture: Picture, label: str | None = None) -> Explained:
        """What a version calls a picture, and which parts of it speak for that, or for the class `label`."""
        data = picture if isinstance(picture, bytes) else Path(picture).read_bytes()
        said = self._link.send(
            "POST",
            f"/model-versions/{model_version_id}/explain",
            content=data,
            headers={"content-type": "application/octet-stream"},
            query={"class": label},
            timeout=LONG,
        )
        return msgspec.json.decode(said.content, type=Explained, strict=False)

    def upload(
        self,
        path: str | Path,
        name: str | None = None,
        *,
        model_id: str | None = None,
        declaration: dict[str, Any] | None = None,
        samples: Sequence[Sample] = (),
        note: str = "",
        tags: Sequence[str] = (),
    ) -> ModelVersion:
        """Bring in a model that was made elsewhere; it is tried on the server before it is accepted.

        Args:
            path: a Fenlei model file, or an ONNX classifier.
            name: of the model; a new version of it where there is one.
            model_id: of the model, in place of its name.
            declaration: of an ONNX classifier: labels, size, mean, std, outputs, layout, channels, resize.
            samples: pictures to try an ONNX classifier on, besides drawn ones; one that it calls otherwise refuses it.
            note: whatever people want to know about the version.
            tags: of the version.
        """
        parked = self._park(path)
        body = {
            "file": parked,
            "name": name,
            "model_id": model_id,
            "note": note,
            "tags": [*tags],
            "declaration": declaration,
            "samples": _written(samples),
        }
        try:
            return self._link.post("/model-versions", _Accepted, body, timeout=LONG).version
        except (Conflict, NotFound, NotPossible):
            self._link.delete(f"/model-files/{parked}")
            raise

    def check(
        self, path: str | Path, declaration: dict[str, Any], samples: Sequence[Sample]
    ) -> Sequence[dict[str, float]]:
        """Try an ONNX classifier on the server, and keep nothing: the scores of every sample, by label.

        Args:
            path: the ONNX file.
            declaration: as for `upload`.
            samples: as for `upload`.
        """
        parked = self._park(path)
        try:
            body = {"file": parked, "declaration": declaration, "samples": _written(samples)}
            return self._link.post("/model-files/check", _Trial, body, timeout=LONG).answers
        finally:
            self._link.delete(f"/model-files/{parked}")

    def _park(self, path: str | Path) -> str:
        return str(self._link.send_body("POST", "/model-files", Path(path))["id"])


def _written(samples: Sequence[Sample]) -> list[dict[str, Any]]:
    found = []
    for picture, label in samples:
        data = picture if isinstance(picture, bytes) else Path(picture).read_bytes()
        found.append({"data": base64.b64encode(data).decode(), "label": label})
    return found
