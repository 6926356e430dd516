"""What is taken away is whole, the same every time, and can be brought back anywhere."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path, PureWindowsPath

import pytest

from fenlei.datasets.download import CSV_COLUMNS, archive_names, download_csv, download_zip
from fenlei.datasets.version_content import VersionContent, VersionEntry, content_of
from fenlei.datasets.versions import make_version, read_current, read_version
from fenlei.store import NotFound, Store
from tests.integration.datasets_store.importing import contents, drawn, imported, lay
from tests.support.drawing import png


def one_of(
    *names: str, labels: Sequence[str] = ("cat",), label: int | None = 0, split: str | None = None
) -> VersionContent:
    return content_of(labels, [VersionEntry(name, "0" * 64, label, split, None, 1, 1, 1) for name in names])


def test_the_zip_brings_everything_back(store: Store, tmp_path: Path) -> None:
    dataset_id, _ = imported(store, lay(tmp_path / "in", drawn("cat/1.png", "cat/猫 2.png", "dog/1.png")))
    version = make_version(store, dataset_id)
    pieces = list(download_zip(store, read_version(store, version.id)))
    assert len(pieces) > 3, "picture by picture"
    (tmp_path / "out.zip").write_bytes(b"".join(pieces))
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["cat/1.png", "cat/猫 2.png", "dog/1.png"]
        assert all(not info.flag_bits & 8 for info in archive.infolist()), (
            "sizes stand in front, for readers of streams"
        )
    back, answer = imported(store, tmp_path / "out.zip")
    assert answer["added"] == 3
    assert contents(store, back) == contents(store, dataset_id)


def test_the_same_version_is_the_same_zip(sqlite_store: Store, tmp_path: Path) -> None:
    dataset_id, _ = imported(sqlite_store, lay(tmp_path / "in", drawn(*(f"cat/{number}.png" for number in range(20)))))
    content = read_version(sqlite_store, make_version(sqlite_store, dataset_id).id)
    assert b"".join(download_zip(sqlite_store, content)) == b"".join(download_zip(sqlite_store, content))
    assert read_current(sqlite_store, dataset_id) == content


def test_parts_stand_around_the_classes_where_they_are_asked_for(sqlite_store: Store, tmp_path: Path) -> None:
    dataset_id, _ = imported(
        sqlite_store, lay(tmp_path / "in", drawn("train/cat/1.png", "train/dog/2.png", "test/cat/3.png"))
    )
    content = read_current(sqlite_store, dataset_id)
    assert archive_names(content) == ["cat/3.png", "cat/1.png", "dog/2.png"]
    (tmp_path / "out.zip").write_bytes(b"".join(download_zip(sqlite_store, content, parts=True)))
    back, _ = imported(sqlite_store, tmp_path / "out.zip")
    assert {name: row[2] for name, row in contents(sqlite_store, back).items()} == {
        "train/cat/1.png": "train",
        "train/dog/2.png": "train",
        "test/cat/3.png": "test",
    }


def test_more_files_than_an_old_zip_can_count(
    sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 2)
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 3_000)
    dataset_id, _ = imported(sqlite_store, lay(tmp_path / "in", drawn(*(f"cat/{number}.png" for number in range(9)))))
    content = read_current(sqlite_store, dataset_id)
    data = b"".join(download_zip(sqlite_store, content))
    assert b"PK\x06\x06" in data, "the ZIP64 end of the table of contents"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == 9


NASTY = [
    "../../etc/passwd",
    "/etc/passwd",
    "C:\\autoexec.bat",
    "con.png",
    "LPT1",
    "a:b?.png",
    "line\nbreak.png",
    "ends in dot.",
    "ends in space ",
    ".hidden.png",
    "..",
    " ",
    "x" * 900 + ".png",
    "猫" * 300 + ".png",
    "\u202egnp.exe",
]


def test_no_name_can_leave_its_folder_or_break_a_system() -> None:
    names = archive_names(one_of(*NASTY, labels=["../up\\and:away"]))
    assert len(set(names)) == len(NASTY)
    for name in names:
        folder, _, last = name.partition("/")
        assert folder == "_.._up_and_away"
        assert last
        assert not set(last) & set('<>:"/\\|?*\n\0')
        assert not last.startswith((".", " "))
        assert not last.endswith((".", " "))
        assert len(last.encode()) <= 250
        assert not PureWindowsPath(last).is_reserved()


def test_names_that_are_one_on_some_system_are_told_apart() -> None:
    assert archive_names(one_of("a/1.png", "b/1.PNG", "c/1.png", "c/1 (2).png")) == [
        "cat/1.png",
        "cat/1 (2).PNG",
        "cat/1 (2) (2).png",
        "cat/1 (3).png",
    ]
    two = content_of(
        ["a/b", "A:B"], [VersionEntry(f"{label}.png", "0" * 64, label, None, None, 1, 1, 1) for label in (0, 1)]
    )
    assert archive_names(two) == ["a_b/0.png", "A_B (2)/1.png"]


def test_pictures_without_a_label_have_a_folder_that_no_class_has() -> None:
    assert archive_names(one_of("1.png", label=None)) == ["_unlabelled/1.png"]
    assert archive_names(one_of("1.png", labels=["_unlabelled"], label=None)) == ["_unlabelled (2)/1.png"]
    assert archive_names(one_of("1.png", label=None, split=None), parts=True) == ["train/_unlabelled/1.png"]


def test_the_list_says_all_there_is_and_hides_no_formula(sqlite_store: Store, tmp_path: Path) -> None:
    files = {"=1+1.png": png(40, 30), 'a "b", c.png': png(40, 31), "plain.png": png(40, 32)}
    source = lay(tmp_path / "in", {f"cat/{name}": data for name, data in files.items()})
    dataset_id, _ = imported(sqlite_store, source, format="class-folders")
    content = read_current(sqlite_store, dataset_id)
    renamed = content_of(
        content.labels, [each._replace(name=each.name.removeprefix("cat/")) for each in content.entries]
    )
    text = "".join(download_csv(renamed))
    assert text.splitlines()[0] == "name,label,split,group,sha256,width,height,bytes"
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert [row["name"] for row in rows] == ["./=1+1.png", 'a "b", c.png', "plain.png"]
    assert [(row["label"], row["split"], row["width"], row["height"]) for row in rows] == [
        ("cat", "", "40", str(height)) for height in (30, 31, 32)
    ]
    assert [row["sha256"] for row in rows] == [each.sha256 for each in renamed.entries]


def test_a_blob_that_is_gone_ends_the_zip_with_an_error(store: Store, tmp_path: Path) -> None:
    dataset_id, _ = imported(store, lay(tmp_path / "in", drawn("cat/1.png", "cat/2.png")))
    content = read_current(store, dataset_id)
    store.blobs.remove([content.entries[1].sha256])
    with pytest.raises(NotFound):
        b"".join(download_zip(store, content))


def test_a_download_that_is_left_holds_nothing_back(sqlite_store: Store, tmp_path: Path) -> None:
    dataset_id, _ = imported(sqlite_store, lay(tmp_path / "in", drawn(*(f"cat/{number}.png" for number in range(30)))))
    stream = download_zip(sqlite_store, read_current(sqlite_store, dataset_id))
    assert next(iter(stream)).startswith(b"PK\x03\x04")
    stream.close()  # type: ignore[attr-defined]
