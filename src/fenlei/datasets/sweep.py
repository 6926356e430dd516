"""What was uploaded goes when nobody needs it any more: when it is imported, or left alone for long."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

from fenlei.datasets.imports import State
from fenlei.datasets.laid_down import remove_files
from fenlei.store import NotFound, Store

KEPT_FOR = timedelta(days=7)
_GOING_ON = (State.QUEUED, State.IMPORTING)


def sweep_uploads(store: Store, folder: Path, older_than: timedelta = KEPT_FOR) -> list[str]:
    """Remove uploaded files of imports that are done or gone, and of others in which nothing moved for long.

    An import whose files went that way is cancelled: it can only be begun anew. Imports that are queued or at work are
    left alone.

    Args:
        store: where the imports are.
        folder: where uploads are laid down.
        older_than: how long nothing must have moved.

    Returns:
        Ids of the imports whose files were removed.
    """
    if not folder.is_dir():
        return []
    removed = []
    for place in sorted(each for each in folder.iterdir() if each.is_dir() and each.name.startswith("im_")):
        with store.reading() as work:
            state = work.imports.existing([place.name]).get(place.name)
        if state in _GOING_ON or (state not in (None, State.DONE) and not _still(place, older_than)):
            continue
        if state not in (None, State.DONE) and not _given_up(store, place.name):
            continue
        remove_files(folder, place.name)
        removed.append(place.name)
    return removed


def _still(place: Path, for_long: timedelta) -> bool:
    """Whether nothing in a folder moved for that long."""
    times = [place.stat().st_mtime, *(each.stat().st_mtime for each in place.iterdir())]
    return max(times) < time.time() - for_long.total_seconds()


def _given_up(store: Store, import_id: str) -> bool:
    with store.writing() as work:
        try:
            row = work.imports.lock(import_id)
        except NotFound:
            return True
        if row.state in _GOING_ON:
            return False
        work.imports.remove_uploads(import_id)
        work.imports.change(
            import_id, state=State.CANCELLED, error="The files that were sent lay unused for long and were removed."
        )
    return True
