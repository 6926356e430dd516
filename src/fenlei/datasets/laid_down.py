"""Where uploads lie: under the ids of import and upload, `FOLDER/IMPORT/UPLOAD`, never under a name somebody sent."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from fenlei.datasets.found import DatasetError
from fenlei.store import StoreError
from fenlei.store.tables import Upload


def upload_path(folder: Path, upload: Upload) -> Path:
    """Where the bytes of an upload are, or will be."""
    return folder / upload.import_id / upload.id


def whole_file(folder: Path, upload: Upload) -> Path:
    """Where the bytes of an upload are that has arrived.

    Raises:
        DatasetError: they are not there any more.
    """
    path = upload_path(folder, upload)
    if upload.size == 0:  # no piece of it ever came
        make_folder(path.parent)
        path.touch()
    if not path.is_file() or path.stat().st_size < upload.size:
        raise DatasetError(f"The bytes of {upload.name} are no longer here; somebody removed them. Send it again.")
    return path


def remove_files(folder: Path, import_id: str) -> None:
    """Remove all that was sent to an import from the disk."""
    shutil.rmtree(folder / import_id, ignore_errors=True)


def make_folder(folder: Path) -> None:
    """Make a folder that survives a power cut, if it is not there.

    Raises:
        StoreError: it cannot be made.
    """
    if folder.is_dir():
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise StoreError(f"The folder for uploads {folder} cannot be made: {exc.strerror}.") from exc
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make sure that the names in a folder survive a power cut, where the system lets one."""
    if os.name == "nt":
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
