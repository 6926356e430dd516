"""Archives made to hurt, and those that are merely broken."""

from __future__ import annotations

import gzip
import io
import os
import struct
import tarfile
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import pytest

from fenlei.datasets import DatasetError, archive, listing, tar_archive
from fenlei.datasets.importers import Found, look
from tests.integration.importers.piles import picture, places, reasons, tarred, written, zipped

FILES: dict[str, bytes | str] = {"cat/1.jpg": picture("1"), "dog/2.jpg": picture("2")}


def tar_with(path: Path, *members: tuple[tarfile.TarInfo, bytes], format: int = tarfile.PAX_FORMAT) -> Path:  # noqa: A002
    with tarfile.open(path, "w", format=format) as out:
        for name, data in FILES.items():
            out.addfile(member(name, len(data)), io.BytesIO(bytes(data)))  # type: ignore[arg-type]
        for info, data in members:
            info.size = len(data)
            out.addfile(info, io.BytesIO(data))
    return path


def member(name: str, size: int = 0, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = size, kind, link
    return info


def test_links_and_devices_of_a_tar_are_left_aside(tmp_path: Path) -> None:
    path = tar_with(
        tmp_path / "set.tar",
        (member("cat/sym.jpg", kind=tarfile.SYMTYPE, link="/etc/passwd"), b""),
        (member("cat/hard.jpg", kind=tarfile.LNKTYPE, link="../../etc/passwd"), b""),
        (member("cat/char.jpg", kind=tarfile.CHRTYPE), b""),
        (member("cat/block.jpg", kind=tarfile.BLKTYPE), b""),
        (member("cat/pipe.jpg", kind=tarfile.FIFOTYPE), b""),
        (member("dog/after.jpg"), picture("after")),
    )
    with look(path) as found:
        assert set(places(found)) == {"cat/1.jpg", "dog/2.jpg", "dog/after.jpg"}
        said = reasons(found)
        assert "link" in said["cat/sym.jpg"]
        assert "link" in said["cat/hard.jpg"]
        assert {said[f"cat/{each}.jpg"] for each in ("char", "block", "pipe")} == {"it is no regular file"}


@pytest.mark.parametrize("name", ["../../cat/up.jpg", "/cat/up.jpg", "cat/../../cat/up.jpg", "./cat//up.jpg"])
def test_names_that_lead_out_of_an_archive_stay_inside_and_reach_no_disk(tmp_path: Path, name: str) -> None:
    folder = written(tmp_path / "place", {})
    packed = tar_with(folder / "set.tar", (member(name), picture("up")))
    before = sorted(tmp_path.rglob("*"))
    with look(packed) as found, look(zipped(tmp_path / "set.zip", {**FILES, name: picture("up")})) as other:
        for each in (found, other):
            up = next(file for file in each.files if file.name.endswith("up.jpg"))
            assert ".." not in up.name
            assert not up.name.startswith("/")
            assert up.read() == picture("up")
    (tmp_path / "set.zip").unlink()
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_tars_of_every_dialect_are_read(tmp_path: Path, format: int) -> None:  # noqa: A002
    names = {"猫/一.jpg", "dog/" + "n" * 80 + ".jpg"}
    if format != tarfile.USTAR_FORMAT:
        names |= {"dog/" + "deep/" * 40 + "long.jpg", "dog/" + "猫" * 150 + ".jpg"}
    path = tar_with(tmp_path / "set.tar", *((member(name), picture(name)) for name in names), format=format)
    with look(path) as found:
        assert {file.name: file.read() for file in found.files} == {
            **{name: picture(name) for name in names},
            "cat/1.jpg": picture("1"),
            "dog/2.jpg": picture("2"),
        }


@pytest.mark.parametrize("packing", ["gz", "bz2", "xz"])
def test_compressed_tars_are_read_and_leave_nothing(tmp_path: Path, packing: str) -> None:
    path = tarred(tmp_path / "set", FILES, packing)
    scratch = written(tmp_path / "scratch", {})
    with look(path, scratch=scratch) as found:
        assert {file.read() for file in found.files} == set(FILES.values())
        assert list(scratch.iterdir()) == []


def test_names_of_a_tar_in_gbk_are_read(tmp_path: Path) -> None:
    path = tmp_path / "set.tar"
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT, encoding="gbk") as out:
        for name in ("猫/一.jpg", "狗/二.jpg"):
            out.addfile(member(name, 4), io.BytesIO(picture()))
    with look(path) as found:
        assert found.labels == ["狗", "猫"]


@pytest.mark.parametrize("cut", [100, 512, 700, 1024, 1300])
def test_a_tar_that_was_cut_off_is_refused(tmp_path: Path, cut: int) -> None:
    whole = tar_with(tmp_path / "set.tar", (member("dog/big.jpg"), picture("x" * 3000))).read_bytes()
    end = whole.index(b"dog/big.jpg") + 512 + 3004
    for ending, data in ((".tar", whole[: end - cut]), (".tgz", gzip.compress(whole)[:-20])):
        path = tmp_path / f"cut{ending}"
        path.write_bytes(data)
        with pytest.raises(DatasetError, match="cut"):
            look(path)


def test_a_tar_without_its_end_mark_is_read_and_told(tmp_path: Path) -> None:
    path = tar_with(tmp_path / "set.tar")
    path.write_bytes(path.read_bytes().rstrip(b"\0") + bytes(512 - len(path.read_bytes().rstrip(b"\0")) % 512))
    with look(path) as found:
        assert len(found.files) == 2
        assert any("end mark" in note for note in found.notes)


def test_a_header_that_is_damaged_is_a_sentence(tmp_path: Path) -> None:
    path = tar_with(tmp_path / "set.tar")
    raw = bytearray(path.read_bytes())
    at = raw.index(b"dog/2.jpg")
    raw[at : at + 3] = b"pig"
    path.write_bytes(raw)
    with pytest.raises(DatasetError, match="no tar that can be read .it is damaged"):
        look(path)


def test_what_is_packed_but_is_no_tar_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "photo.gz").write_bytes(gzip.compress(picture("alone")))
    with pytest.raises(DatasetError, match="what is inside is no tar"):
        look(tmp_path / "photo.gz")


def test_a_tar_that_unpacks_to_too_much_is_stopped_by_what_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "FREE_BYTES", 1 << 20)
    monkeypatch.setattr(archive, "MAX_GROWTH", 2)
    path = tarred(tmp_path / "bomb.tgz", {"cat/1.jpg": picture() + bytes(20 << 20)}, "gz")
    written_bytes: list[int] = []
    pour = tar_archive._pour

    def watched(reader: io.BytesIO, file: io.BytesIO, *rest: object) -> None:
        try:
            pour(reader, file, *rest)  # type: ignore[arg-type]
        finally:
            written_bytes.append(file.tell())

    monkeypatch.setattr(tar_archive, "_pour", watched)
    with pytest.raises(DatasetError, match="unpacks to more than 2 times its size"):
        look(path)
    assert written_bytes[0] <= 2 << 20


def test_a_name_of_gigabytes_is_not_read(tmp_path: Path) -> None:
    """A record that claims to be long is refused before its bytes are asked for."""
    header = bytearray(member("@LongLink", 3 << 20, tarfile.GNUTYPE_LONGNAME).tobuf(tarfile.GNU_FORMAT))
    path = tmp_path / "set.tar"
    path.write_bytes(bytes(header) + bytes(4 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(DatasetError, match="longer|more than a megabyte"):
            look(path)
        assert tracemalloc.get_traced_memory()[1] < 2 << 20
    finally:
        tracemalloc.stop()


def test_files_with_holes_are_left_aside(tmp_path: Path) -> None:
    info = member("cat/holes.jpg")
    info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}
    with look(tar_with(tmp_path / "set.tar", (info, picture("x")))) as found:
        assert "holes" in reasons(found)["cat/holes.jpg"]


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_of_two_files_of_one_name_the_later_one_is_taken(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"set.{kind}"
    if kind == "zip":
        zipped(path, FILES)
        with zipfile.ZipFile(path, "a") as out, pytest.warns(UserWarning, match="Duplicate"):
            out.writestr("cat/1.jpg", picture("later"))
    else:
        tar_with(path, (member("cat/1.jpg"), picture("later")))
    with look(path) as found:
        assert {file.name: file.read() for file in found.files}["cat/1.jpg"] == picture("later")
        assert len(found.files) == 2
        assert "same name" in reasons(found)["cat/1.jpg"]


@pytest.mark.parametrize("container", ["folder", "zip", "tar"])
def test_names_too_long_and_too_deep_are_left_aside(tmp_path: Path, container: str) -> None:
    deep = "cat/" + "d/" * 60 + "1.jpg"
    long = "cat/" + "/".join(["n" * 200] * 6) + ".jpg"
    just = "cat/" + "/".join(["n" * 198] * 5)[: 1000 - 8] + ".jpg"
    files = {**FILES, deep: picture("deep"), long: picture("long"), just: picture("just")}
    assert len(just) == 1000
    found = given(tmp_path, files, container)
    assert set(places(found)) == {*FILES, just}
    assert len(found.skipped) >= 2
    assert all(len(each.name) <= 1000 for each in found.skipped)
    assert {each.reason for each in found.skipped} == {
        "it lies more than 50 folders deep",
        "its path is longer than 1000 characters",
    }
    found.close()


def test_a_folder_hundreds_of_levels_deep_is_no_trouble(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(400):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    written(tmp_path, FILES)
    found = look(tmp_path)
    assert set(places(found)) == set(FILES)


def given(tmp_path: Path, files: dict[str, bytes | str], container: str) -> Found:
    if container == "folder":
        return look(written(tmp_path / "set", files))
    return look((zipped if container == "zip" else tarred)(tmp_path / f"set.{container}", files))


def test_a_label_that_is_too_long_is_the_end_of_its_pictures_only(tmp_path: Path) -> None:
    files = {**FILES, "x" * 201 + "/1.jpg": picture("x"), " /2.jpg": picture()}
    with look(zipped(tmp_path / "set.zip", files)) as found:
        assert found.labels == ["cat", "dog"]
        assert set(places(found)) == set(FILES)
        assert {each.reason.split(";")[0] for each in found.skipped} == {
            "its class has 201 characters",
            "the name of its class is blank",
        }


def test_a_zip_behind_another_file_and_one_with_a_comment_are_read(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", FILES)
    with zipfile.ZipFile(inner, "a") as out:
        out.comment = b"a comment PK\x05\x06" + bytes(40)
    path = tmp_path / "set.zip"
    path.write_bytes(b"PK\x03\x04" + b"#!/bin/sh\n" * 100 + inner.read_bytes())
    with look(path) as found:
        assert {file.read() for file in found.files} == set(FILES.values())


def test_a_zip64_is_read(tmp_path: Path) -> None:
    """As a zip of more than four gigabytes is written: every number of the table is beside it."""
    data, name = picture("wide"), b"cat/1.jpg"
    crc, full = zlib.crc32(data), 0xFFFFFFFF
    local = (
        struct.pack("<4s5H3L2H", b"PK\x03\x04", 45, 0, 0, 0, 0, crc, len(data), len(data), len(name), 0) + name + data
    )
    before = b"something else"
    extra = struct.pack("<HH3Q", 1, 24, len(data), len(data), len(before))
    table = struct.pack("<4s6H3L", b"PK\x01\x02", 45, 45, 0, 0, 0, 0, crc, full, full)
    table += struct.pack("<5H2L", len(name), len(extra), 0, 0, 0, 0, full) + name + extra
    start = len(before) + len(local)
    wide = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, len(table), start)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, start + len(table), 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, full, full, 0)
    raw = before + local + table + wide + locator + end
    for prefix in (b"", b"and something more"):
        (tmp_path / "set.zip").write_bytes(prefix + raw)
        found = archive.list_archive(tmp_path / "set.zip")
        assert [entry.read() for entry in found.entries] == [data]
        found.close()


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_every_way_of_packing_is_read_whole(tmp_path: Path, packing: int) -> None:
    data = picture("large") + os.urandom(300_000) + bytes(300_000)
    with zipfile.ZipFile(tmp_path / "set.zip", "w", packing) as out:
        out.writestr("cat/1.jpg", data)
        out.writestr("cat/none.jpg", b"")
    with look(tmp_path / "set.zip") as found:
        assert [file.read() for file in found.files] == [data, b""]


def test_a_way_of_packing_that_is_not_known_is_told(tmp_path: Path) -> None:
    path = zipped(tmp_path / "set.zip", FILES)
    raw = bytearray(path.read_bytes())
    at = raw.index(b"PK\x01\x02")
    raw[at + 10 : at + 12] = struct.pack("<H", 9)
    path.write_bytes(raw)
    with look(path) as found, pytest.raises(DatasetError, match=r"cat/1\.jpg .*Deflate64.*ordinary zip"):
        found.files[0].read()


def test_a_zip_that_lies_about_sizes_costs_what_it_claims(tmp_path: Path) -> None:
    path = zipped(tmp_path / "set.zip", {"cat/1.jpg": picture() + bytes(50 << 20), "dog/2.jpg": picture()})
    raw = bytearray(path.read_bytes())
    at = raw.index(b"PK\x01\x02")
    raw[at + 24 : at + 28] = struct.pack("<L", 1000)
    path.write_bytes(raw)
    with look(path) as found:
        tracemalloc.start()
        try:
            with pytest.raises(DatasetError, match="larger than the zip says"):
                found.files[0].read()
            assert tracemalloc.get_traced_memory()[1] < 1 << 20
        finally:
            tracemalloc.stop()


def test_a_dictionary_of_gigabytes_is_not_made(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w", zipfile.ZIP_LZMA) as out:
        out.writestr("cat/1.jpg", picture("x" * 100))
    raw = bytearray((tmp_path / "set.zip").read_bytes())
    at = 30 + len("cat/1.jpg") + 5
    raw[at : at + 4] = b"\xff\xff\xff\xff"
    (tmp_path / "set.zip").write_bytes(raw)
    tracemalloc.start()
    try:
        with look(tmp_path / "set.zip") as found:
            assert found.files[0].read() == picture("x" * 100)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_damage_anywhere_is_a_sentence_and_never_an_accident(tmp_path: Path, kind: str) -> None:
    whole = (zipped if kind == "zip" else tarred)(tmp_path / "whole", FILES).read_bytes()
    path = tmp_path / "set"
    for at in range(0, len(whole), 7 if kind == "zip" else 97):
        raw = bytearray(whole)
        raw[at] ^= 0xFF
        path.write_bytes(raw)
        try:
            with look(path) as found:
                for file in found.files:
                    try:
                        file.read()
                    except DatasetError as exc:
                        assert str(exc).endswith(".")  # noqa: PT017 - it may, and it may not
        except DatasetError as exc:
            assert str(exc).endswith(".")  # noqa: PT017 - it may, and it may not


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are counted by /proc")
def test_an_archive_that_is_refused_is_closed(tmp_path: Path) -> None:
    paths = [zipped(tmp_path / "a.zip", {"a.txt": ""}), tarred(tmp_path / "b.tgz", {"a.txt": ""}, "gz")]
    before = len(list(Path("/proc/self/fd").iterdir()))
    for path in paths:
        with pytest.raises(DatasetError) as caught:
            look(path)
        assert caught.tb is not None  # what it refers to is still there
        assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_too_many_entries_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_ENTRIES", 1)
    for path in (zipped(tmp_path / "a.zip", FILES), tarred(tmp_path / "b.tar", FILES)):
        with pytest.raises(DatasetError, match="more than 1 "):
            look(path)


def test_too_many_folders_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MAX_FOLDERS", 10)
    with pytest.raises(DatasetError, match="more than 10 folders"):
        look(zipped(tmp_path / "a.zip", {f"{number}/1.jpg": picture() for number in range(11)}))


def test_many_entries_are_light(tmp_path: Path) -> None:
    """A million take some 15 s and 660 MB; here a few, with an eye on memory only: machines are busy."""
    path = tmp_path / "many.zip"
    path.write_bytes(many(30_000))
    tracemalloc.start()
    try:
        with look(path) as found:
            assert len(found.files) == 30_000
            assert found.files[-1].read() == picture()
        assert tracemalloc.get_traced_memory()[1] < 24 << 20
    finally:
        tracemalloc.stop()


def many(count: int) -> bytes:
    """A zip of so many pictures in ten folders, stored; all names point to the same bytes, as a bomb's do."""
    data = picture()
    crc = zlib.crc32(data)
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 0, 0, 0, crc, len(data), len(data), 0, 0) + data
    names = (b"class%d/picture%07d.jpg" % (number % 10, number) for number in range(count))
    head = struct.pack("<4s6H3L", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, crc, len(data), len(data))
    tail = struct.pack("<4H2L", 0, 0, 0, 0, 0, 0)
    table = b"".join(head + struct.pack("<H", len(name)) + tail + name for name in names)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, len(table), len(local), 0)
    return local + table + end


def test_a_file_that_became_a_link_or_a_pipe_is_not_followed(tmp_path: Path) -> None:
    secret = written(tmp_path / "outside", {"secret.jpg": picture("secret")}) / "secret.jpg"
    found = look(written(tmp_path / "set", FILES))
    (tmp_path / "set/cat/1.jpg").unlink()
    (tmp_path / "set/cat/1.jpg").symlink_to(secret)
    (tmp_path / "set/dog/2.jpg").unlink()
    os.mkfifo(tmp_path / "set/dog/2.jpg")
    for file in found.files:
        with pytest.raises(DatasetError, match="cannot be read"):
            file.read()


def test_a_link_inside_the_folder_is_followed(tmp_path: Path) -> None:
    written(tmp_path, FILES)
    (tmp_path / "dog/link.jpg").symlink_to(tmp_path / "cat/1.jpg")
    found = look(tmp_path)
    assert {file.name: file.read() for file in found.files}["dog/link.jpg"] == picture("1")
