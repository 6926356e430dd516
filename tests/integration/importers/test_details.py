"""What single formats bring besides: encodings, headings, names of classes, majorities, several manifests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fenlei.datasets import DatasetError
from fenlei.datasets.importers import Found, look
from tests.integration.importers.piles import picture, places, reasons, written, zipped


def pictures(*names: str) -> dict[str, bytes | str]:
    return {name: picture(name) for name in names}


def with_csv(root: Path, data: str | bytes, *names: str, called: str = "list.csv") -> Found:
    return look(written(root, {**pictures(*(names or ("a.jpg", "b.jpg"))), called: data}))


# --- CSV -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_chinese_headings_in_any_encoding_with_any_delimiter(tmp_path: Path, encoding: str, delimiter: str) -> None:
    rows = [["文件名", "标签", "划分", "分组"], ["a.jpg", "猫", "训练", "一"], ["b.jpg", "狗", "测试", ""]]
    found = with_csv(tmp_path, "\r\n".join(delimiter.join(row) for row in rows).encode(encoding))
    assert found.format == "csv"
    assert places(found) == {"a.jpg": ("猫", "train"), "b.jpg": ("狗", "test")}
    assert [file.group for file in found.files] == ["一", None]


@pytest.mark.parametrize(
    "headings",
    [
        "path,label",
        "Name,Class",
        "FILE,category",
        "file_name,Label",
        "File Name,class name",
        "image,target",
        "类别,图片",
    ],
)
def test_common_headings_are_understood(tmp_path: Path, headings: str) -> None:
    row = "cat,a.jpg" if headings.startswith("类别") else "a.jpg,cat"
    other = "dog,b.jpg" if headings.startswith("类别") else "b.jpg,dog"
    assert places(with_csv(tmp_path, f"{headings}\n{row}\n{other}\n")) == {
        "a.jpg": ("cat", None),
        "b.jpg": ("dog", None),
    }


def test_a_csv_without_headings_is_path_and_label(tmp_path: Path) -> None:
    found = with_csv(tmp_path, "a.jpg,cat\nb.jpg,dog\n")
    assert places(found) == {"a.jpg": ("cat", None), "b.jpg": ("dog", None)}
    assert any("no headings" in note for note in found.notes)


def test_quoted_cells_may_hold_delimiters_and_line_breaks(tmp_path: Path) -> None:
    found = with_csv(tmp_path, 'path,label\n"a.jpg","cat, the\nfat one"\nb.jpg,"say ""dog"""\n')
    assert found.labels == ["cat, the\\nfat one", 'say "dog"']


def test_names_without_their_ending_are_found(tmp_path: Path) -> None:
    assert places(with_csv(tmp_path, "id,breed,label\na,x,cat\nb,x,dog\n")) == {
        "a.jpg": ("cat", None),
        "b.jpg": ("dog", None),
    }


def test_paths_of_windows_and_paths_with_the_folder_that_was_left_out(tmp_path: Path) -> None:
    found = with_csv(tmp_path, "path,label\nset\\cat\\1.jpg,cat\n./cat/2.jpg,cat\n", "cat/1.jpg", "cat/2.jpg")
    assert set(places(found)) == {"cat/1.jpg", "cat/2.jpg"}


def test_class_and_part_tell_files_of_one_name_apart(tmp_path: Path) -> None:
    names = ["train/cat/1.jpg", "train/dog/1.jpg", "test/cat/1.jpg", "test/dog/1.jpg"]
    rows = "".join(f"{name.split('/')[0]},{name.split('/')[1]},1.jpg\n" for name in names)
    found = with_csv(tmp_path, "split,class,file\n" + rows, *names)
    assert places(found) == {name: (name.split("/")[1], name.split("/")[0]) for name in names}


def test_a_manifest_with_two_columns_of_parts_and_none_of_classes_takes_the_folders(tmp_path: Path) -> None:
    found = with_csv(tmp_path, "path,split\ncat/1.jpg,train\ndog/2.jpg,test\n", "cat/1.jpg", "dog/2.jpg")
    assert places(found) == {"cat/1.jpg": ("cat", "train"), "dog/2.jpg": ("dog", "test")}
    assert any("read from the folders" in note for note in found.notes)


def test_an_unknown_part_is_told_and_is_none(tmp_path: Path) -> None:
    found = with_csv(tmp_path, "path,label,split\na.jpg,cat,fold3\nb.jpg,dog,train\n")
    assert places(found) == {"a.jpg": ("cat", None), "b.jpg": ("dog", "train")}
    assert any("“fold3”" in note for note in found.notes)


def test_the_split_is_read_from_folders_where_no_column_says_it(tmp_path: Path) -> None:
    found = with_csv(tmp_path, "path,label\ntrain/1.jpg,cat\ntest/2.jpg,cat\n", "train/1.jpg", "test/2.jpg")
    assert places(found) == {"train/1.jpg": ("cat", "train"), "test/2.jpg": ("cat", "test")}
    assert any("train/" in note and "test/" in note for note in found.notes)


def test_a_manifest_for_each_part(tmp_path: Path) -> None:
    written(tmp_path, {**pictures("a.jpg", "b.jpg"), "train.csv": "path,label\na.jpg,cat\n"})
    found = look(written(tmp_path, {"test.csv": "path,label\nb.jpg,dog\n"}))
    assert places(found) == {"a.jpg": ("cat", "train"), "b.jpg": ("dog", "test")}


def test_a_picture_in_two_parts_is_left_aside(tmp_path: Path) -> None:
    written(tmp_path, {**pictures("a.jpg", "b.jpg"), "train.csv": "path,label\na.jpg,cat\nb.jpg,cat\n"})
    found = look(written(tmp_path, {"test.csv": "path,label\nb.jpg,cat\n"}))
    assert "several parts: test, train" in reasons(found)["b.jpg"]


def test_numbers_become_names_where_a_list_gives_them(tmp_path: Path) -> None:
    written(tmp_path, {"classes.txt": "zebra\nant\nunused\n"})
    found = with_csv(tmp_path, "path,label\na.jpg,0\nb.jpg,1.0\n")
    assert places(found) == {"a.jpg": ("zebra", None), "b.jpg": ("ant", None)}
    assert found.labels == ["zebra", "ant", "unused"]


def test_a_number_that_has_no_name_is_told(tmp_path: Path) -> None:
    written(tmp_path, {"classes.txt": "zebra\nant\n"})
    found = with_csv(tmp_path, "path,label\na.jpg,0\nb.jpg,2\n")
    assert "gives names for 0 to 1" in reasons(found)["b.jpg"]


def test_a_list_of_the_classes_gives_their_order(tmp_path: Path) -> None:
    written(tmp_path, {"labels.txt": "zebra\nant\n"})
    assert with_csv(tmp_path, "path,label\na.jpg,ant\nb.jpg,zebra\n").labels == ["zebra", "ant"]


def test_a_cell_without_end_is_a_sentence(tmp_path: Path) -> None:
    written(tmp_path, {**pictures("a.jpg"), "list.csv": 'path,label\na.jpg,"' + "x" * 200_000})
    with pytest.raises(DatasetError, match=r"list\.csv cannot be read beyond line"):
        look(tmp_path, format="csv")


def test_bytes_that_are_no_text_are_a_sentence(tmp_path: Path) -> None:
    written(tmp_path, {**pictures("a.jpg"), "list.csv": b"path,label\na.jpg,\xff\xff\xff\n"})
    with pytest.raises(DatasetError, match="neither UTF-8 nor GBK"):
        look(tmp_path / "list.csv")


# --- JSON Lines ------------------------------------------------------------------------------------------------------


def test_lines_that_are_no_objects_are_told_by_their_number(tmp_path: Path) -> None:
    lines = ['{"path":"a.jpg","label":"cat"}', "", "nonsense", "[1]", '{"path":"b.jpg","label":NaN}', '{"label":"x"}']
    found = look(written(tmp_path, {**pictures("a.jpg", "b.jpg"), "list.jsonl": "\n".join(lines)}))
    assert places(found) == {"a.jpg": ("cat", None), "b.jpg": (None, None)}
    assert set(reasons(found)) == {"list.jsonl, line 3", "list.jsonl, line 4", "list.jsonl, line 6"}


def test_an_array_may_hold_what_is_no_number(tmp_path: Path) -> None:
    text = '[{"path":"a.jpg","label":"é","area":NaN},{"path":"b.jpg","label":NaN}]'
    found = look(written(tmp_path, {**pictures("a.jpg", "b.jpg"), "list.json": text}))
    assert places(found) == {"a.jpg": ("é", None), "b.jpg": (None, None)}


def test_json_in_gbk_is_read(tmp_path: Path) -> None:
    text = '{"path":"a.jpg","label":"猫狗"}'.encode("gbk")
    assert look(written(tmp_path, {**pictures("a.jpg"), "list.jsonl": text})).labels == ["猫狗"]


# --- the original platform -------------------------------------------------------------------------------------------


def test_an_empty_category_is_a_class(tmp_path: Path) -> None:
    document = {"categories": [{"name": "b", "images": []}, {"name": "a", "images": [{"url": "1.jpg"}]}]}
    path = zipped(tmp_path / "set.zip", {**pictures("1.jpg"), "txfl-result.json": json.dumps(document)}, "export/")
    with look(path) as found:
        assert (found.format, found.labels) == ("txfl", ["b", "a"])
        assert places(found) == {"export/1.jpg": ("a", None)}


def test_nonsense_inside_a_result_is_the_end_of_that_picture_only(tmp_path: Path) -> None:
    images: list[Any] = [{"url": "1.jpg"}, {"url": 5}, {}, None, "2.jpg"]
    document = {"categories": [{"name": "a", "images": images}, {"name": "b"}, {"images": None, "name": "c"}]}
    found = look(written(tmp_path, {**pictures("1.jpg", "2.jpg"), "txfl-result.json": json.dumps(document)}))
    assert set(places(found)) == {"1.jpg", "2.jpg"}
    assert found.labels == ["a", "b", "c"]
    assert len(found.skipped) == 3


# --- Label Studio ----------------------------------------------------------------------------------------------------


def task(image: str, *answers: Any, cancelled: int = 0, question: str = "choice") -> dict[str, Any]:
    """Answers of one annotator each; `cancelled` of the last ones do not count."""
    annotations = []
    for number, answer in enumerate(answers):
        value = {"choices": answer if isinstance(answer, list) else [answer]}
        result = [{"from_name": question, "to_name": "image", "type": "choices", "value": value}]
        annotations.append({"result": result, "was_cancelled": number >= len(answers) - cancelled})
    return {"data": {"image": image}, "annotations": annotations}


def studio(root: Path, tasks: list[Any], *names: str) -> Found:
    return look(written(root, {**pictures(*names), "export.json": json.dumps(tasks)}), format="label-studio")


@pytest.mark.parametrize(
    "address",
    [
        "/data/upload/1/0a1b2c3d-cat_1.jpg",
        "/data/upload/0a1b2c3d-cat_1.jpg",
        "http://localhost:8080/data/upload/1/0a1b2c3d-cat_1.jpg",
        "/data/local-files/?d=photos/pets/cat_1.jpg",
        "data/local-files/?d=photos%2Fpets%2Fcat_1.jpg",
        "s3://bucket/pets/cat_1.jpg",
        "cat_1.jpg",
    ],
)
def test_addresses_of_label_studio_lead_to_the_file(tmp_path: Path, address: str) -> None:
    found = studio(tmp_path, [task(address, "cat")], "pets/cat_1.jpg", "pets/dog_1.jpg")
    assert places(found) == {"pets/cat_1.jpg": ("cat", None)}


def test_the_file_as_label_studio_calls_it_comes_first(tmp_path: Path) -> None:
    found = studio(tmp_path, [task("/data/upload/1/0a1b2c3d-1.jpg", "cat")], "images/0a1b2c3d-1.jpg", "images/1.jpg")
    assert set(places(found)) == {"images/0a1b2c3d-1.jpg"}


@pytest.mark.parametrize("address", ["/data/local-files/?d=../../etc/passwd", "/data/upload/../../x.jpg"])
def test_addresses_of_label_studio_do_not_lead_out(tmp_path: Path, address: str) -> None:
    found = studio(tmp_path, [task(address, "cat"), task("a.jpg", "cat")], "a.jpg")
    assert "leads out" in reasons(found)[address]


def test_most_annotators_decide_and_cancelled_ones_do_not_count(tmp_path: Path) -> None:
    tasks = [
        task("a.jpg", "cat", "cat", "dog"),
        task("b.jpg", "cat", "dog"),
        task("c.jpg", "cat", "dog", cancelled=1),
        task("d.jpg", "cat", cancelled=1),
        task("e.jpg", ["cat", "dog"]),
    ]
    found = studio(tmp_path, tasks, "a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg")
    assert places(found) == {"a.jpg": ("cat", None), "c.jpg": ("cat", None), "d.jpg": (None, None)}
    assert "annotators disagree: cat, dog" in reasons(found)["b.jpg"]
    assert "several classes" in reasons(found)["e.jpg"]


def test_the_question_that_was_asked_most_counts(tmp_path: Path) -> None:
    tasks = [task("a.jpg", "cat"), task("b.jpg", "dog"), task("c.jpg", "blurred", question="quality")]
    found = studio(tmp_path, tasks, "a.jpg", "b.jpg", "c.jpg")
    assert places(found)["c.jpg"] == (None, None)
    assert any("“quality”" in note for note in found.notes)


# --- COCO ------------------------------------------------------------------------------------------------------------


def coco(images: dict[int, str], pairs: list[tuple[Any, Any]], categories: list[dict[str, Any]]) -> str:
    return json.dumps(
        {
            "images": [{"id": number, "file_name": name} for number, name in images.items()],
            "annotations": [{"image_id": image, "category_id": category} for image, category in pairs],
            "categories": categories,
        }
    )


CATS = [{"id": 2, "name": "cat"}, {"id": 1, "name": "ant"}]


def test_a_picture_of_several_categories_is_left_aside_and_one_without_has_no_class(tmp_path: Path) -> None:
    text = coco({1: "a.jpg", 2: "b.jpg", 3: "c.jpg"}, [(1, 2), (1, 2), (2, 1), (2, 2)], CATS)
    found = look(written(tmp_path, {**pictures("a.jpg", "b.jpg", "c.jpg"), "x.json": text}))
    assert (found.format, found.labels) == ("coco", ["cat", "ant"])
    assert places(found) == {"a.jpg": ("cat", None), "c.jpg": (None, None)}
    assert "several classes" in reasons(found)["b.jpg"]


def test_a_category_that_is_not_declared_is_told(tmp_path: Path) -> None:
    text = coco({1: "a.jpg", 2: "b.jpg"}, [(1, 2), (2, 9)], CATS)
    found = look(written(tmp_path, {**pictures("a.jpg", "b.jpg"), "x.json": text}))
    assert "the number 9, which no category has" in reasons(found)["b.jpg"]


def test_a_file_for_each_part_beside_its_pictures(tmp_path: Path) -> None:
    roboflow = [{"id": 0, "name": "pets", "supercategory": "none"}, {"id": 1, "name": "cat", "supercategory": "pets"}]
    for part in ("train", "valid", "test"):
        text = coco({1: "1.jpg"}, [(1, 1)], roboflow)
        written(tmp_path / part, {"1.jpg": picture(part), "_annotations.coco.json": text})
    found = look(tmp_path)
    assert (found.format, found.labels) == ("coco", ["cat"])
    assert places(found) == {
        "train/1.jpg": ("cat", "train"),
        "valid/1.jpg": ("cat", "validation"),
        "test/1.jpg": ("cat", "test"),
    }


def test_the_name_of_the_file_tells_the_part(tmp_path: Path) -> None:
    for part, name in (("train", "a.jpg"), ("val", "b.jpg")):
        written(tmp_path, {f"annotations/instances_{part}2017.json": coco({1: name}, [(1, 1)], CATS)})
        written(tmp_path, {f"{part}2017/{name}": picture(name)})
    assert places(look(tmp_path)) == {"train2017/a.jpg": ("ant", "train"), "val2017/b.jpg": ("ant", "validation")}


# --- Hugging Face ----------------------------------------------------------------------------------------------------

CARD = """---
dataset_info:
  features:
  - name: image
    dtype: image
  - name: label
    dtype:
      class_label:
        names:
          '0': zebra
          '1': ant
---
# A data set
"""


@pytest.mark.parametrize(
    "names",
    [
        {"README.md": CARD},
        {"dataset_info.json": '{"features": {"label": {"names": ["zebra", "ant"], "_type": "ClassLabel"}}}'},
        {"dataset_infos.json": '{"default": {"features": {"label": {"names": ["zebra", "ant"]}}}}'},
        {"id2label.json": '{"0": "zebra", "1": "ant"}'},
        {"class_indices.json": '{"ant": 1, "zebra": 0}'},
        {"classes.json": '["zebra", "ant"]'},
    ],
)
def test_class_numbers_become_names_and_folders_of_the_split_are_parts(tmp_path: Path, names: dict[str, str]) -> None:
    for part in ("train", "validation", "test"):
        table = "file_name,label\n1.jpg,1\n2.jpg,0\n"
        written(tmp_path / part, {**pictures("1.jpg", "2.jpg"), "metadata.csv": table})
    found = look(written(tmp_path, dict(names)))
    assert (found.format, found.labels) == ("imagefolder", ["zebra", "ant"])
    assert places(found)["train/1.jpg"] == ("ant", "train")
    assert places(found)["validation/2.jpg"] == ("zebra", "validation")
    assert len(found.files) == 6
    assert set(reasons(found)) <= {"README.md"}


def test_metadata_without_classes_takes_the_folders(tmp_path: Path) -> None:
    written(
        tmp_path, {**pictures("cat/1.jpg", "dog/2.jpg"), "metadata.csv": "file_name,text\ncat/1.jpg,x\ndog/2.jpg,y\n"}
    )
    found = look(tmp_path)
    assert found.format == "imagefolder"
    assert places(found) == {"cat/1.jpg": ("cat", None), "dog/2.jpg": ("dog", None)}
