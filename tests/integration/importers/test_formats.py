"""Every format passes the suite."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fenlei.datasets.importers import look
from tests.integration.importers.importer_suite import ImporterSuite, ManifestSuite, Said, Shot
from tests.integration.importers.piles import picture, written

JSON_WRONG = (["cat", "dog"], {"name": "cat"}, True, 0.5)


class TestClassFolders(ImporterSuite):
    slug = "class-folders"
    says_parts = False

    def lay_out(self, root: Path, shots: Sequence[Shot]) -> dict[str, Shot]:
        laid = {f"{shot.label}/{shot.name}": shot for shot in shots}
        written(root, {name: picture(shot.name) for name, shot in laid.items()})
        return laid


class TestTrainValTest(ImporterSuite):
    slug = "train-val-test"

    def lay_out(self, root: Path, shots: Sequence[Shot]) -> dict[str, Shot]:
        laid = {f"{shot.part}/{shot.label}/{shot.name}": shot for shot in shots}
        written(root, {name: picture(shot.name) for name, shot in laid.items()})
        return laid


class TestUnlabelled(ImporterSuite):
    slug = "unlabelled"
    says_parts = says_labels = False

    def lay_out(self, root: Path, shots: Sequence[Shot]) -> dict[str, Shot]:
        laid = {shot.name: shot for shot in shots}
        written(root, {name: picture(shot.name) for name, shot in laid.items()})
        return laid


class TestTxfl(ManifestSuite):
    slug = "txfl"
    says_parts = False
    keeps_order = True
    wrong_labels = JSON_WRONG

    def write(self, root: Path, said: Sequence[Said]) -> None:
        categories: list[dict[str, Any]] = []
        for each in said:
            category = next((one for one in categories if one["name"] == each.label), None)
            if category is None:
                category = {"name": each.label, "images": []}
                categories.append(category)
            category["images"].append({"url": each.reference})
        text = json.dumps({"categories": categories}, ensure_ascii=False)
        written(root, {"txfl-result.json": text})

    def own_files(self, root: Path) -> set[str]:
        return {"txfl-result.json"}

    def test_pictures_stay_in_the_order_of_the_manifest(self, root: Path) -> None:
        laid = self.lay_out(root, [Shot("z.jpg", "cat"), Shot("a.jpg", "cat"), Shot("m.jpg", "ant")])
        assert [file.name for file in look(root).files] == list(laid)


class TestCsv(ManifestSuite):
    slug = "csv"

    def write(self, root: Path, said: Sequence[Said]) -> None:
        root.mkdir(parents=True, exist_ok=True)
        with (root / "list.csv").open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(["path", "label", "split"])
            writer.writerows([each.reference, each.label, each.part] for each in said)

    def own_files(self, root: Path) -> set[str]:
        return {"list.csv"}


class TestJsonl(ManifestSuite):
    slug = "jsonl"
    wrong_labels = JSON_WRONG

    def write(self, root: Path, said: Sequence[Said]) -> None:
        lines = [
            json.dumps({"image": each.reference, "class": each.label, "set": each.part}, ensure_ascii=False)
            for each in said
        ]
        written(root, {"list.jsonl": "\n".join(lines) + "\n"})

    def own_files(self, root: Path) -> set[str]:
        return {"list.jsonl"}


class TestJsonArray(TestJsonl):
    def write(self, root: Path, said: Sequence[Said]) -> None:
        rows = [{"file_name": each.reference, "label": each.label, "split": each.part} for each in said]
        written(root, {"list.json": json.dumps(rows, indent=1)})

    def own_files(self, root: Path) -> set[str]:
        return {"list.json"}


class TestImageFolder(ManifestSuite):
    slug = "imagefolder"
    wrong_labels = JSON_WRONG

    def write(self, root: Path, said: Sequence[Said]) -> None:
        lines = [
            json.dumps({"file_name": each.reference, "label": each.label, "split": each.part, "text": "a caption"})
            for each in said
        ]
        written(root, {"metadata.jsonl": "\n".join(lines)})

    def own_files(self, root: Path) -> set[str]:
        return {"metadata.jsonl"}


class TestCoco(ManifestSuite):
    slug = "coco"
    keeps_order = True
    says_parts = False
    wrong_labels = JSON_WRONG

    def write(self, root: Path, said: Sequence[Said]) -> None:
        names: list[Any] = []
        images: dict[str, int] = {}
        annotations: list[dict[str, Any]] = []
        for each in said:
            image = images.setdefault(each.reference, len(images) + 1)
            if each.label is None:
                continue
            if each.label not in names:
                names.append(each.label)
            category = names.index(each.label) + 10
            annotations.append({"id": len(annotations), "image_id": image, "category_id": category, "bbox": [0, 0, 1]})
        document = {
            "info": {"year": 2026},
            "images": [{"id": number, "file_name": name, "width": 1} for name, number in images.items()],
            "annotations": annotations,
            "categories": [{"id": number + 10, "name": name} for number, name in enumerate(names)],
        }
        written(root, {"annotations.json": json.dumps(document)})

    def own_files(self, root: Path) -> set[str]:
        return {"annotations.json"}

    def test_a_picture_that_is_named_twice_alike_counts_once(self, root: Path) -> None:
        assert len(self.look_at(root, Said("pics/good.jpg", "cat")).files) == 2


class TestLabelStudio(ManifestSuite):
    slug = "label-studio"
    says_parts = False
    wrong_labels = (["cat", "dog"], {"name": "cat"}, True, 0.5)

    def write(self, root: Path, said: Sequence[Said]) -> None:
        tasks = []
        for number, each in enumerate(said, start=1):
            label = each.label if isinstance(each.label, list) else [each.label]
            result = [{"from_name": "choice", "to_name": "image", "type": "choices", "value": {"choices": label}}]
            annotation = {"id": number, "was_cancelled": False, "result": result if each.label is not None else []}
            tasks.append({"id": number, "data": {"image": each.reference}, "annotations": [annotation]})
        written(root, {"project-1.json": json.dumps(tasks)})

    def own_files(self, root: Path) -> set[str]:
        return {"project-1.json"}
