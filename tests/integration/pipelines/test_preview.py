"""What there is to see behind a reference: true, small however much is behind it, and without a look at a picture."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from typer.testing import CliRunner

from fenlei.cli import app
from fenlei.datasets.version_content import VersionContent, VersionEntry, content_of
from fenlei.pipelines.pictures import images_of, split_of
from fenlei.pipelines.preview import preview
from fenlei.pipelines.reference import Deployment, Features, Model, Reference, Report, Split
from fenlei.store import NotFound
from fenlei.training.evaluation import evaluate
from tests.support.drawing import class_folders
from tests.support.workbench import Workbench

MOST_BYTES = 200_000


class There:
    """One of each kind of reference, in a place where nodes work."""

    def __init__(self, folder: Path) -> None:
        self.bench = Workbench(folder)
        self.split = self.bench.split(class_folders(folder / "photos", {"a": 12, "b": 8}), test=0.25)
        self.features: Features = self.bench.run("features.embed", self.split)
        self.model: Model
        self.model, self.report = self.bench.run("train.head", self.features)

    def see(self, reference: Any) -> dict[str, Any]:
        """What a console gets."""
        data = msgspec.json.encode(preview(self.bench.context, reference))
        assert len(data) < MOST_BYTES
        seen: dict[str, Any] = msgspec.json.decode(data)
        return seen


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> There:
    return There(tmp_path_factory.mktemp("bench"))


def many(pictures: int, labels: int, name: str = "{}.png") -> VersionContent:
    """Pictures of which none is anywhere, so that whoever wanted to read one could not."""
    digests = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(pictures)]
    parts = ["train", "train", "test"]
    entries = [
        VersionEntry(name.format(f"{number:05d}"), digest, number % labels, parts[number % 3], None, 9, 9, 9)
        for number, digest in enumerate(digests)
    ]
    return content_of([f"class {number:04d}" for number in range(labels)], entries)


def test_pictures_are_counted_by_label_and_part_and_some_of_each_label_are_shown(there: There) -> None:
    found = many(10_000, 40)
    seen = there.see(split_of(there.bench.context, found))
    assert (seen["kind"], seen["pictures"], len(seen["labels"]), seen["more_labels"]) == ("pictures", 10_000, 40, 0)
    assert seen["labels"][3] == {"label": "class 0003", "pictures": 250, "parts": {"test": 83, "train": 167}}
    assert len({each["label"] for each in seen["shown"]}) == len(seen["shown"]) == 24
    by_name = {entry.name: entry for entry in found.entries}
    for each in seen["shown"]:
        entry = by_name[each["name"]]
        assert each == {
            "name": entry.name, "sha256": entry.sha256, "label": found.label_of(entry), "part": entry.split
        }  # fmt: skip


def test_few_labels_are_shown_evenly_and_pictures_without_one_are_counted_too(there: There) -> None:
    found = many(300, 2)
    entries = [entry._replace(label=None) if number < 10 else entry for number, entry in enumerate(found.entries)]
    seen = there.see(images_of(there.bench.context, content_of(found.labels, entries)))
    assert [each["label"] for each in seen["labels"]] == ["class 0000", "class 0001", None]
    assert [each["label"] for each in seen["shown"]] == [None] * 8 + ["class 0000"] * 8 + ["class 0001"] * 8
    places = [int(each["name"][:5]) for each in seen["shown"] if each["label"] == "class 0001"]
    assert max(places) - min(places) > 200


def test_what_is_shown_stays_small_with_thousands_of_labels_and_long_names(there: There) -> None:
    seen = there.see(split_of(there.bench.context, many(6000, 3000, "{}" + "x" * 900)))
    assert seen["more_labels"] == 2500
    assert all(len(each["name"]) <= 80 for each in seen["shown"])


def test_features_are_a_map_on_which_what_the_network_finds_alike_lies_together(there: There) -> None:
    seen = there.see(there.features)
    assert (seen["width"], seen["pictures"], len(seen["points"])) == (24, 20, 20)
    assert seen["labels"] == ["a", "b"]
    x, label = (np.array([point[key] for point in seen["points"]]) for key in ("x", "label"))
    # The classes are of different colours, and colours are what such a network sees first.
    assert max(x[label == 0]) < min(x[label == 1]) or max(x[label == 1]) < min(x[label == 0])
    assert 0.5 < seen["explained"][0] <= 1
    assert seen == there.see(there.features)
    spread = np.array([[point["x"], point["y"]] for point in seen["points"]]).var(axis=0)
    assert spread[0] / spread[1] == pytest.approx(seen["explained"][0] / seen["explained"][1], rel=1e-2)


def test_features_that_are_not_in_the_cache_any_more_are_no_points(there: There) -> None:
    split = split_of(there.bench.context, many(10_000, 40))
    seen = there.see(msgspec.structs.replace(there.features, split=split))
    assert (seen["pictures"], seen["points"], seen["explained"]) == (10_000, [], [0, 0])


def test_a_model_is_a_card(there: There) -> None:
    seen = there.see(there.model)
    assert seen["labels"] == ["a", "b"]
    assert (seen["digest"], seen["bytes"]) == (there.model.digest, len(there.bench.blobs.get(there.model.digest)))
    assert seen["backbone"]["licence"]
    assert (seen["head"], seen["input"]["width"]) == ("logistic regression", 32)
    assert seen["recipe"].startswith(f"logistic regression on {seen['backbone']['id']} at 32 × 32 pixels (squash)")
    assert "像素" in seen["recipe_zh"]
    low, high = seen["metrics"]["accuracy_interval"]
    assert low <= seen["metrics"]["accuracy"] <= high
    assert seen["calibration"]["temperature"] > 0
    assert seen["unknown"]["threshold"]


def test_an_evaluation_has_its_matrix(there: There) -> None:
    seen = there.see(there.report)
    told = there.bench.told(there.report)
    assert (seen["kind"], seen["labels"], seen["confusion"]) == ("evaluation", ["a", "b"], told["confusion"])
    assert seen["per_class"] == told["per_class"]
    assert seen["figures"]["accuracy_interval"] == told["accuracy_interval"]
    assert seen["headline"]["accuracy"] == told["accuracy"]


def test_of_very_many_classes_the_commonest_mistakes_and_the_worst_classes_are_told(there: There) -> None:
    truth = np.arange(3000) % 600
    scores = np.full((3000, 600), 1e-4)
    scores[np.arange(3000), np.where(truth == 7, 8, truth)] = 1
    made = evaluate(scores / scores.sum(axis=1, keepdims=True), truth, [f"class {number}" for number in range(600)])
    digest = there.bench.blobs.put(msgspec.json.encode(made))
    seen = there.see(Report(digest=digest, about="evaluation"))
    assert seen["confusion"] == seen["labels"] == []
    assert seen["confused"] == [{"truth": "class 7", "answer": "class 8", "pictures": 5}]
    assert seen["more_classes"] == 400
    assert {each["label"] for each in seen["per_class"]} >= {"class 7", "class 8"}


def test_of_other_reports_long_lists_are_cut(there: There) -> None:
    told = {"pictures": 9000, "left_out": [{"name": f"{number}", "en": "It is gone. " * 10} for number in range(9000)]}
    seen = there.see(
        Report(digest=there.bench.blobs.put(msgspec.json.encode(told)), about="cleaning", headline={"kept": 1})
    )
    assert (seen["headline"], seen["told"]["pictures"]) == ({"kept": 1}, 9000)
    assert 50 <= len(seen["told"]["left_out"]) == seen["cut_to"] < 9000


def test_of_a_report_that_is_no_json_there_is_its_headline(there: There) -> None:
    seen = there.see(Report(digest=there.bench.blobs.put(b"PK\x03\x04\xff"), about="export", headline={"bytes": 5}))
    assert (seen["about"], seen["headline"], seen["told"]) == ("export", {"bytes": 5}, None)


def test_a_deployment_is_a_name_and_a_url(there: There) -> None:
    seen = there.see(Deployment(digest=there.model.digest, name="fruit", url="http://127.0.0.1/api/image/fruit"))
    assert seen == {
        "kind": "deployment", "name": "fruit", "url": "http://127.0.0.1/api/image/fruit", "model": there.model.digest
    }  # fmt: skip


@pytest.mark.parametrize("of", [Split(digest="0" * 64, labels={}, parts={}), Report(digest="0" * 64, about="x")])
def test_what_is_gone_is_a_sentence(there: There, of: Reference) -> None:
    with pytest.raises(NotFound):
        there.see(of)


def test_the_command_prints_what_there_is_to_see(there: There, tmp_path: Path) -> None:
    graph = tmp_path / "graph.json"
    nodes = [
        {"id": "photos", "type": "data.folder", "params": {"path": str(there.bench.folder / "photos")}},
        {"id": "parts", "type": "data.split", "params": {"test": 0.25}},
    ]
    edges = [{"source": ["photos", "images"], "target": ["parts", "images"]}]
    graph.write_text(json.dumps({"nodes": nodes, "edges": edges}))
    said = CliRunner().invoke(app, ["run", str(graph), "--show", "parts", "--workspace", str(tmp_path / "ws")])
    assert said.exit_code == 0, said.output
    assert json.loads(said.stdout)["split"] == there.see(there.split)
    said = CliRunner().invoke(app, ["run", str(graph), "--show", "plum", "--workspace", str(tmp_path / "ws")])
    assert "--show names the node 'plum'" in str(said.exception or said.stderr)
