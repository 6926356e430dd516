"""Data sets on disk and in archives, for tests of importers."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from fenlei.datasets.importers import Found, look, look_sent

JPEG = b"\xff\xd8\xff\xe0"
"""What a picture begins with; importers look no further."""


def picture(text: str = "") -> bytes:
    """Bytes that no importer takes for anything but a picture, different for each text."""
    return JPEG + text.encode("utf-8", "surrogatepass")


def written(root: Path, files: Mapping[str, bytes | str]) -> Path:
    """Write files below a folder."""
    root.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data.encode() if isinstance(data, str) else data)
    return root


def files_below(root: Path) -> dict[str, bytes]:
    """Every file of a folder, by its name."""
    return {each.relative_to(root).as_posix(): each.read_bytes() for each in sorted(root.rglob("*")) if each.is_file()}


def zipped(path: Path, files: Mapping[str, bytes | str], around: str = "") -> Path:
    """Write a zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in files.items():
            out.writestr(around + name, data)
    return path


def tarred(path: Path, files: Mapping[str, bytes | str], packing: str = "") -> Path:
    """Write a tar, as `packing` says: nothing, gz, bz2 or xz."""
    with tarfile.open(path, f"w:{packing}") as out:  # type: ignore[call-overload]
        for name, data in files.items():
            raw = data.encode() if isinstance(data, str) else data
            info = tarfile.TarInfo(name)
            info.size = len(raw)
            out.addfile(info, io.BytesIO(raw))
    return path


def _sent(root: Path, format: str | None) -> Found:  # noqa: A002
    return look_sent([(name, root / name) for name in files_below(root)], format=format)


def _packed(pack: Callable[[Path, dict[str, bytes]], Path], ending: str) -> Callable[[Path, str | None], Found]:
    def opened(root: Path, format: str | None) -> Found:  # noqa: A002
        return look(pack(root.parent / f"{root.name}.{ending}", files_below(root)), format=format)

    return opened


CONTAINERS: dict[str, Callable[[Path, str | None], Found]] = {
    "folder": lambda root, form: look(root, format=form),
    "sent": _sent,
    "zip": _packed(zipped, "zip"),
    "wrapped zip": _packed(lambda path, files: zipped(path, files, "photos/"), "zip"),
    "tar": _packed(tarred, "tar"),
    "tar.gz": _packed(lambda path, files: tarred(path, files, "gz"), "tgz"),
}
"""Ways in which a folder can be given; each opens it."""


def places(found: Found) -> dict[str, tuple[str | None, str | None]]:
    """Class and part of every picture by its name."""
    return {file.name: (file.label, file.part and file.part.value) for file in found.files}


def reasons(found: Found) -> dict[str, str]:
    """Why each file is left aside."""
    return {skipped.name: skipped.reason for skipped in found.skipped}
