"""Keep compiled networks between starts, and never trust a kept file that changed."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

UNUSED = 60 * 24 * 3600.0
"""Seconds without use after which a kept file is removed."""


class CompiledCache:
    """One compiled network in a folder of such files.

    A file is the SHA-256 of what follows, then what the engine exported. The engine's own cache notices most
    damage, but not all: bytes changed among the weights were loaded as they were. Here a damaged file counts as
    absent. Nothing in this class raises because of the disk: a cache that cannot be used costs time, never a start.
    """

    def __init__(self, folder: Path, network: bytes, circumstances: Sequence[object]) -> None:
        """Name the file.

        Args:
            folder: where such files live; made when first written.
            network: the network before compilation.
            circumstances: whatever else decides the result: versions, processor, size, settings.
        """
        key = hashlib.sha256(hashlib.sha256(network).digest() + repr(list(circumstances)).encode())
        self._path = folder / f"{key.hexdigest()[:32]}.compiled"

    def load(self) -> bytes | None:
        """What was saved, or None when there is nothing whole."""
        try:
            content = self._path.read_bytes()
        except OSError:
            return None
        digest, blob = content[:32], content[32:]
        if hashlib.sha256(blob).digest() != digest:
            self.forget()
            return None
        with suppress(OSError):
            os.utime(self._path)  # in use: not to be swept
        return blob

    def save(self, blob: bytes) -> None:
        """Write atomically: another process sees the whole file or none."""
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._sweep()
            handle, name = tempfile.mkstemp(prefix=".compiled-", dir=self._path.parent)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(hashlib.sha256(blob).digest())
                    file.write(blob)
                Path(name).replace(self._path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise

    def _sweep(self) -> None:
        """Remove what nobody used for long: other versions of the engine, other networks, unfinished files."""
        for path in self._path.parent.glob("*compiled*"):
            with suppress(OSError):  # another process sweeps too
                if time.time() - path.stat().st_mtime > UNUSED:
                    path.unlink()

    def forget(self) -> None:
        """Remove the file, so that the next start writes it anew."""
        with suppress(OSError):
            self._path.unlink()
