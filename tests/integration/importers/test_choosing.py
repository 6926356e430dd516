"""Which format is taken, and what is told where more than one fits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fenlei.datasets import DatasetError, listing
from fenlei.datasets.importers import FORMATS, look, look_sent, preview
from tests.integration.importers.piles import files_below, picture, places, reasons, tarred, written, zipped
from tests.support.drawing import png


def pictures(*names: str) -> dict[str, bytes | str]:
    return {name: picture(name) for name in names}


def test_a_manifest_that_names_the_pictures_comes_before_their_folders_and_both_are_told(tmp_path: Path) -> None:
    written(tmp_path, {**pictures("cat/1.jpg", "dog/2.jpg"), "list.csv": "path,label\ncat/1.jpg,tom\ndog/2.jpg,rex\n"})
    found = look(tmp_path)
    assert (found.format, found.labels) == ("csv", ["rex", "tom"])
    assert "Read as csv" in found.notes[0]
    assert "class-folders" in found.notes[0]
    assert look(tmp_path, format="class-folders").labels == ["cat", "dog"]


def test_a_manifest_that_names_few_pictures_does_not_hide_the_folders(tmp_path: Path) -> None:
    names = [f"{label}/{number}.jpg" for label in ("cat", "dog") for number in range(5)]
    written(tmp_path, {**pictures(*names), "best.csv": "path,label\ncat/1.jpg,good\n"})
    found = look(tmp_path)
    assert (found.format, len(found.files)) == ("class-folders", 10)
    assert "best.csv names 1 of 10 pictures" in found.notes[0]


def test_a_table_of_something_else_is_no_manifest(tmp_path: Path) -> None:
    written(tmp_path, {**pictures("cat/1.jpg", "dog/2.jpg"), "classes.csv": "name,label\ncat,0\ndog,1\n"})
    assert look(tmp_path).format == "class-folders"


@pytest.mark.parametrize("name", ["txfl-result.json", "export.json", "list.csv"])
def test_a_manifest_that_cannot_be_read_is_told_and_the_folders_are_taken(tmp_path: Path, name: str) -> None:
    broken: dict[str, bytes | str] = {
        "txfl-result.json": '{"categories":[{"name":"tom","images":[{"url":"cat/1.jpg"}',
        "export.json": '[{"data":{"image":"cat/1.jpg"},"annotations":[',
        "list.csv": b"path,label\ncat/1.jpg,\xff\xff\n",
    }
    found = look(written(tmp_path, {**pictures("cat/1.jpg", "dog/2.jpg"), name: broken[name]}))
    assert found.format == "class-folders"
    assert len(found.files) == 2
    assert any(name in note for note in found.notes)


def test_a_manifest_that_is_too_large_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MAX_MANIFEST_BYTES", 10)
    found = look(written(tmp_path, {**pictures("cat/1.jpg", "dog/2.jpg"), "list.csv": "path,label\ncat/1.jpg,tom\n"}))
    assert found.labels == ["cat", "dog"]
    assert any("list.csv is larger than" in note for note in found.notes)


@pytest.mark.parametrize("slug", FORMATS)
def test_every_format_can_be_named_and_an_unknown_one_is_refused(tmp_path: Path, slug: str) -> None:
    written(tmp_path, {"readme.txt": "words"})
    with pytest.raises(DatasetError):
        look(tmp_path, format=slug)
    with pytest.raises(DatasetError, match=f"no format of data sets. Known are .*{slug}"):
        look(tmp_path, format=f"{slug}s")


def test_one_picture(tmp_path: Path) -> None:
    written(tmp_path, {"猫.png": png(4, 4), "other.jpg": picture()})
    found = look(tmp_path / "猫.png")
    assert (found.format, places(found)) == ("unlabelled", {"猫.png": (None, None)})
    assert found.files[0].read() == png(4, 4)


@pytest.mark.parametrize("folder", ["images", "Photos", "图片", "train"])
def test_one_folder_that_is_no_class_holds_unlabelled_pictures(tmp_path: Path, folder: str) -> None:
    found = look(written(tmp_path, pictures(f"{folder}/1.jpg", f"{folder}/2.jpg")))
    assert (found.format, found.labels) == ("unlabelled", [])
    assert "class-folders" in found.notes[0]


def test_one_folder_of_another_name_is_a_class(tmp_path: Path) -> None:
    assert look(written(tmp_path, pictures("cat/1.jpg"))).labels == ["cat"]


def test_parts_without_class_folders_have_pictures_without_a_class(tmp_path: Path) -> None:
    found = look(written(tmp_path, pictures("train/cat/1.jpg", "train/dog/2.jpg", "test/3.jpg")))
    assert found.format == "train-val-test"
    assert places(found)["test/3.jpg"] == (None, "test")
    flat = look(written(tmp_path / "flat", pictures("train/1.jpg", "val/2.jpg")))
    assert places(flat) == {"train/1.jpg": (None, "train"), "val/2.jpg": (None, "validation")}
    alone = look(written(tmp_path / "alone", pictures("test/cat/1.jpg", "test/dog/2.jpg")))
    assert places(alone)["test/cat/1.jpg"] == ("cat", "test")


def test_vehicles_are_no_split(tmp_path: Path) -> None:
    found = look(written(tmp_path, pictures("bus/1.jpg", "car/2.jpg", "train/3.jpg")))
    assert (found.format, found.labels) == ("class-folders", ["bus", "car", "train"])


def test_an_empty_folder_is_a_class_and_pictures_beside_folders_are_told(tmp_path: Path) -> None:
    written(tmp_path, pictures("cat/1.jpg", "dog/2.jpg", "loose.jpg"))
    (tmp_path / "bird").mkdir()
    found = look(tmp_path)
    assert found.labels == ["bird", "cat", "dog"]
    assert "beside the class folders" in reasons(found)["loose.jpg"]


def test_the_folder_of_a_download_for_pictures_without_a_class_is_none(tmp_path: Path) -> None:
    found = look(written(tmp_path, pictures("cat/1.jpg", "_unlabelled/2.jpg")))
    assert found.labels == ["cat"]
    assert places(found)["_unlabelled/2.jpg"] == (None, None)


def test_classes_that_differ_in_case_only_are_two_and_are_told(tmp_path: Path) -> None:
    found = look(written(tmp_path, pictures("Cat/1.jpg", "cat/1.JPG")))
    assert found.labels == ["Cat", "cat"]
    assert any("“Cat” and “cat”" in note for note in found.notes)
    assert any("1 names differ" in note for note in found.notes)


def test_a_manifest_may_be_sent_beside_an_archive_of_the_pictures(tmp_path: Path) -> None:
    zipped(tmp_path / "blob1", pictures("1.jpg", "2.jpg"), "pets/")
    export = [
        {"data": {"image": f"/data/upload/1/{mark}-{n}.jpg"}, "annotations": [{"result": [choice(label)]}]}
        for mark, n, label in (("0a1b2c3d", 1, "cat"), ("9f8e7d6c", 2, "dog"))
    ]
    written(tmp_path, {"blob2": json.dumps(export)})
    with look_sent([("pets.zip", tmp_path / "blob1"), ("export.json", tmp_path / "blob2")]) as found:
        assert found.format == "label-studio"
        assert places(found) == {"pets/1.jpg": ("cat", None), "pets/2.jpg": ("dog", None)}
        assert found.files[0].read() == picture("1.jpg")


def choice(label: str) -> dict[str, object]:
    return {"from_name": "choice", "type": "choices", "value": {"choices": [label]}}


def test_several_archives_are_folders_of_their_names(tmp_path: Path) -> None:
    zipped(tmp_path / "cat.zip", pictures("1.jpg"))
    tarred(tmp_path / "dog.tar.gz", pictures("1.jpg"), "gz")
    with look(tmp_path) as found:
        assert places(found) == {"cat/1.jpg": ("cat", None), "dog/1.jpg": ("dog", None)}


def test_archives_beside_pictures_and_inside_archives_are_not_opened(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", pictures("dog/2.jpg")).read_bytes()
    files = {**pictures("cat/1.jpg", "dog/1.jpg"), "more.zip": inner, "cat/more.tar.gz": b"\x1f\x8b"}
    beside = look(written(tmp_path / "folder", files))
    with look(zipped(tmp_path / "outer.zip", files)) as found:
        for each in (beside, found):
            assert set(places(each)) == {"cat/1.jpg", "dog/1.jpg"}
            assert "archive inside" in reasons(each)["cat/more.tar.gz"]


def test_files_that_were_sent_keep_their_names_and_lead_nowhere(tmp_path: Path) -> None:
    written(tmp_path, {"up_1": picture("1"), "up_2": picture("2"), "up_3": "words"})
    sent = [("../../cat/1.jpg", "up_1"), ("C\\dog\\2.jpg", "up_2"), ("/etc/passwd", "up_3")]
    found = look_sent([(name, tmp_path / place) for name, place in sent], format="unlabelled")
    assert {file.name: file.read() for file in found.files} == {"cat/1.jpg": picture("1"), "C/dog/2.jpg": picture("2")}
    assert "no picture" in reasons(found)["etc/passwd"]


def test_an_archive_that_was_sent_is_called_by_the_name_it_was_sent_under(tmp_path: Path) -> None:
    broken = tmp_path / "up_17"
    broken.write_bytes(zipped(tmp_path / "x.zip", pictures("cat/1.jpg")).read_bytes()[:-30])
    with pytest.raises(DatasetError, match=r"^pets\.zip is no zip") as caught:
        look_sent([("pets.zip", broken)])
    assert str(tmp_path) not in str(caught.value)


def test_nothing_was_sent() -> None:
    with pytest.raises(DatasetError, match="What was sent holds no pictures"):
        look_sent([])


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"Rar!\x1a\x07\x01\x00", "RAR"),
        (b"7z\xbc\xaf\x27\x1c\x00\x04", "7z"),
        (b"\x28\xb5\x2f\xfd" + bytes(20), "Zstandard.*tar.gz"),
        (b"words, just words", "no folder, zip, tar, picture or manifest"),
        (b"", "no folder, zip, tar, picture or manifest"),
    ],
)
def test_what_cannot_be_read_is_told_by_its_kind(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "given").write_bytes(data)
    with pytest.raises(DatasetError, match=said):
        look(tmp_path / "given")


def test_nothing_at_the_path(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="does not exist"):
        look(tmp_path / "nowhere")
    with pytest.raises(DatasetError, match="holds no pictures"):
        look(tmp_path)


def test_a_preview_is_small_however_much_there_is(tmp_path: Path) -> None:
    names = [f"class{number:04}/1.jpg" for number in range(1200)] + [f"x{number}.doc" for number in range(30)]
    with look(zipped(tmp_path / "set.zip", pictures(*names))) as found:
        seen = preview(found, most=5)
    assert len(seen["labels"]) == 1000
    assert (seen["labels_left_off"], seen["pictures"], len(seen["first"])) == (200, 1200, 5)
    assert seen["skipped"]["reasons"][0]["files"] == 30
    assert len(seen["skipped"]["reasons"][0]["examples"]) == 3
    assert json.loads(json.dumps(seen)) == seen
    assert files_below(tmp_path).keys() == {"set.zip"}
