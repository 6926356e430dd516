"""Make a model again from its pictures, and tell whether it came out the same."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from fenlei.model import TrainingNotInstalled
from fenlei.model.loaded import Model, open_model
from fenlei.modelfile import Manifest, read
from fenlei.settings import Settings

if TYPE_CHECKING:
    from fenlei.training.progress import Progress

SAME_WITHIN = 1e-3
"""Figures of two machines that differ by less are the same."""


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """How a model that was made again compares with the one it was made after.

    Attributes:
        same: whether the two files are equal, byte for byte.
        sha256: of the new file.
        original: SHA-256 of the old one.
        differs: members of the file that differ.
        figures: by name, (old, new).
        same_figures: whether none of them moved by more than a thousandth.
        versions: by name, (old, new) of what computed the numbers, where they differ.
    """

    same: bool
    sha256: str
    original: str
    differs: list[str]
    figures: dict[str, tuple[float, float]]
    same_figures: bool
    versions: dict[str, tuple[str, str]]


def rebuild(
    model: str | Path,
    directory: str | Path,
    *,
    workspace: str | Path | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Model:
    """Make a model again from the same pictures by the recipe in its file, without a search.

    On the machine that made it the new file is the same, byte for byte; elsewhere its figures are. What the search
    found besides the winner is told by the new report as by the old one.

    Args:
        model: the model file.
        directory: the pictures that it was made of, wherever they lie now.
        workspace: as for `train`.
        progress: as for `train`.
        cancelled: as for `train`.

    Raises:
        FenleiError: the pictures or a backbone are others; the sentence names what differs.
    """
    try:
        from fenlei.training.train import rebuild as make
    except ImportError as exc:
        raise TrainingNotInstalled(
            f"Training needs packages that are not installed ({exc}): pip install 'fenlei[train]'."
        ) from exc
    settings, path = Settings.at(workspace), Path(model)
    made = make(
        read(path),
        Path(directory),
        cache=settings.cache,
        engine=settings.engine,
        progress=progress,
        cancelled=cancelled,
    )
    return open_model(made.model, path.with_suffix(".rebuilt.fenlei"), settings)


def compare_files(old: bytes, new: bytes) -> Rebuilt:
    """Hold the bytes of a model file that was made again against those of the one it was made after."""
    digests = [hashlib.sha256(data).hexdigest() for data in (old, new)]
    (before, manifest), (after, other) = _opened(old), _opened(new)
    figures = {
        name: (value, other.metrics[name])
        for name, value in manifest.metrics.items()
        if isinstance(value, (int, float)) and isinstance(other.metrics.get(name), (int, float))
    }
    versions = {
        name: (manifest.versions.get(name, "none"), other.versions.get(name, "none"))
        for name in sorted({*manifest.versions, *other.versions})
        if manifest.versions.get(name) != other.versions.get(name)
    }
    return Rebuilt(
        same=old == new,
        sha256=digests[1],
        original=digests[0],
        differs=sorted(name for name in {*before, *after} if before.get(name) != after.get(name)),
        figures=figures,
        same_figures=all(abs(one - another) <= SAME_WITHIN for one, another in figures.values()),
        versions=versions,
    )


def _opened(data: bytes) -> tuple[dict[str, int], Manifest]:
    """What the members of a file can be told apart by, and its manifest."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        manifest = msgspec.json.decode(archive.read("manifest.json"), type=Manifest)
        return {each.filename: each.CRC for each in archive.infolist()}, manifest
