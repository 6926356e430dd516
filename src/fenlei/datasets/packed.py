"""Which kind of archive a file is, by its first bytes; names prove nothing."""

from __future__ import annotations

from pathlib import Path

from fenlei.datasets.archive import list_archive
from fenlei.datasets.found import DatasetError
from fenlei.datasets.listing import Listing
from fenlei.datasets.tar_archive import is_tar, list_tar
from fenlei.datasets.tar_headers import BLOCK

_OTHERS = {b"Rar!": "RAR", b"7z\xbc\xaf\x27\x1c": "7z"}


def is_packed(head: bytes) -> bool:
    """Whether a file that begins like this is an archive of any kind, even one that cannot be read."""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06", *_OTHERS)) or is_tar(head)


def list_packed(path: Path, scratch: Path | None = None) -> Listing:
    """List a zip or tar.

    Args:
        path: the file.
        scratch: where a compressed tar is unpacked; default: the folder of the system.

    Raises:
        DatasetError: it is neither, or cannot be read.
    """
    head = first_bytes(path)
    for magic, name in _OTHERS.items():
        if head.startswith(magic):
            raise DatasetError(f"{path} is a {name} archive, which is not read here. Pack it as .zip or .tar.gz.")
    return list_tar(path, scratch) if is_tar(head) else list_archive(path)


def first_bytes(path: Path) -> bytes:
    """What a file begins with, as much as tells kinds apart.

    Raises:
        DatasetError: it cannot be opened, or is no regular file.
    """
    if not path.is_file():
        raise DatasetError(f"{path} is no regular file.")
    try:
        with path.open("rb") as file:
            return file.read(BLOCK)
    except OSError as exc:
        raise DatasetError(f"{path} cannot be opened: {exc.strerror or exc}.") from exc
