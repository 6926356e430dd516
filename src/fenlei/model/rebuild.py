"""Make a model again from its pictures, and tell whether it came out the same."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from fenlei.model import TrainingNotInstalled
from fenlei.model.loaded import Model, open_model
from fenlei.modelfile import Manifest, read
from fenlei.settings import Settings

if TYPE_CHECKING:
    from fenlei.training.progress import Progress

SAME_WITHIN = 1e-3
"""Figures of two machines that differ by less are the same."""

_PICTURES = "report/pictures.csv"
"""The member that says what each picture of the test part was called; see `fenlei.training.picture_list`."""


class Paired(msgspec.Struct, frozen=True, kw_only=True):
    """Two models of one recipe on the test part, picture by picture.

    Attributes:
        pictures: of that part.
        only_old: that only the old one called right.
        only_new: that only the new one called right.
        difference: share that the new one called right, less that of the old one.
        difference_interval: 95 % interval of it, by drawing the pictures again (paired bootstrap, copies of one file
            as a whole).
    """

    pictures: int
    only_old: int
    only_new: int
    difference: float
    difference_interval: tuple[float, float]


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """How a model that was made again compares with the one it was made after.

    Attributes:
        same: whether the two files are equal, byte for byte.
        sha256: of the new file.
        original: SHA-256 of the old one.
        differs: members of the file that differ.
        figures: by name, (old, new).
        same_figures: whether none of them moved by more than a thousandth; of a fine-tuned network, whether it is
            right as often as the old one but for noise: the interval of `paired` holds 0.
        versions: by name, (old, new) of what computed the numbers, where they differ.
        paired: of a fine-tuned network that came out another file, both on the test part. Each step of its learning
            goes on from the roundings of the one before, so elsewhere its figures are near and not equal.
    """

    same: bool
    sha256: str
    original: str
    differs: list[str]
    figures: dict[str, tuple[float, float]]
    same_figures: bool
    versions: dict[str, tuple[str, str]]
    paired: Paired | None = None


def rebuild(
    model: str | Path,
    directory: str | Path,
    *,
    workspace: str | Path | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Model:
    """Make a model again from the same pictures by the recipe in its file, without a search.

    On the machine that made it, with the same engine, the new file is the same, byte for byte. Elsewhere numbers are
    rounded otherwise: heads come out with the same figures, within a thousandth; a fine-tuned network is learned again
    with other roundings and is right as often, but for noise; see `compare_files`. What the search found besides the
    winner is told by the new report as by the old one.

    A backbone is needed as it was, by the digest of its ONNX file. It comes out of the model file, unless the model was
    fine-tuned or stands on several: then it is exported again, which other versions of its libraries may do otherwise.

    Args:
        model: the model file.
        directory: the pictures that it was made of, wherever they lie now.
        workspace: as for `train`.
        progress: as for `train`.
        cancelled: as for `train`.

    Raises:
        FenleiError: the pictures or a backbone are others, or a backbone cannot be had; the sentence names it.
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
    """Hold the bytes of a model file that was made again against those of the one it was made after.

    Figures of heads are the same within a thousandth. A fine-tuned network is held against the old one picture by
    picture of the test part, as two models are that `--since` compares.
    """
    digests = [hashlib.sha256(data).hexdigest() for data in (old, new)]
    (before, manifest, was), (after, other, now) = _opened(old), _opened(new)
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
    paired = _paired(was, now) if old != new and _is_tuned(manifest) else None
    if paired is None:
        same_figures = all(abs(one - another) <= SAME_WITHIN for one, another in figures.values())
    else:
        low, high = paired.difference_interval
        same_figures = low <= 0 <= high
    return Rebuilt(
        same=old == new,
        sha256=digests[1],
        original=digests[0],
        differs=sorted(name for name in {*before, *after} if before.get(name) != after.get(name)),
        figures=figures,
        same_figures=same_figures,
        versions=versions,
        paired=paired,
    )


def _is_tuned(manifest: Manifest) -> bool:
    """Whether a network was learned, and not only what stands on it."""
    from fenlei.training.candidate import TUNED
    from fenlei.training.formula import KEY

    again = manifest.recipe.get(KEY)
    candidate = again.get("candidate") if isinstance(again, dict) else None
    return isinstance(candidate, dict) and candidate.get("kind") == TUNED


def _paired(before: bytes, after: bytes) -> Paired | None:
    """Two lists of the same pictures held against each other; None where they do not say what was called what."""
    import numpy as np

    from fenlei.training.better import interval_of_gain
    from fenlei.training.picture_list import read_list

    try:
        # Names may be others where the pictures lie now; pictures and classes are the same, or none would be made.
        old, new = (
            sorted((each.digest, each.label, each.called) for each in read_list(data) if each.part == "test")
            for data in (before, after)
        )
    except ValueError:
        return None
    if not old or [each[:2] for each in old] != [each[:2] for each in new] or not all(each[2] for each in old + new):
        return None
    rights = [np.array([called == label for _, label, called in each]) for each in (old, new)]
    gains = rights[1].astype(np.float64) - rights[0]
    _, groups = np.unique([digest for digest, *_ in old], return_inverse=True)
    return Paired(
        pictures=len(gains),
        only_old=int((gains < 0).sum()),
        only_new=int((gains > 0).sum()),
        difference=float(gains.mean()),
        difference_interval=interval_of_gain(gains, groups),
    )


class _Opened(NamedTuple):
    """What the members of a file can be told apart by, its manifest, and its list of pictures."""

    members: dict[str, int]
    manifest: Manifest
    pictures: bytes


def _opened(data: bytes) -> _Opened:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        manifest = msgspec.json.decode(archive.read("manifest.json"), type=Manifest)
        members = {each.filename: each.CRC for each in archive.infolist()}
        return _Opened(members, manifest, archive.read(_PICTURES) if _PICTURES in members else b"")
