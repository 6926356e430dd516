"""The first look: every picture is read, named by its digest, and turned into features once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fenlei.backbones import Backbone
from fenlei.contract.errors import FenleiError
from fenlei.datasets.fingerprint import Fingerprint, file_digest, fingerprint
from fenlei.datasets.found import DatasetError, FoundPictures, Item, Skipped, why_skipped
from fenlei.imaging import InputSpec, prepare_for_training
from fenlei.inference.cores import usable_cores
from fenlei.inference.embedding import embed
from fenlei.inference.engine import Engine, EngineError
from fenlei.inference.gpu import CPU
from fenlei.training.alteration import Alteration
from fenlei.training.cache import FeatureCache, Seen, seen_by
from fenlei.training.errors import TrainingError
from fenlei.training.progress import Stage, Watch

LEAST_PER_CLASS = 2
_READ_AHEAD = 256
_WRITE_EVERY = 64
"""Pictures whose features a kill can cost."""


@dataclass(frozen=True)
class Picture:
    """A file that was read: what was found, and SHA-256 of its bytes."""

    item: Item
    digest: bytes


@dataclass(frozen=True)
class Embedded:
    """The pictures that have features, in the order they were found.

    Attributes:
        pictures: (n).
        prints: (n) fingerprints of the prepared inputs.
        features: (n, d) float32.
        skipped: pictures that have none, and why.
        computed: how many had to run through the network; the others were in the cache.
    """

    pictures: list[Picture]
    prints: list[Fingerprint]
    features: NDArray[np.float32]
    skipped: list[Skipped]
    computed: int


def read_all(found: FoundPictures, watch: Watch) -> tuple[list[Picture], list[Skipped]]:
    """Read every file once and name it by its digest. Nothing is kept but the digests.

    Raises:
        Cancelled: someone asked to stop.
    """
    pictures, skipped = [], []
    with ThreadPoolExecutor(max(2, usable_cores()), thread_name_prefix="fenlei-read") as pool:
        for start in range(0, len(found.items), _READ_AHEAD):
            batch = found.items[start : start + _READ_AHEAD]
            for item, outcome in zip(batch, pool.map(_digest_of, batch), strict=True):
                if isinstance(outcome, bytes):
                    pictures.append(Picture(item, outcome))
                else:
                    skipped.append(Skipped(item.name, outcome.reason))
            watch.step(Stage.READ, min(start + _READ_AHEAD, len(found.items)), len(found.items))
    return pictures, skipped


def features_of(
    pictures: Sequence[Picture],
    backbone: Backbone,
    spec: InputSpec,
    *,
    open_engine: Callable[[], Engine | Future[Engine]],
    cache: Path,
    watch: Watch,
    alteration: Alteration | None = None,
    engine: str = CPU,
) -> Embedded:
    """Features of every picture that can be decoded: from the cache, or through the network and then into the cache.

    A file that is there twice runs once. The engine is opened only when a picture is new. What was computed before an
    error, a stop or a kill stays.

    Args:
        pictures: what `read_all` gave.
        backbone: the feature network.
        spec: the preprocessing.
        open_engine: gives the engine for this backbone, or the one that is being opened; it is left open.
        cache: the workspace's cache folder.
        watch: progress and stop.
        alteration: look at this copy of each picture in place of the picture.
        engine: the name of what `open_engine` gives.

    Raises:
        Cancelled: someone asked to stop.
        TrainingError: the cache cannot be written.
        EngineError: the network cannot be run.
    """
    shelf = shelf_of(cache, backbone, spec, alteration, engine)
    known: dict[bytes, Seen | Skipped] = {}
    new: dict[bytes, Item] = {}
    for picture in pictures:
        if picture.digest in known or picture.digest in new:
            continue
        seen = shelf.get(picture.digest)
        if seen is None:
            new[picture.digest] = picture.item
        else:
            known[picture.digest] = seen
    if new:
        prepare = functools.partial(prepare_for_training, spec=spec) if alteration is None else alteration.prepare(spec)
        _compute(new, known, shelf, prepare, open_engine, watch)
    watch.step(Stage.EMBED, len(new), len(new))
    return _gather(pictures, known, backbone.width, len(new))


def shelf_of(
    cache: Path, backbone: Backbone, spec: InputSpec, alteration: Alteration | None, engine: str = CPU
) -> FeatureCache:
    """Where the features are kept that a backbone on this engine gives of pictures prepared in this way."""
    prepared = spec.digest if alteration is None else alteration.digest(spec)
    return FeatureCache(cache / "embeddings", backbone.digest, seen_by(prepared, engine), backbone.width)


def refuse_too_few(
    labels: Sequence[str], pictures: Sequence[Picture], where: Path | None, skipped: Sequence[Skipped] = ()
) -> None:
    """Check that there is something to learn; a refusal names the reasons for which files were skipped.

    Args:
        labels: the classes.
        pictures: what can be learned from.
        where: the folder they lie in; None where they lie in none.
        skipped: what cannot.

    Raises:
        TrainingError: no picture, fewer than two classes, or a class with fewer than two usable pictures.
    """
    counts = dict.fromkeys(labels, 0)
    for picture in pictures:
        counts[picture.item.label] += 1
    place, folder, folders = (where, "the folder", "class folders") if where else ("This", "the class", "classes")
    if not any(counts.values()):
        raise TrainingError(
            f"{place} holds no picture that can be used. Needed: at least two {folders} with "
            f"{LEAST_PER_CLASS} pictures each (JPEG, PNG, BMP, GIF, TIFF or WebP).{why_skipped(skipped)}"
        )
    if len(counts) < 2:
        remedy = "Put the pictures of each class into a folder of its own." if where else "Label some as another class."
        raise TrainingError(
            f"{place} holds one class ({labels[0]}); at least two are needed to tell one from the other. {remedy}"
        )
    poor = [f"{label} has {count}" for label, count in counts.items() if count < LEAST_PER_CLASS]
    if poor:
        more = f" and {len(poor) - 8} more classes" if len(poor) > 8 else ""
        front = f"{where}: every" if where else "Every"
        raise TrainingError(
            f"{front} class needs at least {LEAST_PER_CLASS} usable pictures; {', '.join(poor[:8])}{more}. "
            f"Add pictures, or take {folder} away.{why_skipped(skipped)}"
        )


def _digest_of(item: Item) -> bytes | Skipped:
    try:
        data = item.read()
    except DatasetError as exc:
        return Skipped(item.name, _reason(exc, item))
    return file_digest(data) if data else Skipped(item.name, "the file is empty")


def _reason(error: FenleiError, item: Item) -> str:
    """The error's sentence without the name, which stands beside it."""
    return str(error).removeprefix(f"{item.name} ")


def unchanged(item: Item, digest: bytes) -> bytes:
    """The file's bytes, if they are still those of the first look: others would be remembered under its name.

    Raises:
        DatasetError: they are not, or the file is gone.
    """
    data = item.read()
    if file_digest(data) != digest:
        raise DatasetError(f"{item.name} was changed while it was read.")
    return data


def _compute(
    new: dict[bytes, Item],
    known: dict[bytes, Seen | Skipped],
    shelf: FeatureCache,
    prepare: Callable[[bytes], NDArray[np.uint8]],
    open_engine: Callable[[], Engine | Future[Engine]],
    watch: Watch,
) -> None:
    digests = list(new)
    pending: list[Seen] = []
    prints: dict[bytes, Fingerprint] = {}

    def read(digest: bytes) -> tuple[bytes, bytes]:
        return digest, unchanged(new[digest], digest)

    def see(picture: tuple[bytes, bytes]) -> NDArray[np.uint8]:
        # On the worker's thread: one that does it for all of them keeps the others waiting for Python's lock.
        digest, data = picture
        pixels = prepare(data)
        prints[digest] = fingerprint(pixels)
        return pixels

    readers = [functools.partial(read, digest) for digest in digests]
    results = embed(readers, see, open_engine(), cancelled=lambda: watch.stopped)
    try:
        for done, (index, features, _) in enumerate(results, start=1):
            digest = digests[index]
            if isinstance(features, EngineError):
                raise features
            if isinstance(features, FenleiError):
                known[digest] = Skipped(new[digest].name, _reason(features, new[digest]))
            else:
                known[digest] = seen = Seen(digest, prints.pop(digest), features)
                pending.append(seen)
            if len(pending) >= _WRITE_EVERY:
                _remember(shelf, pending)
            watch.step(Stage.EMBED, done, len(digests))
    finally:
        results.close()
        _remember(shelf, pending)
    watch.step(Stage.EMBED, len(digests), len(digests))


def _remember(shelf: FeatureCache, pending: list[Seen]) -> None:
    try:
        shelf.add(pending)
    except OSError as exc:
        raise TrainingError(f"The cache {shelf.path} cannot be written: {exc.strerror or exc}.") from exc
    finally:
        pending.clear()


def _gather(pictures: Sequence[Picture], known: dict[bytes, Seen | Skipped], width: int, computed: int) -> Embedded:
    usable, prints, rows, skipped = [], [], [], []
    for picture in pictures:
        outcome = known[picture.digest]
        if isinstance(outcome, Skipped):
            skipped.append(Skipped(picture.item.name, outcome.reason))
        else:
            usable.append(picture)
            prints.append(outcome.fingerprint)
            rows.append(outcome.features)
    features = np.stack(rows) if rows else np.zeros((0, width), np.float32)
    return Embedded(usable, prints, features, skipped, computed)
