"""Models and their versions: looked at, saved, brought in from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from fenlei.client.management.link import Link
from fenlei.client.management.records import Model, ModelVersion


class _Accepted(msgspec.Struct):
    version: ModelVersion


class Models:
    """The models of a platform."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def list(self, *, project_id: str | None = None) -> Iterator[Model]:
        """Models, the oldest first."""
        return self._link.pages("/models", Model, project_id=project_id)

    def get(self, model_id: str) -> Model:
        """A model."""
        return self._link.get(f"/models/{model_id}", Model)

    def versions(self, model_id: str) -> Iterator[ModelVersion]:
        """Its versions, the latest first."""
        return self._link.pages(f"/models/{model_id}/versions", ModelVersion)

    def version(self, model_version_id: str) -> ModelVersion:
        """A version."""
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
        """Change the note, the tags or the stage (candidate, production, retired) of a version."""
        said = {"note": note, "tags": None if tags is None else [*tags], "stage": stage}
        body = {name: value for name, value in said.items() if value is not None}
        return self._link.patch(f"/model-versions/{model_version_id}", ModelVersion, body, revision=revision)

    def download(self, model_version_id: str, target: str | Path) -> Path:
        """Save the model file; `fenlei serve` and `fenlei.load` take it."""
        return self._link.download(f"/model-versions/{model_version_id}/download", Path(target))

    def export(self, model_version_id: str, target: str | Path) -> Path:
        """Save it as one ONNX network with a short program that needs no Fenlei, as a zip."""
        return self._link.download(f"/model-versions/{model_version_id}/export", Path(target), timeout=600)

    def report(self, model_version_id: str) -> dict[str, Any]:
        """Its evaluation."""
        return self._link.get(f"/model-versions/{model_version_id}/report", dict[str, Any], form="json")

    def upload(
        self, path: str | Path, name: str, *, declaration: dict[str, Any] | None = None, note: str = ""
    ) -> ModelVersion:
        """Bring in a model that was made elsewhere; it is tried on the server before it is accepted.

        Args:
            path: a Fenlei model file, or an ONNX classifier.
            name: of the model; a new version of it where there is one.
            declaration: of an ONNX classifier: labels, size, mean, std, outputs, layout, channels, resize.
            note: whatever people want to know about it.
        """
        parked = self._link.send_body("POST", "/model-files", Path(path))
        body = {"file": parked["id"], "name": name, "note": note, "declaration": declaration}
        return self._link.post("/model-versions", _Accepted, body).version

    def delete(self, model_id: str, *, everything: bool = False) -> None:
        """Delete a model; with `everything`, although it has versions."""
        self._link.delete(f"/models/{model_id}", and_all=everything or None)
