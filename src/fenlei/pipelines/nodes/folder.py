"""Pictures of a folder of this machine."""

from __future__ import annotations

import hashlib
from pathlib import Path

from fenlei.contract.errors import FenleiError
from fenlei.datasets.folder import scan
from fenlei.datasets.found import FoundPictures
from fenlei.datasets.version_content import VersionContent, VersionEntry, content_of
from fenlei.imaging import decode_for_training, read_header
from fenlei.imaging.sniff import sniff
from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.node import Family, node
from fenlei.pipelines.parameters import Params, param
from fenlei.pipelines.pictures import images_of
from fenlei.pipelines.reference import Images
from fenlei.pipelines.words import Words

_TOGETHER = 64
"""Pictures that are put among the blobs at a time."""

_TINY = 16


class FolderParams(Params):
    """Where the pictures are."""

    path: str = param(
        ...,
        title=Words("Folder", "文件夹"),
        help=Words(
            "Class folders, or train/ and test/ with class folders below them, or a zip or tar of these; on the "
            "machine that runs the graph.",
            "按类别分的文件夹，或含有它们的 train/ 与 test/，或其压缩包；位于运行该图的机器上。",
        ),
        min_length=1,
        max_length=4096,
    )


def _state(params: FolderParams, ctx: NodeContext) -> str:
    """Names, sizes and times of all files: as long as these are as they were, the pictures are."""
    path = Path(params.path).expanduser()
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    digest = hashlib.sha256()
    for file in files:
        try:
            known = file.stat()
        except OSError:
            continue
        if file.is_file():
            name = file.relative_to(path).as_posix() if path.is_dir() else file.name
            digest.update(f"{name}\0{known.st_size}\0{known.st_mtime_ns}\n".encode())
    return digest.hexdigest()


@node(
    "data.folder",
    version=1,
    family=Family.DATA,
    icon="folder",
    title=Words("Folder", "本地文件夹"),
    help=Words(
        "Pictures of a folder on the machine that runs the graph. What cannot be read is left aside and named in the "
        "log.",
        "读取运行该图的机器上某个文件夹中的图片。无法读取的文件会被忽略并记入日志。",
    ),
    outside=_state,
    example={"path": "photos"},
)
def folder(*, params: FolderParams, ctx: NodeContext) -> Images:
    """Read the pictures of a folder into the workspace."""
    with scan(Path(params.path).expanduser()) as found:
        for skipped in found.skipped:
            ctx.log(f"left aside: {skipped.name}: {skipped.reason}")
        return images_of(ctx, _content(found, ctx))


def _content(found: FoundPictures, ctx: NodeContext) -> VersionContent:
    number = {label: place for place, label in enumerate(found.labels)}
    entries: list[VersionEntry] = []
    for first in range(0, len(found.items), _TOGETHER):
        ctx.check()
        ctx.progress("reading pictures", first / len(found.items))
        read: list[tuple[VersionEntry, bytes]] = []
        for item in found.items[first : first + _TOGETHER]:
            try:
                data = item.read()
                width, height = _size(data)
            except FenleiError as exc:
                ctx.log(f"left aside: {item.name}: {exc}")
                continue
            part = None if item.part is None else item.part.value
            entry = VersionEntry(item.name, "", number[item.label], part, item.group, width, height, len(data))
            read.append((entry, data))
        digests = ctx.blobs.put_many([data for _, data in read])
        entries += [entry._replace(sha256=digest) for (entry, _), digest in zip(read, digests, strict=True)]
    return content_of(found.labels, entries)


def _size(data: bytes) -> tuple[int, int]:
    """Width and height of the upright picture.

    Raises:
        FenleiError: it cannot be read.
    """
    if sniff(data) in ("JPEG", "PNG"):
        return read_header(data).upright_size
    height, width = decode_for_training(data, (_TINY, _TINY)).shape[:2]
    return width, height
