"""Clean leaves out what spoils training, and names each picture with its reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from fenlei.datasets.version_content import VersionEntry, content_of
from fenlei.pipelines.errors import PipelineError
from fenlei.pipelines.pictures import content, images_of
from tests.support.drawing import class_folders, encoded, jpeg, png, scene
from tests.support.workbench import Workbench


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path)


def names_left(bench: Workbench, images: object) -> set[str]:
    return {entry.name for entry in content(bench.context, images).entries}  # type: ignore[arg-type]


def by_name(bench: Workbench, report: object) -> dict[str, dict[str, object]]:
    return {each["name"]: each for each in bench.told(report)["left_out"]}  # type: ignore[arg-type]


def test_each_picture_that_is_left_out_is_named_with_its_reason(bench: Workbench, tmp_path: Path) -> None:
    root = class_folders(tmp_path / "photos", {"a": 4, "b": 4})
    (root / "a" / "copy.png").write_bytes((root / "a" / "0000.png").read_bytes())
    (root / "b" / "other_file.png").write_bytes(encoded(Image.open(root / "b" / "0001.png"), "PNG", compress_level=1))
    (root / "b" / "contradiction.png").write_bytes((root / "a" / "0002.png").read_bytes())
    (root / "b" / "small.png").write_bytes(png(20, 64, seed=5))
    (root / "b" / "flat.png").write_bytes(encoded(Image.new("RGB", (64, 64), (9, 9, 9)), "PNG"))
    images = bench.run("data.folder", path=str(root))
    cleaned, report = bench.run("data.clean", images, near_copies=False, blank=True)
    left = by_name(bench, report)
    assert {name: each["reason"] for name, each in left.items()} == {
        "a/copy.png": "exact-duplicates",
        "b/other_file.png": "exact-duplicates",
        "a/0002.png": "two-labels",
        "b/contradiction.png": "two-labels",
        "b/small.png": "too-small",
        "b/flat.png": "blank",
    }
    assert left["a/copy.png"]["others"] == ["a/0000.png"]
    assert "a/0000.png" in str(left["a/copy.png"]["en"])
    assert "20 × 64" in str(left["b/small.png"]["zh"])
    assert left["b/small.png"]["label"] == "b"
    assert names_left(bench, cleaned) == names_left(bench, images) - set(left)
    assert cleaned.labels == {"a": 3, "b": 4}
    assert report.about == "cleaning"
    assert report.headline["kept"] == 7


@pytest.mark.parametrize(
    ("keep", "left"),
    [
        ("none", []),
        ("first", ["a/0000.png"]),
        ("most", ["b/1.png"]),
        ("all", ["a/0000.png", "b/1.png", "b/2.png"]),
    ],
)
def test_of_copies_under_two_classes_those_are_kept_that_were_asked_for(
    bench: Workbench, tmp_path: Path, keep: str, left: list[str]
) -> None:
    root = class_folders(tmp_path / "photos", {"a": 3, "b": 3})
    for name in ("1.png", "2.png"):
        (root / "b" / name).write_bytes((root / "a" / "0000.png").read_bytes())
    images = bench.run("data.folder", path=str(root))
    cleaned, report = bench.run("data.clean", images, near_copies=False, two_labels=keep)
    same = {"a/0000.png", "b/1.png", "b/2.png"}
    assert sorted(names_left(bench, cleaned) & same) == left
    undecided = bench.told(report)["undecided"]
    assert [set(each["names"]) for each in undecided] == ([same] if keep == "all" else [])


def test_what_cannot_be_read_is_left_out_whatever_its_header_says(bench: Workbench, tmp_path: Path) -> None:
    whole = jpeg(200, 200, seed=1)
    root = class_folders(tmp_path / "photos", {"a": 2, "b": 2})
    found = content(bench.context, bench.run("data.folder", path=str(root)))
    broken = VersionEntry(
        "a/broken.jpg", bench.blobs.put(whole[: len(whole) // 2]), 0, None, None, 200, 200, len(whole) // 2
    )
    gone = VersionEntry("b/gone.jpg", "ab" * 32, 1, None, None, 64, 64, 10)
    images = images_of(bench.context, content_of(found.labels, [*found.entries, broken, gone]))
    cleaned, report = bench.run("data.clean", images, near_copies=False)
    left = by_name(bench, report)
    assert {name: each["reason"] for name, each in left.items()} == {
        "a/broken.jpg": "unreadable",
        "b/gone.jpg": "unreadable",
    }
    assert cleaned.pictures == 4


def test_near_copies_are_found_by_what_is_on_them_and_those_of_two_classes_stay(
    bench: Workbench, tmp_path: Path
) -> None:
    root = tmp_path / "photos"
    for label in ("a", "b"):
        (root / label).mkdir(parents=True)
    for number in range(16):
        picture = Image.fromarray(scene(96, number))
        picture.save(root / "ab"[number % 2] / f"{number:02d}.png")
    Image.open(root / "a" / "00.png").save(root / "a" / "saved_again.jpg", quality=80)
    Image.open(root / "a" / "02.png").save(root / "b" / "under_b.jpg", quality=80)
    images = bench.run("data.folder", path=str(root))
    cleaned, report = bench.run("data.clean", images)
    assert {name: each["reason"] for name, each in by_name(bench, report).items()} == {
        "a/saved_again.jpg": "near-duplicates"
    }
    assert [each["names"] for each in bench.told(report)["undecided"]] == [["a/02.png", "b/under_b.jpg"]]
    assert "b/under_b.jpg" in names_left(bench, cleaned)


def test_where_nothing_is_left_that_is_said(bench: Workbench, tmp_path: Path) -> None:
    images = bench.run("data.folder", path=str(class_folders(tmp_path / "photos", {"a": 2, "b": 2})))
    with pytest.raises(PipelineError, match="No picture is left"):
        bench.run("data.clean", images, near_copies=False, least_side=100)


def test_clean_pictures_stay_as_they_are(bench: Workbench, tmp_path: Path) -> None:
    images = bench.run("data.folder", path=str(class_folders(tmp_path / "photos", {"a": 3, "b": 3})))
    cleaned, report = bench.run("data.clean", images, near_copies=False)
    assert cleaned == images
    assert bench.told(report)["left_out"] == []


def test_where_pictures_cannot_be_compared_it_is_said_what_can_be_done(bench: Workbench, tmp_path: Path) -> None:
    images = bench.run("data.folder", path=str(class_folders(tmp_path / "photos", {"a": 2, "b": 2})))
    bench.backbone.unlink()
    with pytest.raises(PipelineError, match=r"tiny\.onnx.*Without `near_copies` the rest is cleaned"):
        bench.run("data.clean", images)
