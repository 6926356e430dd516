"""URLs, names and keys: what one side writes, the other finds."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenlei.contract import (
    BadName,
    check_name,
    is_name,
    name_in_path,
    prediction_path,
    prediction_url,
    sent_key,
)

NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=64)


@given(NAMES, st.text(min_size=1))
def test_a_complete_url_holds_the_name_and_the_key(name: str, key: str) -> None:
    parts = urlsplit(prediction_url("http://127.0.0.1:8000/", name, key))
    assert name_in_path(parts.path) == name
    assert sent_key(parts.query, {}) == key


def test_an_open_deployments_url_has_no_query() -> None:
    assert prediction_url("http://h", "cats") == "http://h/api/image/cats"


@pytest.mark.parametrize("name", ["", "Cats", "猫", "a b", "a/b", "a.b", "a" * 65, "a\n", "é", "１"])
def test_other_names_are_refused_with_what_is_allowed(name: str) -> None:
    assert not is_name(name)
    with pytest.raises(BadName, match="a-z, 0-9"):
        check_name(name)
    with pytest.raises(BadName):
        prediction_path(name)


@pytest.mark.parametrize(
    "path", ["/", "/api/image", "/api/image/", "/api/image/a/b", "/api/images/a", "/x/api/image/a"]
)
def test_another_path_names_nothing(path: str) -> None:
    assert name_in_path(path) is None


def test_an_invalid_name_in_a_path_is_still_found_so_that_it_can_be_answered() -> None:
    assert name_in_path("/api/image/UPPER") == "UPPER"


@pytest.mark.parametrize(
    ("query", "headers", "key"),
    [
        ("", {}, None),
        ("neu_app_key=k", {}, "k"),
        ("a=1&neu_app_key=k%2B1&b", {}, "k+1"),
        ("neu_app_key=", {}, None),
        ("neu_app_key=", {"x-app-key": "h"}, "h"),
        ("xneu_app_key=k", {}, None),
        ("", {"x-app-key": " h "}, "h"),
        ("neu_app_key=k", {"x-app-key": "h", "authorization": "Bearer b"}, "k"),
        ("", {"x-app-key": "h", "authorization": "Bearer b"}, "h"),
        ("", {"authorization": "bearer  b"}, "b"),
        ("", {"authorization": "Basic b"}, None),
        ("", {"authorization": "Bearer"}, None),
    ],
)
def test_a_key_is_found_wherever_it_may_travel(query: str, headers: dict[str, str], key: str | None) -> None:
    assert sent_key(query, headers) == key
