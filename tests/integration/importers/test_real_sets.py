"""Real data sets, as their makers lay them out: the manifest and the folders say the same."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from fenlei.datasets.importers import Found, look

SETS = ("receipts_tiny", "sign_digits", "trashnet", "weather")


@pytest.fixture(params=SETS)
def real(request: pytest.FixtureRequest, shared: Path) -> Path:
    folder: Path = shared / "data/open" / request.param
    if not folder.is_dir():
        pytest.skip(f"no data set {request.param} in the folder `shared`")
    return folder


def facts(found: Found) -> list[tuple[str, str | None, str | None]]:
    return sorted((file.name, file.label, file.part) for file in found.files)


def test_manifest_and_folders_agree_with_what_the_maker_counted(real: Path) -> None:
    counts = json.loads((real / "info.json").read_text())["counts"]
    by_manifest, by_folders = look(real), look(real, format="train-val-test")
    assert by_manifest.format == "csv"
    assert facts(by_manifest) == facts(by_folders)
    assert by_manifest.labels == by_folders.labels == sorted(counts)
    told = [(label, part) for _, label, part in facts(by_manifest)]
    assert {label: [told.count((label, "train")), told.count((label, "test"))] for label in counts} == counts
    assert {each.name for each in by_manifest.skipped} <= {"README.md", "LICENSE", "info.json"}


def test_a_zip_of_it_holds_the_same_pictures(shared: Path, tmp_path: Path) -> None:
    folder = shared / "data/open/receipts_tiny"
    if not folder.is_dir():
        pytest.skip("no data set receipts_tiny in the folder `shared`")
    for ending, kind in ((".zip", "zip"), (".tar.gz", "gztar")):
        shutil.make_archive(str(tmp_path / "set"), kind, folder.parent, "receipts_tiny")
        with look(tmp_path / f"set{ending}") as packed:
            plain = look(folder)
            assert [file.name for file in packed.files] == [f"receipts_tiny/{file.name}" for file in plain.files]
            assert all(one.read() == other.read() for one, other in zip(packed.files, plain.files, strict=True))
