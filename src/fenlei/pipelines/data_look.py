"""Problems that lie in the data which a graph reads, found before it runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from fenlei.contract.errors import FenleiError
from fenlei.datasets.folder import scan
from fenlei.pipelines.graph import Node
from fenlei.pipelines.node import NodeType
from fenlei.pipelines.nodes.folder import FolderParams
from fenlei.pipelines.parameters import Params
from fenlei.pipelines.problem import Fault, Problem
from fenlei.pipelines.words import Words


def look_at_folders(node: Node, node_type: NodeType, params: Params) -> Sequence[Problem]:
    """What is wrong with the folder that a node reads; see `check.DataLook`."""
    return list(_folder(node, params)) if isinstance(params, FolderParams) else []


def _folder(node: Node, params: FolderParams) -> Iterator[Problem]:
    path = Path(params.path).expanduser()
    if not path.exists():
        yield data_problem(
            node,
            "path",
            Words(f"{path} is not on this machine.", f"本机上没有 {path}。"),
            Words("Name a folder, or an archive, that is there.", "请填写存在的文件夹或压缩包。"),
        )
        return
    try:
        with scan(path) as found:
            labels = sorted({item.label for item in found.items})
    except FenleiError as exc:
        yield data_problem(
            node,
            "path",
            Words(str(exc), f"无法读取 {path}：{exc}"),
            Words("Name a folder with one folder of pictures per class.", "请填写按类别分文件夹存放图片的文件夹。"),
        )
        return
    yield from too_few_classes(node, "path", labels)


def too_few_classes(node: Node, parameter: str, labels: Sequence[str]) -> Iterator[Problem]:
    """The problem that pictures are of one class, or have no label at all; none where there are two or more."""
    if len(labels) >= 2:
        return
    one = labels[0] if labels else ""
    said = Words(f"All its pictures are of the class {one!r}.", f"其中的图片都属于类别“{one}”。")
    yield data_problem(
        node,
        parameter,
        said if labels else Words("None of its pictures has a label.", "其中的图片都没有标签。"),
        Words("Add pictures of another class, or label some.", "请添加其他类别的图片，或为图片添加标签。"),
    )


def data_problem(node: Node, parameter: str, said: Words, remedy: Words) -> Problem:
    """A problem of the data that a node reads."""
    return Problem(
        fault=Fault.DATA,
        node=node.id,
        parameter=parameter,
        en=said.en,
        zh=said.zh,
        remedy_en=remedy.en,
        remedy_zh=remedy.zh,
    )
