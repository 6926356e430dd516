"""Graphs of real nodes on drawn pictures: what they find, and what they do not work out twice."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from fenlei.modelfile import read
from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.disk_memory import DiskMemory
from fenlei.pipelines.errors import PipelineError
from fenlei.pipelines.graph import Graph, Node
from fenlei.pipelines.node_run import NodeRun, NodeState
from fenlei.pipelines.nodes.evaluate import evaluate
from fenlei.pipelines.nodes.folder import FolderParams, folder
from fenlei.pipelines.nodes.split import SplitParams, split
from fenlei.pipelines.parameters import NoParams
from fenlei.pipelines.reference import Images, Model, Report, Split
from fenlei.pipelines.registry import node_types
from fenlei.pipelines.runner import Runner
from fenlei.store import Blobs
from tests.support.drawing import class_folders
from tests.support.networks import tiny_network
from tests.support.toy_nodes import graph
from tests.support.workbench import OutOfReach

CLASSES = {"cat": 12, "dog": 12}


class House(NamedTuple):
    """A workspace, pictures in it, and everything that runs have said."""

    place: Path
    network: Path
    log: list[str]

    def context(
        self, node: Node | None = None, progress: Callable[[str, float], None] = lambda *_: None
    ) -> NodeContext:
        return NodeContext(
            Blobs(self.place / "blobs"),
            self.place / "cache",
            OutOfReach(),
            backbone=str(self.network),
            progress=progress,
            log=self.log.append,
        )

    def run(self, graph: Graph) -> dict[str, NodeRun]:
        """Run it in a run of its own, which knows what others left behind."""
        memory = DiskMemory(self.place / "memory", self.context().blobs.has)
        return Runner(graph, node_types(), memory, self.context).run()


@pytest.fixture
def house(tmp_path: Path) -> House:
    network = tmp_path / "tiny.onnx"
    network.write_bytes(tiny_network(size=32, width=48))
    class_folders(tmp_path / "photos", CLASSES, size=32)
    class_folders(tmp_path / "others", {"cat": 4, "dog": 6}, size=32)
    return House(tmp_path, network, [])


def states(runs: dict[str, NodeRun]) -> dict[str, str]:
    assert [run.why for run in runs.values() if run.why] == []
    return {node: run.state.value for node, run in runs.items()}


def choosing(house: House, **sample: Any) -> Graph:
    """Two folders; of one a part is taken, evened out and split, of the other a part is taken."""
    return graph(
        {
            "photos": ("data.folder", {"path": str(house.place / "photos")}),
            "others": ("data.folder", {"path": str(house.place / "others")}),
            "few": ("data.sample", {"share": 0.5}),
            "even": "data.balance",
            "parts": "data.split",
            "last": ("prepare.resize", sample),
        },
        "photos.images>few.images others.images>even.images few.images>parts.images parts.split>last.split",
    )


def test_another_parameter_of_the_last_node_reruns_that_node_only(house: House) -> None:
    assert set(states(house.run(choosing(house))).values()) == {"done"}
    again = house.run(choosing(house, policy="crop"))
    assert states(again) == dict.fromkeys(("photos", "others", "few", "even", "parts"), "cached") | {"last": "done"}
    back = house.run(choosing(house))
    assert set(states(back).values()) == {"cached"}


def test_another_label_of_a_picture_is_another_key_for_what_depends_on_it_and_for_nothing_else(house: House) -> None:
    before = house.run(choosing(house))
    photos = house.place / "photos"
    shutil.move(photos / "cat" / "0000.png", photos / "dog" / "was a cat.png")
    after = house.run(choosing(house))
    assert states(after) == dict.fromkeys(("photos", "few", "parts", "last"), "done") | {
        "others": "cached",
        "even": "cached",
    }
    assert {node for node in after if after[node].key != before[node].key} == {"photos", "few", "parts", "last"}
    assert isinstance(found := after["photos"].outputs["images"], Images)
    assert found.labels == {"cat": 11, "dog": 13}


def test_what_a_folder_has_that_cannot_be_read_is_left_aside_and_named(house: House) -> None:
    (house.place / "photos" / "cat" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n nothing")
    (house.place / "photos" / "cat" / "notes.txt").write_text("no picture")
    found = folder(params=FolderParams(path=str(house.place / "photos")), ctx=house.context())
    assert found.labels == CLASSES
    assert [line for line in house.log if "cat/broken.png" in line]
    assert [line for line in house.log if "cat/notes.txt" in line]


def test_a_folder_that_is_not_there_is_a_sentence(house: House) -> None:
    nowhere = graph({"photos": ("data.folder", {"path": str(house.place / "nowhere")})})
    run = house.run(nowhere)["photos"]
    assert run.state is NodeState.FAILED
    assert "nowhere" in run.why


def test_pictures_that_are_split_already_keep_their_parts(house: House) -> None:
    place = house.place / "apart"
    class_folders(place / "train", {"cat": 6, "dog": 6}, size=32)
    class_folders(place / "test", {"cat": 2, "dog": 3}, size=32)
    images = folder(params=FolderParams(path=str(place)), ctx=house.context())
    assert split(images, params=SplitParams(), ctx=house.context()).parts == {"test": 5, "train": 12}


def learning(house: House, **auto: Any) -> Graph:
    return graph(
        {
            "photos": ("data.folder", {"path": str(house.place / "photos")}),
            "parts": ("data.split", {"test": 0.25}),
            "size": ("prepare.resize", {"policy": "letterbox", "size": 32}),
            "learn": ("train.auto", {"fine_tune": False, **auto}),
            "judge": "judge.evaluate",
        },
        "photos.images>parts.images parts.split>size.split size.split>learn.split learn.model>judge.model "
        "parts.split>judge.split",
    )


def test_pictures_become_a_model_that_is_judged_by_those_it_has_not_seen(house: House) -> None:
    runs = house.run(learning(house))
    assert set(states(runs).values()) == {"done"}
    blobs = house.context().blobs
    model, parts, report = (
        runs["learn"].outputs["model"],
        runs["parts"].outputs["split"],
        runs["judge"].outputs["report"],
    )
    assert isinstance(model, Model)
    assert isinstance(parts, Split)
    assert isinstance(report, Report)
    blobs.save_to(model.digest, house.place / "model.fenlei")
    file = read(house.place / "model.fenlei")
    assert file.manifest.labels == model.labels == ["cat", "dog"]
    assert (file.manifest.input.width, file.manifest.input.policy.value) == (32, "letterbox")
    assert parts.parts == {"test": 6, "train": 18}
    judged = msgspec.json.decode(blobs.get(report.digest))
    assert judged["pictures"] == report.headline["pictures"] == 6
    assert judged["accuracy"] == report.headline["accuracy"] > 0.8

    # Who only looks again has nothing to wait for; another seed is another model of the same pictures.
    assert set(states(house.run(learning(house))).values()) == {"cached"}
    again = states(house.run(learning(house, seed=1)))
    assert (again["photos"], again["parts"], again["size"], again["learn"]) == ("cached", "cached", "cached", "done")

    strangers = class_folders(house.place / "strangers", {"owl": 4, "rat": 4}, size=32)
    unknown = folder(params=FolderParams(path=str(strangers)), ctx=house.context())
    others = split(unknown, params=SplitParams(), ctx=house.context())
    with pytest.raises(PipelineError, match="is of a class this model knows: cat, dog"):
        evaluate(model, others, params=NoParams(), ctx=house.context())
