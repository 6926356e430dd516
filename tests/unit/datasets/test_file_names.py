"""Names of strangers become names that can be kept, shown and unpacked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenlei.datasets.create import BadValue
from fenlei.datasets.file_names import MOST_NAME_CHARS, kept_name, numbered, safe_segment, sent_name, split_ending

text = st.text(st.characters(exclude_categories=[]), max_size=60)


@given(text)
def test_a_kept_name_can_be_stored_and_stays_itself(name: str) -> None:
    kept = kept_name(name)
    kept.encode("utf-8")
    assert "\0" not in kept
    assert kept.isprintable() or not any(each in kept for each in "\n\r\t\x1b\x7f")
    assert kept_name(kept) == kept


@given(text)
def test_a_sent_name_leads_nowhere(name: str) -> None:
    try:
        sent = sent_name(name)
    except BadValue:
        return
    assert not sent.startswith("/")
    assert all(part.strip() not in {"", ".", ".."} for part in sent.split("/"))
    assert sent_name(sent) == sent


@given(text)
def test_a_safe_segment_is_one_and_stays_itself(name: str) -> None:
    safe = safe_segment(name)
    assert safe
    assert safe not in {".", ".."}
    assert "/" not in safe
    assert "\\" not in safe
    assert safe_segment(safe) == safe


@pytest.mark.parametrize(
    ("name", "number", "expected"),
    [
        ("cat/1.png", 2, "cat/1 (2).png"),
        ("cat.d/1", 3, "cat.d/1 (3)"),
        ("cat/.hidden", 2, "cat/.hidden (2)"),
        ("a.tar.gz", 2, "a.tar (2).gz"),
        ("a.b c d e f g h i", 2, "a.b c d e f g h i (2)"),
    ],
)
def test_the_number_stands_before_the_ending(name: str, number: int, expected: str) -> None:
    assert numbered(name, number) == expected


def test_a_long_name_with_a_number_is_no_longer_than_it_may_be() -> None:
    long = "x" * (MOST_NAME_CHARS - 4) + ".png"
    assert len(numbered(long, 12)) == MOST_NAME_CHARS
    assert numbered(long, 12).endswith("x (12).png")


@given(text, text)
def test_an_ending_is_part_of_the_name(name: str, ending: str) -> None:
    stem, found = split_ending(f"{name}.{ending}")
    assert stem + found == f"{name}.{ending}"
    assert stem
