"""Exports of model versions: made when first asked for, kept in the cache, or made as a run and kept as a blob."""

from __future__ import annotations

import functools
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fenlei.modelfile import read
from fenlei.projects.model_versions import file_name, read_model_version
from fenlei.projects.release import release
from fenlei.runs import Recipe, RunContext, enqueue
from fenlei.serving.export import export
from fenlei.store import Store
from fenlei.store.tables import Run

EXPORT = "export"
"""The kind of run."""

MOST_KEPT = 20
"""Exports in the cache; the one that was not asked for longest goes first."""


@dataclass(frozen=True)
class ExportedFile:
    """An export on disk.

    Attributes:
        name: what to call it.
        path: where it is now. It may go when others are asked for: open it at once.
        size: in bytes.
    """

    name: str
    path: Path
    size: int


def export_version(store: Store, version_id: str, *, cache: Path, engine: str = "auto") -> ExportedFile:
    """The export of a model version: a zip with one network, labels, a short program and a self-test.

    Args:
        store: where the version is.
        version_id: which.
        cache: the workspace's cache; an export that lies there is not made again.
        engine: what the model runs on while the export is proved.

    Raises:
        NotFound: there is no such version.
        ExportError: it cannot be exported, or the export scores otherwise than the model.
        ModelNotServable: the model itself does not run here as it should.
        BackboneError: the library `onnx` is missing.
    """
    version, model = read_model_version(store, version_id)
    name = file_name(model, version, "zip")
    kept = cache / "exports" / f"{version.sha256}-{release()}.zip"
    with suppress(FileNotFoundError):
        os.utime(kept)
        return ExportedFile(name, kept, kept.stat().st_size)
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=kept.parent) as folder:
        file = Path(folder) / file_name(model, version)
        store.blobs.save_to(version.sha256, file)
        made = Path(folder) / name
        made.write_bytes(export(read(file), file.stem, cache=cache, engine=engine).data)
        size = made.stat().st_size
        made.replace(kept)
    _sweep(kept.parent)
    return ExportedFile(name, kept, size)


def start_export(store: Store, version_id: str, by: str | None = None) -> Run:
    """Make an export as a run, with the subject `{"model_version_id"}`. Its result names the blob: `sha256`, `bytes`,
    `name`.

    Raises:
        NotFound: there is no such version.
    """
    with store.writing() as work:
        work.models.version(version_id)
        return enqueue(work, kind=EXPORT, subject={"model_version_id": version_id}, settings={}, by=by)


def export_recipe(cache: Path, engine: str = "auto") -> Recipe:
    """How export runs are carried out.

    Args:
        cache: the workspace's cache.
        engine: what the model runs on while the export is proved.
    """
    return functools.partial(_export, cache=cache, engine=engine)


def _export(context: RunContext, *, cache: Path, engine: str) -> None:
    version_id = str(context.run.subject["model_version_id"])
    context.progress("exporting", 0.0)
    made = export_version(context.store, version_id, cache=cache, engine=engine)
    context.check()
    told: dict[str, Any] = {
        "model_version_id": version_id,
        "sha256": context.store.blobs.put_file(made.path),
        "bytes": made.size,
        "name": made.name,
    }
    context.finish(lambda work: told)


def _sweep(folder: Path) -> None:
    dated = []
    for path in folder.glob("*.zip"):
        with suppress(OSError):
            dated.append((path.stat().st_mtime_ns, path))
    for _, path in sorted(dated)[:-MOST_KEPT]:
        with suppress(OSError):
            path.unlink()
