"""Which column of a table means what, by its heading, in the words that people use."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_PATH = (
    *("path", "filepath", "imagepath", "imgpath", "picturepath", "relativepath", "file", "filename", "imagefile"),
    *("imgfile", "imagefilename", "imagename", "imgname", "picturename", "image", "img", "picture", "photo", "name"),
    *("文件路径", "图片路径", "图像路径", "路径", "文件名", "文件名称", "文件", "图片名", "图片名称", "图片文件"),
    *("图像名称", "图片", "图像", "照片", "名称", "imageid", "imgid", "id", "url", "imageurl"),
)
_LABEL = (
    *("labelname", "classname", "categoryname", "label", "labels", "class", "classes", "category", "target", "tag"),
    *("choice", "classid", "labelid", "categoryid", "标签名", "标签", "类别名称", "类别名", "类别", "分类", "类名"),
    *("类", "种类", "标注", "类型"),
)
_SPLIT = (
    "split",
    "set",
    "part",
    "subset",
    "partition",
    "usage",
    "划分",
    "数据划分",
    "数据集划分",
    "集合",
    "子集",
    "用途",
)
_GROUP = ("group", "groupid", "groupname", "分组", "组", "组别", "组号")

_NOISE = re.compile(r"[\s_\-.]+")


@dataclass(frozen=True)
class Columns:
    """Positions of the columns that count; None for those that are not there."""

    path: int
    label: int | None
    split: int | None
    group: int | None

    @property
    def known(self) -> int:
        return sum(each is not None for each in (self.path, self.label, self.split, self.group))


def choose_columns(headings: Sequence[str]) -> Columns | None:
    """The columns of a table; None where none names files."""
    plain = [_NOISE.sub("", each.strip().strip("\ufeff").casefold()) for each in headings]
    path = _first(plain, _PATH)
    if path is None:
        return None
    return Columns(path, _first(plain, _LABEL), _first(plain, _SPLIT), _first(plain, _GROUP))


def _first(headings: Sequence[str], words: Sequence[str]) -> int | None:
    return next((headings.index(word) for word in words if word in headings), None)
