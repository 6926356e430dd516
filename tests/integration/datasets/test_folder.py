"""Folders and zips of class folders, as people have them on their disks."""

from __future__ import annotations

import os
import random
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fenlei.datasets import DatasetError, FoundPictures, Part, archive, found, scan
from tests.support.archives import gbk_zip
from tests.support.drawing import jpeg, png

PICTURE = png(32, 32)


def write(root: Path, *names: str, data: bytes = PICTURE) -> Path:
    for name in names:
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return root


def zipped(path: Path, *names: str, data: bytes = PICTURE) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name in names:
            out.writestr(name, data)
    return path


def places(result: FoundPictures) -> dict[str, tuple[str, str | None]]:
    return {item.name: (item.label, item.part and item.part.value) for item in result.items}


def reasons(result: FoundPictures) -> dict[str, str]:
    return {skipped.name: skipped.reason for skipped in result.skipped}


def test_a_folder_per_class(tmp_path: Path) -> None:
    result = scan(write(tmp_path, "dog/1.png", "cat/2.JPG", "cat/deep/er/3.jpeg"))
    assert result.labels == ["cat", "dog"]
    assert places(result) == {
        "dog/1.png": ("dog", None),
        "cat/2.JPG": ("cat", None),
        "cat/deep/er/3.jpeg": ("cat", None),
    }
    assert {item.read() for item in result.items} == {PICTURE}


def test_classes_stand_in_code_point_order(tmp_path: Path) -> None:
    result = scan(write(tmp_path, "狗/1.png", "猫/1.png", "b/1.png", "B/1.png", "10/1.png", "9/1.png"))
    assert result.labels == ["10", "9", "B", "b", "狗", "猫"]


def test_a_decomposed_name_is_the_same_class(tmp_path: Path) -> None:
    result = scan(write(tmp_path, "fore\u0302t/1.png", "mer/1.png"))
    assert result.labels == ["forêt", "mer"]


def test_what_is_no_picture_is_skipped_with_its_reason(tmp_path: Path) -> None:
    write(tmp_path, "cat/1.png", "dog/1.png", "dog/2")
    write(tmp_path, "cat/notes.txt", "readme.md", "cat/Thumbs.db", ".git/config", "cat/._1.png", data=b"words, words")
    write(tmp_path, "loose.jpg")
    result = scan(tmp_path)
    assert set(places(result)) == {"cat/1.png", "dog/1.png", "dog/2"}
    said = reasons(result)
    assert set(said) == {"cat/notes.txt", "readme.md", "cat/Thumbs.db", ".git", "cat/._1.png", "loose.jpg"}
    assert "no picture" in said["cat/notes.txt"]
    assert "operating system" in said["cat/Thumbs.db"]
    assert "hidden" in said[".git"]
    assert "beside the class folders" in said["loose.jpg"]


def test_train_and_test_folders_are_parts(tmp_path: Path) -> None:
    result = scan(write(tmp_path, "Train/cat/1.png", "Train/dog/1.png", "test/cat/2.png", "valid/dog/x/3.png"))
    assert result.labels == ["cat", "dog"]
    assert places(result) == {
        "Train/cat/1.png": ("cat", Part.TRAIN),
        "Train/dog/1.png": ("dog", Part.TRAIN),
        "test/cat/2.png": ("cat", Part.TEST),
        "valid/dog/x/3.png": ("dog", Part.VALIDATION),
    }


def test_files_beside_the_parts_and_beside_their_classes_are_skipped(tmp_path: Path) -> None:
    write(tmp_path, "train/cat/1.png", "train/dog/1.png", "test/cat/2.png", "manifest.csv", "train/a.png", "more/b.png")
    assert set(reasons(scan(tmp_path))) == {"manifest.csv", "train/a.png", "more/b.png"}


def test_train_alone_is_a_part_and_among_vehicles_a_class(tmp_path: Path) -> None:
    alone = scan(write(tmp_path / "one", "train/cat/1.png", "train/dog/1.png"))
    assert alone.labels == ["cat", "dog"]
    vehicles = scan(write(tmp_path / "two", "bus/1.png", "car/1.png", "train/1.png"))
    assert vehicles.labels == ["bus", "car", "train"]


def test_a_class_that_only_the_test_part_has_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "train/cat/1.png", "train/dog/1.png", "test/bird/1.png")
    with pytest.raises(DatasetError, match=r"bird: pictures of this class are in test/ but none in train/"):
        scan(tmp_path)


def test_one_folder_around_it_all_is_stepped_into(tmp_path: Path) -> None:
    result = scan(write(tmp_path, "photos/cat/1.png", "photos/dog/1.png", "README.txt"))
    assert result.labels == ["cat", "dog"]
    assert [item.name for item in result.items] == ["photos/cat/1.png", "photos/dog/1.png"]
    nested = scan(write(tmp_path / "n", "set/train/cat/1.png", "set/train/dog/1.png", "set/test/dog/2.png"))
    assert {item.part for item in nested.items} == {Part.TRAIN, Part.TEST}


def test_folders_around_folders_are_stepped_into(tmp_path: Path) -> None:
    result = scan(write(tmp_path, "photos/photos/cat/1.png", "photos/photos/dog/1.png", "photos/README.txt"))
    assert result.labels == ["cat", "dog"]
    assert reasons(result) == {"photos/README.txt": "it lies beside the folder photos/photos/ that holds the classes"}
    parted = scan(write(tmp_path / "n", "a/b/train/cat/1.png", "a/b/train/dog/1.png", "a/b/test/dog/2.png"))
    assert {item.part for item in parted.items} == {Part.TRAIN, Part.TEST}


def test_a_class_that_only_the_test_part_has_is_no_matter_to_who_judges(tmp_path: Path) -> None:
    write(tmp_path, "train/cat/1.png", "train/dog/1.png", "test/bird/1.png")
    assert {item.label for item in scan(tmp_path, to_learn=False).items} == {"bird", "cat", "dog"}


def test_an_empty_class_folder_is_a_class(tmp_path: Path) -> None:
    write(tmp_path, "cat/1.png", "dog/1.png")
    (tmp_path / "bird").mkdir()
    assert scan(tmp_path).labels == ["bird", "cat", "dog"]


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside", "secret.png")
    inside = write(tmp_path / "inside", "cat/1.png", "dog/1.png")
    (inside / "cat/out.png").symlink_to(outside / "secret.png")
    (inside / "cat/all").symlink_to(outside)
    (inside / "cat/loop").symlink_to(inside)
    (inside / "cat/gone.png").symlink_to(inside / "nowhere.png")
    (inside / "dog/2.png").symlink_to(inside / "dog/1.png")
    result = scan(inside)
    assert set(places(result)) == {"cat/1.png", "dog/1.png", "dog/2.png"}
    said = reasons(result)
    assert "leads out of the folder" in said["cat/out.png"]
    assert "leads out of the folder" in said["cat/all"]
    assert "link to a folder" in said["cat/loop"]
    assert "nowhere" in said["cat/gone.png"]


def test_a_pipe_is_no_regular_file(tmp_path: Path) -> None:
    write(tmp_path, "cat/1.png", "dog/1.png")
    os.mkfifo(tmp_path / "cat/pipe.jpg")
    assert "no regular file" in reasons(scan(tmp_path))["cat/pipe.jpg"]


def test_a_folder_name_in_gbk_bytes_is_read(tmp_path: Path) -> None:
    os.makedirs(os.fsencode(tmp_path) + b"/" + "狗".encode("gbk"))  # noqa: PTH103 - a name that is no text
    write(tmp_path, "dog/1.png")
    assert scan(tmp_path).labels == ["dog", "狗"]


@pytest.mark.parametrize("kind", ["absent", "empty", "text", "files"])
def test_what_holds_no_class_folders_is_refused(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "DIR"
    if kind == "text":
        place.write_text("hello")
    elif kind == "files":
        write(place, "1.png")
    elif kind == "empty":
        place.mkdir()
    expected = {"absent": "does not exist", "text": "no zip", "files": "no class folders", "empty": "no class folders"}
    with pytest.raises(DatasetError, match=expected[kind]):
        scan(place)


def test_a_zip_is_read_in_place_from_many_threads(tmp_path: Path) -> None:
    path = tmp_path / "set.zip"
    pictures = {f"{label}/{number}.jpg": jpeg(40, 40, seed=number) for label in "ab" for number in range(20)}
    with zipfile.ZipFile(path, "w") as out:
        for name, data in pictures.items():
            out.writestr(name, data)
    with scan(path) as result, ThreadPoolExecutor(8) as pool:
        items = result.items * 5
        random.Random(0).shuffle(items)
        assert all(
            data == pictures[item.name] for item, data in zip(items, pool.map(lambda i: i.read(), items), strict=True)
        )
    assert sorted(each.name for each in tmp_path.iterdir()) == ["set.zip"]


def test_a_zip_of_gbk_names_with_a_folder_around_it(tmp_path: Path) -> None:
    path = gbk_zip(tmp_path / "照片.zip", {"照片/猫/一.png": PICTURE, "照片/狗/二.png": PICTURE})
    assert "狗".encode("gbk") in path.read_bytes()
    with scan(path) as result:
        assert result.labels == ["狗", "猫"]
        assert result.items[0].read() == PICTURE


def test_junk_links_and_secrets_in_a_zip_are_skipped(tmp_path: Path) -> None:
    path = zipped(tmp_path / "set.zip", "cat/1.png", "dog/1.png", "__MACOSX/cat/._1.png", "cat/.DS_Store", "cat/a.txt")
    with zipfile.ZipFile(path, "a") as out:
        link = zipfile.ZipInfo("cat/link.png")
        link.external_attr = 0o120777 << 16
        out.writestr(link, "/etc/passwd")
        out.writestr("../../cat/up.png", PICTURE)
    with zipfile.ZipFile(path, "a") as out:
        out.writestr("dog/text.txt", b"words")
    with scan(path) as result:
        said = reasons(result)
        assert set(places(result)) == {"cat/1.png", "dog/1.png", "cat/up.png", "cat/a.txt"}
        assert set(said) == {"__MACOSX/cat/._1.png", "cat/.DS_Store", "cat/link.png", "dog/text.txt"}
        assert "links in a zip" in said["cat/link.png"]


def test_an_encrypted_picture_is_skipped(tmp_path: Path) -> None:
    path = zipped(tmp_path / "set.zip", "cat/1.png", "dog/1.png")
    raw = bytearray(path.read_bytes())
    at = raw.index(b"PK\x01\x02")
    raw[at + 8] |= 1
    path.write_bytes(raw)
    with scan(path) as result:
        assert "encrypted" in reasons(result)["cat/1.png"]


def test_a_damaged_entry_is_an_error_of_that_picture(tmp_path: Path) -> None:
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("cat/1.png", PICTURE)
        out.writestr("dog/1.png", PICTURE)
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"IDAT") + 6] ^= 0xFF
    path.write_bytes(raw)
    with scan(path) as result:
        cat, dog = result.items
        with pytest.raises(DatasetError, match=r"cat/1\.png cannot be read from the zip"):
            cat.read()
        assert dog.read() == PICTURE


def test_a_file_that_is_gone_by_now_is_an_error_of_that_picture(tmp_path: Path) -> None:
    result = scan(write(tmp_path, "cat/1.png", "dog/1.png"))
    (tmp_path / "cat/1.png").unlink()
    with pytest.raises(DatasetError, match=r"cat/1\.png cannot be read"):
        result.items[0].read()


def test_bytes_that_come_out_of_a_zip_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "FREE_BYTES", 100_000)
    monkeypatch.setattr(archive, "MAX_GROWTH", 2)
    path = zipped(
        tmp_path / "bomb.zip",
        *(f"{label}/{n}.png" for label in "ab" for n in range(5)),
        data=b"\xff\xd8\xff" + bytes(50_000),
    )
    with scan(path) as result:
        outcomes: list[int | str] = []
        for item in [*result.items, *result.items]:
            try:
                outcomes.append(len(item.read()))
            except DatasetError as exc:
                outcomes.append(str(exc))
        assert outcomes[0] == 50_003
        assert "unpacks to more than 2 times" in str(outcomes[9])


def test_a_picture_that_is_too_large_is_an_error_however_small_it_claims_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_PICTURE_BYTES", 1000)
    path = zipped(tmp_path / "set.zip", "cat/1.png", "dog/1.png", data=bytes(5000))
    with scan(path) as result, pytest.raises(DatasetError, match="larger than"):
        result.items[0].read()
    assert found.MAX_PICTURE_BYTES == 128 * 1024 * 1024


def test_pictures_behind_a_bomb_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "FREE_BYTES", 100_000)
    monkeypatch.setattr(archive, "MAX_GROWTH", 2)
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for number in range(4):
            out.writestr(f"cat/{number}.png", bytes(60_000))
        out.writestr("dog/1.png", PICTURE)
    with scan(path) as result:
        outcomes = {}
        for item in result.items:
            try:
                outcomes[item.name] = item.read()[:8]
            except DatasetError:
                outcomes[item.name] = b"left"
    assert [data for name, data in outcomes.items() if name.startswith("cat/")] == [bytes(8)] + [b"left"] * 3
    assert outcomes["dog/1.png"] == PICTURE[:8]


def test_a_damaged_entry_of_any_packing_is_an_error_of_that_picture(tmp_path: Path) -> None:
    for packing in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        path = tmp_path / f"{packing}.zip"
        with zipfile.ZipFile(path, "w", packing) as out:
            out.writestr("cat/1.png", PICTURE * 40)
            out.writestr("dog/1.png", PICTURE)
        raw = bytearray(path.read_bytes())
        raw[60:90] = b"\xff" * 30
        path.write_bytes(raw)
        with scan(path) as result, pytest.raises(DatasetError, match=r"cat/1\.png cannot be read from the zip"):
            result.items[0].read()


def test_a_zip_of_encrypted_pictures_alone_says_that_they_are(tmp_path: Path) -> None:
    path = zipped(tmp_path / "set.zip", "cat/1.png", "dog/1.png")
    raw = bytearray(path.read_bytes())
    for at in [place for place in range(len(raw)) if raw.startswith(b"PK\x01\x02", place)]:
        raw[at + 8] |= 1
    path.write_bytes(raw)
    with pytest.raises(DatasetError, match=r"cat/1\.png and 1 more left aside: it is encrypted"):
        scan(path)


def test_a_zip_cut_short_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "set.zip", "cat/1.png", "dog/1.png")
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DatasetError, match="no zip that can be read"):
        scan(path)


def test_closing_lets_go_of_the_zip(tmp_path: Path) -> None:
    path = zipped(tmp_path / "set.zip", "cat/1.png", "dog/1.png")
    with scan(path) as result:
        pass
    with pytest.raises(DatasetError):
        result.items[0].read()
