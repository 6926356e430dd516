"""A budget is said as people say a time span, and anything else is refused with what can be written."""

from __future__ import annotations

import pytest
import typer

from fenlei.cli.durations import about, seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2h", 7200),
        ("10m", 600),
        ("30s", 30),
        ("45", 45),
        ("1.5h", 5400),
        (" 2 h ", 7200),
        ("7d", 604_800),
        ("0.5", 0.5),
    ],
)
def test_a_time_span_is_read_with_its_unit(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize(
    "text", ["", "h", "0", "0h", "-2h", "2w", "2H", "2hours", "1h30m", "1e3", "inf", "nan", "2,5h"]
)
def test_what_is_no_time_span_is_refused_and_told_what_is(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="write 30s, 10m, 2h, 7d or a number of seconds above 0"):
        seconds(text)


def test_what_is_left_is_said_in_the_unit_that_fits() -> None:
    assert [about(each) for each in (40, 89.4, 720, 7200)] == [
        "about 40 s",
        "about 89 s",
        "about 12 min",
        "about 2.0 h",
    ]
