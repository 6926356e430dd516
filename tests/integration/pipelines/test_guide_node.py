"""The node type that the guide shows is one: put down as a package, it is found and does what the guide says of it."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import fenlei
from fenlei.cli import app
from fenlei.pipelines.registry import GROUP, node_types
from tests.support.third_party import installed

DOCS = Path(__file__).parents[3] / "docs"
LESSONS = {"guide.en.md": "### Write a node type\n", "guide.zh.md": "### 编写节点类型\n"}


def blocks(guide: str) -> dict[str, str]:
    """Code of the lesson, by language."""
    lesson = (DOCS / guide).read_text("utf-8").split(LESSONS[guide])[1].split("\n## ")[0]
    return dict(re.findall(r"^```(\w+)\n(.*?)^```$", lesson, re.M | re.S))


@pytest.fixture
def types_anew() -> Iterator[None]:
    """What is installed is looked for anew, and again when the package is gone."""
    node_types.cache_clear()
    yield
    node_types.cache_clear()
    sys.modules.pop("fenlei_dim", None)


def test_both_guides_show_the_same_code() -> None:
    english, chinese = (blocks(guide) for guide in LESSONS)
    assert english == chinese
    assert english.keys() == {"python", "toml"}
    assert len(english["python"].splitlines()) <= 35


@pytest.mark.usefixtures("types_anew")
def test_the_node_type_of_the_guide_leaves_dark_pictures_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = blocks("guide.en.md")
    points = tomllib.loads(code["toml"])["project"]["entry-points"][GROUP]
    assert points == {"dim": "fenlei_dim"}
    packages = tmp_path / "packages"
    packages.mkdir()
    installed(packages, points, {"fenlei_dim": code["python"]})
    monkeypatch.syspath_prepend(packages)
    for label in ("day", "night"):
        (tmp_path / "photos" / label).mkdir(parents=True)
        for number, grey in enumerate((10, 40, 60, 200)):
            picture = Image.fromarray(np.full((40, 40, 3), grey + len(label), np.uint8))
            picture.save(tmp_path / "photos" / label / f"{number}.png")
    graph = tmp_path / "graph.json"
    nodes = [
        {"id": "photos", "type": "data.folder", "params": {"path": str(tmp_path / "photos")}},
        {"id": "bright", "type": "data.dim", "params": {"least": 0.2}},
        {"id": "all", "type": "data.dim", "params": {"least": 0}},
    ]
    edges = [{"source": ["photos", "images"], "target": [node, "images"]} for node in ("bright", "all")]
    graph.write_text(json.dumps({"nodes": nodes, "edges": edges}))
    said = CliRunner().invoke(app, ["run", str(graph), "--json", "--workspace", str(tmp_path / "ws")])
    assert said.exit_code == 0, said.output
    runs = json.loads(said.stdout)
    assert runs["bright"]["outputs"]["images"]["labels"] == {"day": 2, "night": 2}
    assert runs["all"]["outputs"]["images"]["pictures"] == 8
    with fenlei.Bench(tmp_path / "ws", tell=lambda line: None) as bench:
        photos = bench.data.folder(path=tmp_path / "photos")
        assert bench.data.dim(photos, least=0.2).labels == {"day": 2, "night": 2}
    graph.write_text(json.dumps({"nodes": [{**nodes[1], "params": {"least": 2}}]}))
    said = CliRunner().invoke(app, ["run", str(graph), "--check", "--workspace", str(tmp_path / "ws")])
    assert "Leave dark pictures out" in said.stdout
    assert "at least 0 and at most 1" in said.stdout
