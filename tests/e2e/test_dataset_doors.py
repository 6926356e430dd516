"""Data sets by commands and in Python: all that the management API can do with them, and imports that break off."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import fenlei
from fenlei.cli import app
from fenlei.client.management import Platform, uploading
from fenlei.client.management.records import Import, Run
from tests.support.drawing import png
from tests.support.networks import tiny_network
from tests.support.platform_process import PlatformProcess

Said = Callable[..., str]


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Below it the operator allows imports by path."""
    return tmp_path_factory.mktemp("allowed")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, roots: Path) -> Iterator[PlatformProcess]:
    folder = tmp_path_factory.mktemp("platform")
    (folder / "tiny.onnx").write_bytes(tiny_network(size=32, width=48))
    backbone = str(folder / "tiny.onnx")
    with PlatformProcess(folder / "workspace", FENLEI_BACKBONE=backbone, FENLEI_IMPORT_ROOTS=str(roots)) as process:
        yield process


@pytest.fixture(scope="module")
def token(running: PlatformProcess) -> str:
    with fenlei.Platform.by_link(running.link) as entered:
        made = entered.tokens.make("doors", "owner")
    assert made.secret
    return made.secret


@pytest.fixture(scope="module")
def platform(running: PlatformProcess, token: str) -> Iterator[Platform]:
    with fenlei.Platform(running.base, token) as found:
        yield found


@pytest.fixture
def said(running: PlatformProcess, token: str, tmp_path: Path) -> Said:
    """Runs a command and gives what it printed; it must not fail."""
    surroundings = {"FENLEI_SERVER": running.base, "FENLEI_TOKEN": token, "FENLEI_WORKSPACE": str(tmp_path / "home")}

    def run(*words: object) -> str:
        result = CliRunner().invoke(app, [str(word) for word in words], env=surroundings, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


def laid(root: Path, *names: str) -> Path:
    """Pictures, all different, below a folder."""
    for seed, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(png(40, 40, seed=seed))
    return root


def imports(platform: Platform, dataset_id: str) -> list[Import]:
    return list(platform.imports.list(dataset_id))


class Gone(Exception):
    """Whoever was sending is gone."""


def test_a_broken_off_import_is_gone_on_with_and_not_begun_anew(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = laid(tmp_path / "photos", *(f"cat/{number}.png" for number in range(20)))
    dataset = platform.datasets.create("broken off").id
    monkeypatch.setattr(uploading, "PIECE", 4096)
    sent: list[float] = []

    def leave(stage: str, part: float) -> None:
        sent.append(part)
        if len(sent) == 3:
            raise Gone

    with pytest.raises(Gone):
        platform.datasets.bring(dataset, folder, progress=leave)
    (begun,) = imports(platform, dataset)
    resumed: list[tuple[str, float]] = []
    ended = platform.datasets.bring(dataset, folder, progress=lambda stage, part: resumed.append((stage, part)))
    assert min(part for stage, part in resumed if stage == "sending") > sent[-1], "what was acknowledged stays sent"
    assert (ended.id, ended.state, ended.counts["added"]) == (begun.id, "done", 20)
    assert len(imports(platform, dataset)) == 1
    other = platform.datasets.bring(dataset, folder, format="unlabelled")
    assert other.id != ended.id, "what is done is done, and other options are another import"


def test_an_import_that_nobody_waits_for_any_more_is_waited_for_again(platform: Platform, tmp_path: Path) -> None:
    packed = tmp_path / "photos.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(laid(tmp_path / "photos", "cat/1.png", "dog/1.png").rglob("*.png")):
            archive.write(path, path.relative_to(tmp_path / "photos"))
    dataset = platform.datasets.create("left alone").id
    seen = platform.imports.send(dataset, packed)
    assert (seen.state, seen.found and seen.found["pictures"]) == ("previewed", 2)
    assert platform.datasets.counts(dataset).total == 0, "a look brings nothing in"
    platform._link.post(f"/imports/{seen.id}/commit", Run)
    assert platform.imports.commit(seen.id).counts["added"] == 2
    assert platform.imports.commit(seen.id).state == "done", "done is done"
    cancelled = platform.imports.send(dataset, packed, label="cat")
    assert platform.imports.cancel(cancelled.id).state == "cancelled"
    again = platform.datasets.bring(dataset, packed, label="cat")
    assert (again.id, again.state, again.counts["existing"]) == (cancelled.id, "done", 2)


def read(said: Said, *words: object) -> Any:
    """What a command answers a program."""
    return json.loads(said(*words, "--json"))


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("photos")
    (root / "cat").mkdir()
    (root / "cat" / "notes.txt").write_text("no picture")
    return laid(root, *(f"{label}/{number}.png" for label in ("cat", "dog", "owl") for number in range(6)))


@pytest.fixture(scope="module")
def zoo(platform: Platform, photos: Path) -> str:
    """The name of a data set of three classes with six pictures each."""
    platform.datasets.bring(platform.datasets.create("zoo").id, photos)
    return "zoo"


def test_imports_by_commands(said: Said, photos: Path, tmp_path: Path, roots: Path) -> None:
    told = said("datasets", "import", "seen first", photos, "--preview")
    assert "18 pictures (class-folders), 1 files will be skipped." in told
    assert "1 skipped: it is no picture (by its name and its first bytes) (cat/notes.txt)" in told
    assert read(said, "datasets", "show", "seen first")["counts"]["total"] == 0
    assert "18 pictures added" in said("datasets", "import", "seen first", photos)
    (row,) = read(said, "imports", "list", "seen first")
    said("imports", "report", row["id"], "-o", tmp_path / "report.csv")
    (skipped,) = [each for each in rows(tmp_path / "report.csv") if each["outcome"] == "skipped"]
    assert (skipped["file"], skipped["reason"]) == (
        "cat/notes.txt",
        "it is no picture (by its name and its first bytes)",
    )
    laid(roots / "more", "emu/a.png")
    said("datasets", "import", "seen first", roots / "more", "--on-server", "--format", "class-folders")
    assert [each["name"] for each in read(said, "labels", "list", "seen first")] == ["cat", "dog", "owl", "emu"]


def test_pictures_on_the_server_and_a_file_taken_back_in_python(platform: Platform, roots: Path) -> None:
    laid(roots / "there", "cat/a.png", "owl/b.png")
    zoo = platform.datasets.create("there already")
    brought = platform.datasets.bring_from_server(zoo.id, str(roots / "there"))
    assert brought.state == "done"
    assert {each.name for each in platform.datasets.pictures(zoo.id)} == {"cat/a.png", "owl/b.png"}
    begun = platform.imports.begin(zoo.id)
    kept, wrong = (platform.imports.send_small(begun.id, f"cat/{name}.png", png(30, 30)) for name in ("c", "oops"))
    platform.imports.take_away(wrong.id)
    assert [each.id for each in platform.imports.uploads(begun.id)] == [kept.id]


def test_classes_by_commands(said: Said, zoo: str) -> None:
    def names() -> list[str]:
        return [each["name"] for each in read(said, "labels", "list", zoo)]

    assert names() == ["cat", "dog", "owl"]
    said("labels", "add", zoo, "fox")
    said("labels", "rename", zoo, "owl", "bird")
    said("labels", "order", zoo, "fox", "bird", "dog", "cat")
    assert "6 pictures are bird now" in said("labels", "merge", zoo, "bird", "dog")
    assert names() == ["fox", "bird", "cat"]
    said("labels", "delete", zoo, "fox")
    for _ in range(5):
        said("datasets", "undo", zoo)
    assert names() == ["cat", "dog", "owl"]
    said("datasets", "redo", zoo)
    assert names() == ["cat", "dog", "owl", "fox"]
    said("datasets", "undo", zoo)
    assert [each["kind"] for each in read(said, "datasets", "changes", zoo)][:3] == ["undo", "redo", "undo"]


def test_pictures_by_commands(said: Said, platform: Platform, zoo: str, photos: Path, tmp_path: Path) -> None:
    (one,) = read(said, "pictures", "list", zoo, "--text", "CAT/1")
    assert "1 pictures have another class" in said("pictures", "label", zoo, "dog", one["id"])
    assert "5 pictures have another class" in said("pictures", "label", zoo, "", "--class", "cat")
    assert len(read(said, "pictures", "list", zoo, "--without-class")) == 5
    for _ in range(2):
        said("datasets", "undo", zoo)
    said("pictures", "rename", one["id"], "cat/tom.png")
    said("pictures", "save", one["id"], "-o", tmp_path / "tom.png")
    assert (tmp_path / "tom.png").read_bytes() == (photos / "cat" / "1.png").read_bytes()
    said("pictures", "save", one["id"], "-o", tmp_path / "tom.webp", "--side", "64")
    assert (tmp_path / "tom.webp").read_bytes()[:4] == b"RIFF"
    said("pictures", "remove", zoo, "--text", "tom")
    assert [each["name"] for each in read(said, "pictures", "list", zoo, "--removed")] == ["cat/tom.png"]
    said("pictures", "restore", zoo, one["id"])
    said("pictures", "part", zoo, "validation", one["id"])
    assert [each["name"] for each in read(said, "pictures", "list", zoo, "--part", "validation")] == ["cat/tom.png"]
    platform.datasets.create("elsewhere")
    assert "6 pictures moved" in said("pictures", "move", zoo, "elsewhere", "--class", "owl")
    assert [each["name"] for each in read(said, "labels", "list", "elsewhere")] == ["owl"]
    said("datasets", "undo", "elsewhere")
    assert read(said, "datasets", "show", zoo)["counts"]["total"] == 18


def test_versions_splits_and_checks_by_commands(
    said: Said, platform: Platform, zoo: str, photos: Path, tmp_path: Path
) -> None:
    said("versions", "make", zoo, "--note", "before")
    said("pictures", "remove", zoo, "--class", "owl")
    said("datasets", "split", zoo, "--train", "0.5", "--test", "0.5", "--seed", "3")
    assert set(read(said, "datasets", "show", zoo)["counts"]["splits"]) == {"train", "test"}
    said("versions", "make", zoo)
    assert [each["number"] for each in read(said, "versions", "list", zoo)] == [2, 1]
    different = read(said, "versions", "diff", zoo, 1, 2, "--kind", "removed")
    assert (different["counts"]["removed"], len(different["items"])) == (6, 6)
    assert "owl/0.png" in said("versions", "diff", zoo, 1, 2)
    said("datasets", "download", zoo, "-o", tmp_path / "zoo.zip", "--parts")
    with zipfile.ZipFile(tmp_path / "zoo.zip") as archive:
        assert {name.partition("/")[0] for name in archive.namelist()} == {"train", "test"}
        assert len(archive.namelist()) == 12
    said("versions", "download", zoo, 1, "-o", tmp_path / "one.csv")
    said("datasets", "download", zoo, "-o", tmp_path / "now.csv")
    assert (len(rows(tmp_path / "one.csv")), len(rows(tmp_path / "now.csv"))) == (18, 12)

    (tmp_path / "copy.png").write_bytes((photos / "dog" / "3.png").read_bytes())
    said("datasets", "import", zoo, tmp_path / "copy.png", "--class", "cat")
    told = {each["check"]: each["found"] for each in read(said, "datasets", "check", zoo, "two-labels")}
    assert told["two-labels"] == 2
    assert len(read(said, "datasets", "findings", zoo, "two-labels")) == 2
    assert "2 pictures were changed" in said("datasets", "fix", zoo, "two-labels")
    said("datasets", "rename", zoo, "menagerie")
    found = platform.datasets.get(
        platform.pictures.get(read(said, "pictures", "list", "menagerie")[0]["id"]).dataset_id
    )
    assert found.name == "menagerie"
    assert len(platform.datasets.what_hangs_on(found.id).versions) == 2
    said("datasets", "delete", "menagerie", "--everything")


def test_a_command_says_what_it_is_missing(running: PlatformProcess, token: str, tmp_path: Path) -> None:
    surroundings = {"FENLEI_SERVER": running.base, "FENLEI_TOKEN": token, "FENLEI_WORKSPACE": str(tmp_path)}
    for words, sentence in (
        (("datasets", "import", "x", str(tmp_path / "nothing")), "There is no"),
        (("pictures", "remove", "broken off"), "Name pictures by their ids"),
        (("pictures", "remove", "broken off", "1", "--all"), "Name pictures by their ids"),
    ):
        result = CliRunner().invoke(app, list(words), env=surroundings)
        assert result.exit_code == 2
        assert sentence in result.output
