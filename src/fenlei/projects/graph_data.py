"""The data that graphs name: data sets, found by name or id, as versions, and what is wrong before a graph runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from fenlei.datasets.open_folders import is_open
from fenlei.datasets.versions import make_version
from fenlei.pipelines.data_look import data_problem, look_at_folders, too_few_classes
from fenlei.pipelines.graph import Node
from fenlei.pipelines.node import NodeType
from fenlei.pipelines.nodes.dataset import DatasetParams
from fenlei.pipelines.nodes.folder import FolderParams
from fenlei.pipelines.parameters import Params
from fenlei.pipelines.problem import Problem
from fenlei.pipelines.words import Words
from fenlei.projects.trainable import cells_now
from fenlei.store import NotFound, Store, Work
from fenlei.store.tables import Dataset, DatasetVersion


def dataset_named(work: Work, wanted: str) -> Dataset:
    """The data set of this name or id.

    Raises:
        NotFound: there is none.
    """
    found = work.datasets.named(wanted)
    return work.datasets.get(wanted) if found is None else found


def version_of(store: Store, wanted: str, number: int | None, by: str | None) -> tuple[Dataset, DatasetVersion]:
    """A version of a data set; without a number the data set as it is now, which becomes one.

    Raises:
        NotFound: there is no such data set or version.
    """
    with store.reading() as work:
        dataset = dataset_named(work, wanted)
        if number is not None:
            return dataset, work.versions.numbered(dataset.id, number)
    return dataset, make_version(store, dataset.id, by=by)


def look_at_datasets(store: Store, node: Node, params: Params) -> Iterator[Problem]:
    """What is wrong with the data set that a node reads."""
    if not isinstance(params, DatasetParams):
        return
    with store.reading() as work:
        try:
            dataset = dataset_named(work, params.dataset)
        except NotFound:
            yield data_problem(
                node,
                "dataset",
                Words(f"There is no data set {params.dataset!r}.", f"没有名为“{params.dataset}”的数据集。"),
                Words("Choose one that is there; it may have been deleted.", "请选择现有的数据集；它可能已被删除。"),
            )
            return
        if params.version is not None:
            try:
                version = work.versions.numbered(dataset.id, params.version)
            except NotFound:
                yield data_problem(
                    node,
                    "version",
                    Words(
                        f"The data set {dataset.name!r} has no version {params.version}.",
                        f"数据集“{dataset.name}”没有版本 {params.version}。",
                    ),
                    Words("Choose one that it has, or none.", "请选择已有的版本，或留空。"),
                )
                return
            counted = Counter({label: int(count) for label, count in version.counts.get("labels", {}).items()})
        else:
            counted = Counter()
            for label, _, count in cells_now(work, dataset.id)[1]:
                if label is not None:
                    counted[label] += count
    yield from too_few_classes(node, "dataset", [label for label, count in counted.items() if count])


def look_at_open_folders(node: Node, node_type: NodeType, params: Params, roots: Sequence[Path]) -> Iterator[Problem]:
    """What is wrong with the folder that a node reads; of one that is not open, whether anything is there is not
    told."""
    if not isinstance(params, FolderParams) or is_open(_meant(params.path), roots):
        yield from look_at_folders(node, node_type, params)
        return
    below = ", ".join(str(root) for root in roots)
    yield data_problem(
        node,
        "path",
        Words(
            f"Graphs may read folders of this platform below: {below or 'none'}.",
            f"本平台上的图只能读取以下位置的文件夹：{below or '无'}。",
        ),
        Words(
            "Bring the pictures into a data set and use that, or ask the operator to allow the folder.",
            "请把图片导入数据集并使用该数据集，或请管理员开放该文件夹。",
        ),
    )


def _meant(path: str) -> Path:
    """The folder that a node reads; as it is written where nobody's home is meant."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)
