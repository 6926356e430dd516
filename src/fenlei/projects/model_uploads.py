"""Models that were made elsewhere: model files of Fenlei, and foreign ONNX classifiers. Tried before they are kept."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from fenlei.modelfile import Manifest, read
from fenlei.projects.foreign.accept import Sample
from fenlei.projects.foreign.declaration import Declaration
from fenlei.projects.models import model_for
from fenlei.projects.naming import checked_name, checked_note, checked_tags
from fenlei.projects.trial import SECONDS, try_model_file, try_onnx
from fenlei.store import Store, new_id, now
from fenlei.store.tables import ModelVersion

UPLOAD, ONNX = "upload", "onnx"
"""Origins of model versions."""


@dataclass(frozen=True)
class About:
    """What is said of an uploaded model.

    Attributes:
        name: of the model it becomes a version of; a new one where there is none of that name.
        model_id: of that model, in place of its name.
        note, tags: of the version.
        by: id of the user who uploads it.
    """

    name: str
    model_id: str | None = None
    note: str = ""
    tags: Sequence[str] = ()
    by: str | None = None


@dataclass(frozen=True)
class UploadedOnnx:
    """A foreign network that was accepted: the version it became, and the scores of every sample by label."""

    version: ModelVersion
    answers: list[dict[str, float]]


def upload_model_file(
    store: Store, path: Path, about: About, *, cache: Path, engine: str = "auto", seconds: float = SECONDS
) -> ModelVersion:
    """Keep a model file that was made elsewhere, after a full trial: digests, network, parity pictures on this machine.

    Args:
        store: where to.
        path: the file.
        about: what is said of it.
        cache: the workspace's cache.
        engine: what runs networks.
        seconds: how long the trial may take.

    Raises:
        ModelNotServable: it cannot be served here; the sentence says why.
        ModelFileError: it is no whole model file.
        NotFound: there is no model with the id given.
        BadValue: the name, note or a tag cannot be.
    """
    _check(store, about)
    try_model_file(path, about.name, cache=cache, engine=engine, seconds=seconds)
    manifest = read(path).manifest
    return _keep(store, path, about, manifest, origin=UPLOAD)


def upload_onnx(
    store: Store,
    path: Path,
    said: Declaration,
    about: About,
    samples: Sequence[Sample] = (),
    *,
    cache: Path,
    engine: str = "auto",
    seconds: float = SECONDS,
) -> UploadedOnnx:
    """Keep a foreign ONNX classifier as a model file, after a trial on pictures.

    Args:
        store: where to.
        path: the ONNX file.
        said: what its owner declares; see `declared`.
        about: what is said of it.
        samples: pictures to try it on, besides drawn ones; those with a label must be called that.
        cache: the workspace's cache.
        engine: what runs networks.
        seconds: how long the trial may take.

    Raises:
        ModelNotServable: it is not accepted; the sentence says why.
        NotFound: there is no model with the id given.
        BadValue: the name, note or a tag cannot be.
    """
    _check(store, about)
    with tempfile.TemporaryDirectory(prefix="fenlei-onnx-") as folder:
        target = Path(folder) / "model.fenlei"
        answers = try_onnx(path, said, about.name, samples, target, cache=cache, engine=engine, seconds=seconds)
        version = _keep(store, target, about, read(target).manifest, origin=ONNX)
    return UploadedOnnx(version, answers)


def check_onnx(
    path: Path,
    said: Declaration,
    name: str,
    samples: Sequence[Sample] = (),
    *,
    cache: Path,
    engine: str = "auto",
    seconds: float = SECONDS,
) -> list[dict[str, float]]:
    """The trial of `upload_onnx` alone: the scores of every sample by label, and nothing is kept.

    Raises:
        ModelNotServable: it would not be accepted; the sentence says why.
    """
    with tempfile.TemporaryDirectory(prefix="fenlei-onnx-") as folder:
        target = Path(folder) / "model.fenlei"
        return try_onnx(path, said, name, samples, target, cache=cache, engine=engine, seconds=seconds)


def _check(store: Store, about: About) -> None:
    """Refuse before the trial what would be refused after it."""
    checked_note(about.note)
    checked_tags(about.tags)
    if about.model_id is None:
        checked_name("model", about.name)
    if about.model_id is not None:
        with store.reading() as work:
            work.models.get(about.model_id)


def _keep(store: Store, path: Path, about: About, manifest: Manifest, *, origin: str) -> ModelVersion:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    size = path.stat().st_size
    store.blobs.put_file(path)
    with store.writing() as work:
        model = model_for(work, model_id=about.model_id, name=about.name, by=about.by)
        return work.models.add_version(
            ModelVersion(
                id=new_id("mv"),
                model_id=model.id,
                sha256=digest,
                bytes=size,
                origin=origin,
                labels=manifest.labels,
                metrics=manifest.metrics or None,
                lineage=_lineage(manifest),
                note=checked_note(about.note),
                tags=checked_tags(about.tags),
                created_at=now(),
                created_by=about.by,
            )
        )


def _lineage(manifest: Manifest) -> dict[str, Any]:
    """What a model file says of its making."""
    return {
        "dataset_digest": manifest.dataset_digest,
        "seed": manifest.recipe.get("seed"),
        "recipe": manifest.recipe,
        "backbone": msgspec.to_builtins(manifest.backbone),
        "fenlei": manifest.versions.get("fenlei"),
        "versions": manifest.versions,
    }
