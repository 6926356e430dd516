"""What a file or a folder holds, as one number."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from fenlei.backbones.errors import BackboneError


def file_digest(path: Path) -> str:
    """SHA-256, hex, of a file.

    Raises:
        BackboneError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as exc:
        raise BackboneError(f"{path} cannot be read: {exc.strerror or exc}.") from exc


def folder_digest(folder: Path, patterns: Sequence[str]) -> str:
    """SHA-256, hex, over names and contents of the files in a folder that match.

    Args:
        folder: not searched below.
        patterns: as in `fnmatch`; a name to be taken literally goes through `literal` first.

    Raises:
        BackboneError: one cannot be read.
    """
    files = sorted(path for path in folder.iterdir() if any(fnmatchcase(path.name, pattern) for pattern in patterns))
    total = hashlib.sha256()
    for path in files:
        total.update(f"{path.name}\n{file_digest(path)}\n".encode())
    return total.hexdigest()


def literal(name: str) -> str:
    """The pattern that matches this name only."""
    return glob.escape(name)
