"""Which file a manifest means."""

from __future__ import annotations

import pytest

from fenlei.datasets.importers.finder import Finder, Lost
from fenlei.datasets.listing import Entry
from tests.unit.datasets.importers.in_memory import PICTURE, listing

FILES = ["set/list.csv", "set/cat/1.jpg", "set/dog/1.jpg", "set/dog/Two.JPG", "set/a%20b.jpg", "set/x y.jpg", "top.jpg"]


def found(reference: object, base: str = "set", hints: tuple[str, ...] = (), inside: str = "set") -> str | Lost:
    finder = Finder(listing(dict.fromkeys(FILES, PICTURE)), (inside,) if inside else ())
    entry = finder.find(reference, tuple(base.split("/")) if base else (), hints)
    return entry.name if isinstance(entry, Entry) else entry


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("cat/1.jpg", "set/cat/1.jpg"),
        ("./cat/./1.jpg", "set/cat/1.jpg"),
        ("cat\\1.jpg", "set/cat/1.jpg"),
        ("  cat/1.jpg ", "set/cat/1.jpg"),
        ("set/cat/1.jpg", "set/cat/1.jpg"),
        ("elsewhere/dog/1.jpg", "set/dog/1.jpg"),
        ("dog/../cat/1.jpg", "set/cat/1.jpg"),
        ("../top.jpg", "top.jpg"),
        ("two.jpg", "set/dog/Two.JPG"),
        ("TWO", "set/dog/Two.JPG"),
        ("a%20b.jpg", "set/a%20b.jpg"),
        ("x%20y.jpg", "set/x y.jpg"),
        ("top.jpg", "top.jpg"),
    ],
)
def test_the_file_that_is_meant(reference: str, name: str) -> None:
    assert found(reference) == name


@pytest.mark.parametrize(
    ("reference", "lost"),
    [
        ("bird/1.jpg", Lost.MISSING),
        ("cat/2.jpg", Lost.MISSING),
        ("1.jpg", Lost.AMBIGUOUS),
        ("", Lost.UNNAMED),
        ("  ", Lost.UNNAMED),
        (".", Lost.UNNAMED),
        (None, Lost.UNNAMED),
        (7, Lost.UNNAMED),
        (["cat/1.jpg"], Lost.UNNAMED),
        ("../../top.jpg", Lost.OUTSIDE),
        ("..%2F..%2Ftop.jpg", Lost.OUTSIDE),
        ("/set/cat/1.jpg", Lost.ABSOLUTE),
        ("\\\\server\\share\\1.jpg", Lost.ABSOLUTE),
        ("c:1.jpg", Lost.ABSOLUTE),
        ("FILE:///set/cat/1.jpg", Lost.ABSOLUTE),
        ("http://host/cat/1.jpg", Lost.WEB),
        ("data:image/png;base64,AAAA", Lost.WEB),
    ],
)
def test_why_there_is_none(reference: object, lost: Lost) -> None:
    assert found(reference) is lost


def test_class_and_part_decide_between_files_of_one_name() -> None:
    assert found("1.jpg", hints=("Dog",)) == "set/dog/1.jpg"
    assert found("1.jpg", hints=("bird", "cat")) == "set/cat/1.jpg"
    assert found("1.jpg", hints=("bird",)) is Lost.AMBIGUOUS


def test_a_file_that_is_left_aside_is_not_missing() -> None:
    finder = Finder(listing({".hidden.jpg": PICTURE, "a.jpg": PICTURE}))
    assert finder.find(".hidden.jpg") is Lost.LEFT_ASIDE
