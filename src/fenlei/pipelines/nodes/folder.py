"""Pictures of a folder of this machine."""

from __future__ import annotations

import hashlib
from pathlib import Path

from fenlei.datasets.folder import scan
from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.node import Family, node
from fenlei.pipelines.parameters import Params, param
from fenlei.pipelines.pictures import images_of
from fenlei.pipelines.reading import bring
from fenlei.pipelines.reference import Images
from fenlei.pipelines.words import Words


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
        return images_of(ctx, bring(ctx, found))
