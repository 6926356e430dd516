"""Model files on this server's disk, fetched from the blobs, so that a restart needs nobody else."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Collection
from pathlib import Path

from fenlei.store import Blobs

KEPT_SECONDS = 24 * 3600.0


class ModelFiles:
    """A folder of model files by their digests. Safe from many threads; several processes may share the folder."""

    def __init__(self, blobs: Blobs, folder: Path) -> None:
        """Nothing is fetched yet.

        Args:
            blobs: where model files are kept.
            folder: where those are kept that this server needs; made when first needed.
        """
        self._blobs = blobs
        self._folder = folder
        self._fetching = threading.Lock()

    def path_of(self, sha256: str) -> Path:
        """The model file with this digest, fetched when it is not here whole.

        Raises:
            NotFound: no blob has it.
        """
        path = self._folder / f"{sha256}.fenlei"
        with self._fetching:
            if _is(path, sha256):
                path.touch()
            else:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._blobs.save_to(sha256, path)
        return path

    def keep_only(self, wanted: Collection[str]) -> None:
        """Remove the files that nobody asked for in the last day and no deployment stands on."""
        if not self._folder.is_dir():
            return
        with self._fetching:
            for path in self._folder.glob("*.fenlei"):
                if path.stem not in wanted and path.stat().st_mtime < time.time() - KEPT_SECONDS:
                    path.unlink(missing_ok=True)


def _is(path: Path, sha256: str) -> bool:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except FileNotFoundError:
        return False
