"""Model files and ONNX files that were sent and wait to become a model version, for a day."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from fenlei.contract.errors import FenleiError
from fenlei.store import NotFound, StoreError, new_id

KEPT_FOR = timedelta(days=1)

_FOLDER = "models"


class EmptyFile(FenleiError):
    """A file without a byte was sent."""


@dataclass(frozen=True)
class Parked:
    """A file that waits.

    Attributes:
        id: by which it is meant.
        size: bytes.
        sha256: hex.
    """

    id: str
    size: int
    sha256: str


class Parking:
    """A file that is being sent. It is there when `finish` says so; before that, and after `give_up`, it is not."""

    def __init__(self, uploads: Path) -> None:
        """Begin a file.

        Args:
            uploads: folder where sent files are laid down.

        Raises:
            StoreError: it cannot be.
        """
        self._id = new_id("mf")
        self._folder = uploads / _FOLDER
        self._digest = hashlib.sha256()
        self._size = 0
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            _sweep(self._folder)
            self._path = self._folder / f".{self._id}"
            self._file = self._path.open("xb")
        except OSError as exc:
            raise _not_kept(exc) from exc

    def take(self, pieces: Iterable[bytes]) -> None:
        """Add bytes.

        Raises:
            StoreError: there is no room for them.
        """
        try:
            for piece in pieces:
                self._file.write(piece)
                self._digest.update(piece)
                self._size += len(piece)
        except OSError as exc:
            raise _not_kept(exc) from exc

    def finish(self) -> Parked:
        """The file is whole.

        Raises:
            EmptyFile: there is nothing in it.
            StoreError: it cannot be kept.
        """
        if not self._size:
            raise EmptyFile("The file is empty; send a model file or an ONNX file as the body.")
        try:
            self._file.close()
            self._path.rename(self._folder / self._id)
        except OSError as exc:
            raise _not_kept(exc) from exc
        return Parked(self._id, self._size, self._digest.hexdigest())

    def give_up(self) -> None:
        """The file is not wanted after all."""
        with suppress(OSError):
            self._file.close()
        self._path.unlink(missing_ok=True)


def parked_file(uploads: Path, file_id: str) -> Path:
    """Where a file waits.

    Args:
        uploads: folder where sent files are laid down.
        file_id: of the file; checked to be one by whoever calls.

    Raises:
        NotFound: there is none, or it has waited for too long.
    """
    path = uploads / _FOLDER / file_id
    if not path.is_file():
        raise NotFound(f"There is no file {file_id}; files that are sent are kept for a day.")
    return path


def unpark(uploads: Path, file_id: str) -> None:
    """Remove a file that is not needed any more."""
    (uploads / _FOLDER / file_id).unlink(missing_ok=True)


def sweep_parked(uploads: Path) -> None:
    """Remove files that have waited for too long, and what a server that died was being sent.

    Args:
        uploads: folder where sent files are laid down.
    """
    if (uploads / _FOLDER).is_dir():
        _sweep(uploads / _FOLDER)


def _sweep(folder: Path) -> None:
    before = time.time() - KEPT_FOR.total_seconds()
    for path in folder.iterdir():
        with suppress(OSError):  # another server was faster
            if path.stat().st_mtime < before:
                path.unlink()


def _not_kept(exc: OSError) -> StoreError:
    return StoreError(f"The file cannot be kept: {exc.strerror or exc}.")
