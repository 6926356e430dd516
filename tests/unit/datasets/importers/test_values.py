"""What manifests say, as values."""

from __future__ import annotations

import pytest

from fenlei.datasets import Part
from fenlei.datasets.importers.columns import Columns, choose_columns
from fenlei.datasets.importers.names import cut, shown
from fenlei.datasets.importers.values import Unusable, group_of, label_of, part_in_name, part_of


@pytest.mark.parametrize(
    ("value", "label"),
    [
        ("cat", "cat"),
        (" cat\n", "cat"),
        ("fore\u0302t", "forêt"),
        (3, "3"),
        (3.0, "3"),
        (["cat"], "cat"),
        ("a\tb", "a\\tb"),
        ("\ud800", "\\ud800"),
        *[(None, None), ("", None), ("  ", None), ([], None), (float("nan"), None)],
    ],
)
def test_classes(value: object, label: str | None) -> None:
    assert label_of(value) == label


@pytest.mark.parametrize("value", [True, 0.5, ["a", "b"], {"a": 1}, "x" * 201, float("inf")])
def test_what_is_no_class(value: object) -> None:
    assert isinstance(label_of(value), Unusable)


@pytest.mark.parametrize(
    ("value", "part"),
    [
        *((word, Part.TRAIN) for word in ("train", " Training ", "TRAIN", "训练", "训练集")),
        *((word, Part.VALIDATION) for word in ("val", "valid", "validation", "dev", "验证集")),
        *((word, Part.TEST) for word in ("test", "Testing", "测试")),
        *((nothing, None) for nothing in (None, "", "none", "NaN", "unassigned", float("nan"))),
        ("fold 3", Unusable("fold 3")),
        (0, Unusable("0")),
    ],
)
def test_parts(value: object, part: object) -> None:
    assert part_of(value) == part


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("train.csv", Part.TRAIN),
        ("annotations/instances_val2017.json", Part.VALIDATION),
        ("valid/_annotations.coco.json", Part.VALIDATION),
        ("set/test/metadata.csv", Part.TEST),
        ("my_test_labels.csv", Part.TEST),
        ("labels.csv", None),
        ("trains.csv", None),
        ("contest.csv", None),
        ("train_test.csv", None),
    ],
)
def test_the_part_that_a_manifest_is_about(path: str, part: Part | None) -> None:
    assert part_in_name(tuple(path.split("/"))) == part


def test_groups() -> None:
    values: list[object] = ["a", 7, 7.0, "", None]
    assert [group_of(each) for each in values] == ["a", "7", "7", None, None]
    wrong: list[object] = [True, 0.5, ["a"], {}, "x" * 201]
    assert all(isinstance(group_of(each), Unusable) for each in wrong)


@pytest.mark.parametrize(
    ("headings", "columns"),
    [
        (["path", "label"], Columns(0, 1, None, None)),
        (["split", "class", "file", "source_path"], Columns(2, 1, 0, None)),
        (["\ufeffFile_Name", "Class ID", "class-name", "SET", "Group"], Columns(0, 2, 3, 4)),
        (["id", "name", "label"], Columns(1, 2, None, None)),
        (["分组", "划分", "类别", "文件名"], Columns(3, 2, 1, 0)),
        (["label", "count"], None),
        ([], None),
    ],
)
def test_columns(headings: list[str], columns: Columns | None) -> None:
    assert choose_columns(headings) == columns


def test_what_cannot_be_shown_is_escaped() -> None:
    assert shown("a\nb\x1b[0m\u202e猫🐈\u200d") == "a\\nb\\x1b[0m\\u202e猫🐈\u200d"
    assert len(cut("x" * 5000)) == 1000
