"""Look for what may be wrong with the pictures of a data set, and keep what was found."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from fenlei.datasets.checking import CHECKS, Check, Subject
from fenlei.datasets.create import BadValue
from fenlei.imaging import Unreadable, decode_for_training
from fenlei.inference.cores import usable_cores
from fenlei.store import NotFound, Store, Work
from fenlei.store.browse import Glance

METHOD = "rgb/16x16-means/1"
"""How a file is looked at. Another way of looking is another name, and looks again."""

_BATCH = 128

Near = Callable[[Sequence[Glance]], Sequence[int | None]]
"""Of each picture the number of its group of look-alikes, None where it cannot be said."""


class Stopped(Exception):
    """Somebody asked to stop; what was decoded so far is kept."""


def run_checks(
    store: Store,
    dataset_id: str,
    names: Sequence[str],
    *,
    near: Near,
    progress: Callable[[int, int], None] = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
    guard: Callable[[Work], None] = lambda work: None,
) -> dict[str, int]:
    """Ask checks, and put what they say in the place of what they said before.

    A file is decoded once for all checks and all times; a run that is stopped goes on from there.

    Args:
        store: where the data set is.
        dataset_id: which one.
        names: of the checks; see `CHECKS`.
        near: finds look-alikes; asked only when a check compares pictures.
        progress: told how many files of how many have been decoded.
        cancelled: asked between batches.
        guard: called in every writing transaction; raises when somebody else has taken over.

    Returns:
        How many findings each check has.

    Raises:
        NotFound: there is no such data set.
        BadValue: there is no such check.
        Stopped: `cancelled` said so.
    """
    wanted = [_named(name) for name in dict.fromkeys(names)]
    with store.reading() as work:
        revision = work.datasets.get(dataset_id).revision
        pictures, labels = work.browse.all(dataset_id), work.labels.of(dataset_id)
    subject = Subject(pictures, labels)
    if any(check.decodes for check in wanted):
        _look(store, dataset_id, pictures, progress, cancelled, guard)
        with store.reading() as work:
            subject = Subject(pictures, labels, work.looks.of(dataset_id, METHOD))
    if any(check.compares for check in wanted):
        subject = Subject(pictures, labels, subject.looks, near(pictures))
    told = {}
    for check in wanted:
        if cancelled():
            raise Stopped
        found = check(subject)
        with store.writing() as work:
            guard(work)
            work.findings.replace(dataset_id, check.name, revision, [each._asdict() for each in found])
        told[check.name] = len(found)
    return told


def _named(name: str) -> Check:
    if name not in CHECKS:
        known = ", ".join(CHECKS)
        raise BadValue(f"There is no check {name!r}; known are {known}.", "checks", known)
    return CHECKS[name]


def _look(
    store: Store,
    dataset_id: str,
    pictures: Sequence[Glance],
    progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
    guard: Callable[[Work], None],
) -> None:
    """Decode every file that was not looked at before, and keep what that showed."""
    with store.reading() as work:
        known = work.looks.of(dataset_id, METHOD)
    files = list(dict.fromkeys(each.sha256 for each in pictures if each.sha256 not in known))
    with ThreadPoolExecutor(usable_cores(), "fenlei-check") as pool:
        for start in range(0, len(files), _BATCH):
            if cancelled():
                raise Stopped
            progress(start, len(files))
            batch = files[start : start + _BATCH]
            rows = list(pool.map(lambda digest: _looked(store, digest), batch))
            with store.writing() as work:
                guard(work)
                work.looks.remember(rows)
    progress(len(files), len(files))


def _looked(store: Store, sha256: str) -> dict[str, Any]:
    row: dict[str, Any] = {"sha256": sha256, "method": METHOD, "problem": None, "pixels": None, "spread": None}
    try:
        pixels = decode_for_training(store.blobs.get(sha256))
    except Unreadable as exc:
        return {**row, "problem": str(exc)}
    except NotFound:
        return {**row, "problem": "its file is gone"}
    digest = hashlib.sha256(f"{pixels.shape}".encode())
    digest.update(np.ascontiguousarray(pixels).tobytes())
    return {**row, "pixels": digest.hexdigest(), "spread": _spread(pixels)}


def _spread(pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> float:
    """How far apart the lightest and the darkest of 16 × 16 parts are, in levels of 255, in the channel where that is
    farthest."""
    height, width = pixels.shape[:2]
    tops = np.unique(np.arange(16) * height // 16)
    lefts = np.unique(np.arange(16) * width // 16)
    sums = np.add.reduceat(np.add.reduceat(pixels, tops, axis=0, dtype=np.float64), lefts, axis=1)
    areas = np.diff([*tops, height])[:, None] * np.diff([*lefts, width])[None, :]
    means = sums / areas[..., None]
    return float((means.max(axis=(0, 1)) - means.min(axis=(0, 1))).max())
