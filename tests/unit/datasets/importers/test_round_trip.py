"""What is written as a manifest is read back, whatever the words are."""

from __future__ import annotations

import csv
import io
import json
import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from fenlei.datasets import DatasetError
from fenlei.datasets.importers import IMPORTERS, Found
from tests.unit.datasets.importers.in_memory import PICTURE, pile

WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cf", "Zl", "Zp")), min_size=1, max_size=20)
LABELS = WORDS.filter(lambda text: text.strip() and text.strip().strip("\ufeff")).map(lambda text: text.strip())
NAMES = WORDS.map(lambda text: "".join(each for each in text if each not in '/\\%:".').strip()).filter(
    lambda text: text and not text.startswith("_")
)
PARTS = st.sampled_from(["train", "validation", "test", None])


def alike(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


@st.composite
def rows(draw: st.DrawFn) -> list[tuple[str, str, str | None, str | None]]:
    stems = draw(
        st.lists(NAMES, min_size=1, max_size=8, unique_by=lambda text: unicodedata.normalize("NFKC", text).casefold())
    )
    return [(f"pics/{stem}.jpg", draw(LABELS), draw(PARTS), draw(st.one_of(st.none(), LABELS))) for stem in stems]


def composed(text: str | None) -> str | None:
    return None if text is None else unicodedata.normalize("NFC", text)


def check(found: Found, given_rows: list[tuple[str, str, str | None, str | None]]) -> None:
    assert found.skipped == []
    told = [(file.name, file.label, file.part and file.part.value, file.group) for file in found.files]
    assert told == [(composed(name), composed(label), part, composed(group)) for name, label, part, group in given_rows]
    assert found.labels == sorted({composed(label) or "" for _, label, _, _ in given_rows})


@settings(max_examples=150)
@given(rows(), st.sampled_from([",", ";", "\t"]), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]))
def test_csv(given_rows: list[tuple[str, str, str | None, str | None]], delimiter: str, encoding: str) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(["path", "label", "split", "group"])
    writer.writerows(given_rows)
    data = out.getvalue().encode(encoding)
    if encoding == "gb18030":
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            pass
        else:
            return  # nobody could tell
    if encoding == "utf-8" and not data.isascii():
        data = b"\xef\xbb\xbf" + data  # short words may be Chinese in GBK, too; that is examined with examples
    files = {name: PICTURE for name, *_ in given_rows} | {"list.csv": data}
    check(IMPORTERS["csv"].read(pile(files)), given_rows)


@settings(max_examples=100)
@given(rows(), st.booleans(), st.booleans())
def test_json(given_rows: list[tuple[str, str, str | None, str | None]], array: bool, escaped: bool) -> None:
    records = [dict(zip(("path", "label", "split", "group"), row, strict=True)) for row in given_rows]
    if array:
        text = json.dumps(records, ensure_ascii=escaped)
    else:
        text = "\n".join(json.dumps(record, ensure_ascii=escaped) for record in records)
    data = text.encode()
    files = {name: PICTURE for name, *_ in given_rows} | {"list.jsonl": data}
    check(IMPORTERS["jsonl"].read(pile(files)), given_rows)


@settings(max_examples=100)
@given(rows())
def test_the_original_platform(given_rows: list[tuple[str, str, str | None, str | None]]) -> None:
    order = list(dict.fromkeys(composed(label) or "" for _, label, _, _ in given_rows))
    categories = [
        {"name": label, "images": [{"url": name} for name, own, _, _ in given_rows if composed(own) == label]}
        for label in order
    ]
    files = {name: PICTURE for name, *_ in given_rows}
    files["txfl-result.json"] = json.dumps({"categories": categories}).encode()
    found = IMPORTERS["txfl"].read(pile(files))
    assert found.skipped == []
    assert found.labels == order
    assert {(file.name, file.label) for file in found.files} == {
        (composed(name), composed(label)) for name, label, _, _ in given_rows
    }


@settings(max_examples=200)
@given(st.binary(max_size=300), st.sampled_from(["list.csv", "list.jsonl", "metadata.csv", "export.json"]))
def test_bytes_of_any_kind_are_a_manifest_or_none_and_never_an_accident(data: bytes, name: str) -> None:
    given_pile = pile({name: data, "a.jpg": PICTURE, "cat/1.jpg": PICTURE})
    for importer in IMPORTERS.values():
        importer.recognise(given_pile)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.just("a.jpg")),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(
                [
                    "path",
                    "label",
                    "categories",
                    "images",
                    "annotations",
                    "url",
                    "name",
                    "id",
                    "image_id",
                    "category_id",
                    "file_name",
                    "data",
                    "image",
                    "result",
                    "value",
                    "choices",
                    "was_cancelled",
                    "from_name",
                ]
            ),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=25,
)


@settings(max_examples=300)
@given(JSON, st.sampled_from(["list.json", "metadata.jsonl", "classes.json"]))
def test_json_of_any_shape_is_a_manifest_or_none_and_never_an_accident(value: object, name: str) -> None:
    table = b"path,label\na.jpg,0\n"
    given_pile = pile({name: json.dumps(value).encode(), "a.jpg": PICTURE, "cat/1.jpg": PICTURE, "t.csv": table})
    for importer in IMPORTERS.values():
        importer.recognise(given_pile)
        try:
            found = importer.read(given_pile)
        except DatasetError:
            continue
        names = [file.name for file in found.files] + [each.name for each in found.skipped]
        assert {"a.jpg", "cat/1.jpg"} <= set(names)
        assert len({file.name for file in found.files}) == len(found.files)
