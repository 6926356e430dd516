"""Zips as other programs write them."""

from __future__ import annotations

import zipfile
from pathlib import Path


class _GbkName(zipfile.ZipInfo):
    """An entry whose name is GBK without the mark for UTF-8: what Chinese Windows writes."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 - the name zipfile calls
        return self.filename.encode("gbk"), self.flag_bits


def gbk_zip(path: Path, files: dict[str, bytes]) -> Path:
    """Write a zip whose names are GBK bytes."""
    with zipfile.ZipFile(path, "w") as out:
        for name, data in files.items():
            out.writestr(_GbkName(name), data)
    return path
