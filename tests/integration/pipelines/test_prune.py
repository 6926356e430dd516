"""What graphs left and nobody has used for long goes, with the files that only it names, and nothing else does."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from fenlei.cli import app
from fenlei.model.graphs import FOLDER, Workbench
from fenlei.pipelines.disk_memory import DiskMemory
from fenlei.pipelines.errors import PipelineError
from fenlei.pipelines.memory import Outputs
from fenlei.pipelines.prune import Pruned, prune
from fenlei.pipelines.reference import Features, Report, Split
from fenlei.settings import Settings
from fenlei.store import Blobs
from tests.support.drawing import class_folders
from tests.support.toy_nodes import graph
from tests.support.workbench import OutOfReach

DAY = 86400
LONG_AGO = datetime.now(UTC) - timedelta(days=30)


def aged(place: Path, days: int) -> None:
    """Let everything there be as old as that."""
    for path in place.rglob("*"):
        os.utime(path, (time.time() - days * DAY,) * 2)


def said(*words: str | Path) -> Any:
    """What a command prints as JSON."""
    done = CliRunner().invoke(app, [*map(str, words), "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_what_was_not_used_for_thirty_days_goes_and_what_was_stays_with_all_its_pictures(tmp_path: Path) -> None:
    at = ("--workspace", tmp_path / "ws")
    files = {}
    for number, name in enumerate(("old", "new")):
        photos = class_folders(tmp_path / name, {"a": 4 + number, "b": 3}, size=32 + number)
        files[name] = tmp_path / f"{name}.json"
        nodes = [
            {"id": "photos", "type": "data.folder", "params": {"path": str(photos)}},
            {"id": "parts", "type": "data.split"},
        ]
        edges = [{"source": ["photos", "images"], "target": ["parts", "images"]}]
        files[name].write_text(json.dumps({"nodes": nodes, "edges": edges}))
        said("run", files[name], *at)
    assert said("gc", "--graphs", *at) == {"removed": False, "results": 0, "files": 0, "bytes": 0}
    aged(tmp_path / "ws" / "cache" / FOLDER, 31)
    assert {each["state"] for each in said("run", files["new"], *at).values()} == {"cached"}
    found = said("gc", "--graphs", *at)
    assert (found["results"], found["files"]) == (2, 7 + 2)  # pictures, and a manifest of each node
    assert said("gc", "--graphs", "--yes", *at) == {**found, "removed": True}
    assert said("gc", "--graphs", "--older-than", "40d", *at)["results"] == 0
    blobs = Workbench(Settings.at(tmp_path / "ws")).blobs
    assert len([*blobs.all()]) == 8 + 2
    assert {each["state"] for each in said("run", files["new"], *at).values()} == {"cached"}
    assert {each["state"] for each in said("run", files["old"], *at).values()} == {"done"}


def test_nothing_goes_while_a_graph_runs(tmp_path: Path) -> None:
    settings = Settings.at(tmp_path / "ws")
    photos = class_folders(tmp_path / "photos", {"a": 2, "b": 2}, size=32)
    bench, refused = Workbench(settings), []

    def cancelled() -> bool:
        with pytest.raises(PipelineError, match="may be in use by a graph that runs now") as caught:
            Workbench(settings).prune(timedelta(0), remove=True)
        refused.append(caught.value)
        return False

    bench.run(graph({"a": ("data.folder", {"path": str(photos)})}), reach=OutOfReach(), cancelled=cancelled)
    assert refused
    assert bench.prune(timedelta(days=1), remove=True) == Pruned(0, 0, 0)


def test_in_a_workspace_without_graphs_there_is_nothing_to_remove(tmp_path: Path) -> None:
    assert Workbench(Settings.at(tmp_path / "ws")).prune(timedelta(0), remove=True) == Pruned(0, 0, 0)
    assert not (tmp_path / "ws").exists()


def test_files_that_a_report_names_and_pictures_of_features_stay_as_long_as_they_are_used(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "blobs")
    memory = DiskMemory(tmp_path / "results", blobs.has)
    png, lost, picture = blobs.put(b"a map"), blobs.put(b"nobody's"), blobs.put(b"a picture")
    report = blobs.put(msgspec.json.encode({"maps": [{"png": png}]}))
    header = {"format": "fenlei-dataset/1", "labels": ["a"], "columns": [], "pictures": 1}
    manifest = blobs.put(msgspec.json.Encoder().encode_lines([header, ["a.png", picture, 0, "train", None, 9, 9, 9]]))
    split = Split(digest=manifest, labels={"a": 1}, parts={"train": 1})
    outputs: Outputs = {
        "report": Report(digest=report, about="explanation"),
        "features": Features(digest="0" * 64, split=split, backbone="x", size=32, width=3),
    }
    memory.keep("a", "a" * 64, outputs, share=True)
    aged(tmp_path, 60)
    assert memory.find("a" * 64) == outputs
    assert prune(memory, blobs, LONG_AGO, remove=True) == Pruned(0, 1, len(b"nobody's"))
    assert [blobs.has(each) for each in (png, report, manifest, picture, lost)] == [True] * 4 + [False]
    aged(tmp_path, 60)
    assert prune(memory, blobs, LONG_AGO, remove=True).files == 4
    assert ([*blobs.all()], [*memory.all()]) == ([], [])


def test_a_result_whose_file_is_gone_goes_too(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "blobs")
    memory = DiskMemory(tmp_path / "results", blobs.has)
    memory.keep("a", "a" * 64, {"report": Report(digest="0" * 64, about="cleaning")}, share=True)
    assert prune(memory, blobs, LONG_AGO, remove=True) == Pruned(1, 0, 0)
    assert [*memory.all()] == []
