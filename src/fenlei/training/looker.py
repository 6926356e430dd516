"""Features and fingerprints of files for the check for near duplicates, by the way in which training computes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from fenlei.datasets.checking.looker import File, LookedAt
from fenlei.datasets.found import Item
from fenlei.training.look import Picture
from fenlei.training.plan import make_plan
from fenlei.training.progress import Cancelled, Stage, Watch
from fenlei.training.workshop import Workshop


def look_at_files(
    files: Sequence[File],
    progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
    *,
    cache: Path,
    engine: str,
    backbone: str | None,
) -> LookedAt | None:
    """See `datasets.checking.looker.Looker`.

    Args:
        files: as there.
        progress: as there.
        cancelled: as there.
        cache: the workspace's cache; features that training needs later are left there.
        engine: what runs networks.
        backbone: gives the features; None takes that of the goal `fast`.

    Raises:
        BackboneError: it cannot be had.
        TrainingError: no backbone is usable here.
    """

    def telling(stage: Stage, done: int, total: int) -> None:
        if stage is Stage.EMBED:
            progress(done, total)

    view = make_plan("fast", None, cache=cache, backbone=backbone).views[0]
    pictures = [
        Picture(Item(str(number), "", None, file.read), bytes.fromhex(file.sha256)) for number, file in enumerate(files)
    ]
    try:
        with Workshop(cache, Watch(telling, cancelled), engine, wished=view) as workshop:
            seen = workshop.features(view, pictures)
    except Cancelled:
        return None
    index = np.array([int(each.item.name) for each in seen.pictures], np.int64)
    return LookedAt(index, seen.prints, seen.features)
