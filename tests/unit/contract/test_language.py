"""Which language a caller gets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenlei.contract import choose


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "zh"),
        ("", "zh"),
        ("zh", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("zh-Hant-TW", "zh"),
        ("en", "en"),
        ("EN-us,en;q=0.9", "en"),
        ("en-GB, zh", "en"),
        ("zh, en", "zh"),
        ("zh;q=0.1, en;q=0.2", "en"),
        ("fr, de", "zh"),
        ("fr, en;q=0.3", "en"),
        ("*", "zh"),
        ("en;q=0.5, *;q=0.1", "en"),
        ("en;q=0", "zh"),
        ("en ; q = 0.7", "en"),
        ("en;q=x", "zh"),
        ("en;q=7", "zh"),
        (";;,,", "zh"),
    ],
)
def test_the_language_is_the_one_that_is_wanted_most(header: str | None, language: str) -> None:
    assert choose(header) == language


@given(st.text(max_size=60))
def test_any_header_gives_a_language(header: str) -> None:
    assert choose(header) in {"zh", "en"}
