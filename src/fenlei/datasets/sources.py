"""What an import reads: files that were sent, or a path on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fenlei.datasets.found import DatasetError
from fenlei.datasets.importers import Found, look, look_sent
from fenlei.datasets.laid_down import make_folder, whole_file
from fenlei.store.tables import Import, Upload


def open_source(folder: Path, row: Import, uploads: Sequence[Upload]) -> Found:
    """Open what an import reads, and find the pictures in it.

    Args:
        folder: where uploads are laid down; also where a compressed tar is unpacked, into a file without a name.
        row: the import.
        uploads: the files that were sent to it; all of them are whole.

    Raises:
        DatasetError: there is nothing, or nothing that can be read; or a link took the place of the path meanwhile.
    """
    make_folder(folder)
    form = row.options.get("format")
    if row.source["kind"] == "path":
        place = Path(row.source["path"])
        if place.resolve() != place:
            raise DatasetError(f"{place} leads elsewhere than when the import was begun; links are not followed there.")
        return look(place, format=form, scratch=folder)
    return look_sent([(each.name, whole_file(folder, each)) for each in uploads], format=form, scratch=folder)
