"""Parameters say what they are in both languages, are read as JSON says them, and refusals tell what is allowed."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

import pytest
from pydantic import ValidationError, field_validator

from fenlei.pipelines.parameters import BadParam, Params, allowed_of, param, read_params, schema_of
from fenlei.pipelines.words import Words

W = Words("Word", "词")


class Colour(StrEnum):
    """An enumeration."""

    RED = "red"
    BLUE = "blue"


class Toy(Params):
    """One of each."""

    count: int = param(3, title=Words("Count", "数量"), help=Words("How many.", "多少。"), ge=1, le=9)
    share: float = param(0.5, title=W, help=W, gt=0, lt=1)
    most: int | None = param(None, title=W, help=W, ge=1)
    way: Literal["first", "last"] = param("first", title=W, help=W)
    colour: Colour = param(Colour.RED, title=W, help=W)
    names: list[str] = param(["a"], title=W, help=W, min_length=1, max_length=3)
    pair: tuple[int, int] = param((1, 2), title=W, help=W)
    word: str = param("x", title=W, help=W, pattern="^[a-z]+$", max_length=5)
    quick: bool = param(False, title=W, help=W)

    @field_validator("word")
    @classmethod
    def _not_bad(cls, word: str) -> str:
        if word == "bad":
            raise ValueError("`bad` is a bad word")
        return word


def bad(**said: Any) -> BadParam:
    params, (found,) = read_params(Toy, said)
    assert params is None
    return found


def test_what_is_not_said_is_the_default() -> None:
    params, none = read_params(Toy, {})
    assert (params, none) == (Toy(), [])


def test_values_are_read_as_json_says_them() -> None:
    params, none = read_params(Toy, {"colour": "blue", "pair": [3, 4], "share": 0.25, "most": None})
    assert none == []
    assert params == Toy(colour=Colour.BLUE, pair=(3, 4), share=0.25)


def test_a_whole_number_is_a_number() -> None:
    class Scaled(Params):
        scale: float = param(1.0, title=W, help=W)

    params, none = read_params(Scaled, {"scale": 2})
    assert none == []
    assert isinstance(params, Scaled)
    assert isinstance(params.scale, float)


def test_parameters_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Toy().count = 4


@pytest.mark.parametrize(
    ("said", "why", "allowed"),
    [
        ({"count": 10}, "it says 10", "a whole number, at least 1 and at most 9"),
        ({"count": "3"}, 'it says "3"', "a whole number, at least 1 and at most 9"),
        ({"count": True}, "it says true", "a whole number, at least 1 and at most 9"),
        ({"share": 0}, "it says 0", "a number, above 0 and below 1"),
        ({"most": 0}, "it says 0", "a whole number, at least 1, or null"),
        ({"way": "middle"}, 'it says "middle"', "first, last"),
        ({"colour": "green"}, 'it says "green"', "red, blue"),
        ({"names": []}, "it says []", "a list, each entry a text, at least 1 of them and at most 3 of them"),
        ({"names": ["a", 1]}, "its entry [1] says 1", "a list, each entry a text"),
        ({"names": "x" * 100}, f'it says "{"x" * 59}…', "a list, each entry a text"),
        ({"word": "Two Words"}, 'it says "Two Words"', "a text, at most 5 characters and of the form `^[a-z]+$`"),
        ({"word": "bad"}, "`bad` is a bad word", "a text"),
        ({"quick": 1}, "it says 1", "true or false"),
        ({"nonsense": 1}, "there is no such parameter", "the parameters are `count`, `share`, `most`, `way`"),
    ],
)
def test_a_refusal_says_what_was_said_and_what_is_allowed(said: dict[str, Any], why: str, allowed: str) -> None:
    found = bad(**said)
    assert found.name == next(iter(said))
    assert found.why.en == why
    assert found.allowed.en.startswith(allowed)
    assert found.why.zh
    assert found.allowed.zh


def test_a_refusal_is_told_in_chinese_too() -> None:
    found = bad(count=0)
    assert (found.why.zh, found.allowed.zh) == ("填写的是 0", "整数，不小于 1且不大于 9")
    assert bad(nonsense=0).why.zh == "没有这个参数"


def test_a_parameter_that_has_no_default_must_be_said() -> None:
    class Needed(Params):
        path: str = param(..., title=W, help=W, min_length=1)

    _, (found,) = read_params(Needed, {})
    assert (found.name, found.why.en, found.allowed.en) == ("path", "it is not said", "a text, at least 1 characters")


def test_every_parameter_that_cannot_be_is_told_once() -> None:
    _, found = read_params(Toy, {"names": [1, 2, 3], "count": 0, "pair": "x"})
    assert [each.name for each in found] == ["count", "names", "pair"]


def test_the_schema_has_titles_helps_and_bounds_in_both_languages() -> None:
    said = schema_of(Toy)["properties"]["count"]
    assert said == {
        "title": "Count",
        "title_zh": "数量",
        "description": "How many.",
        "description_zh": "多少。",
        "type": "integer",
        "minimum": 1,
        "maximum": 9,
        "default": 3,
    }


def test_a_parameter_of_no_name_may_be_anything() -> None:
    assert allowed_of(Toy, "nonsense").en == "another value"
