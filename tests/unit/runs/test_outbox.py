"""What a run tells is bounded before it reaches any database."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from fenlei.runs.outbox import BURST, LINE, RATE, Outbox
from fenlei.runs.plain import plain


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def texts(outbox: Outbox) -> list[Any]:
    return [event.data.get("text") for event in outbox.take().events]


def test_lines_may_come_in_a_burst_and_then_at_a_rate() -> None:
    clock = Clock()
    outbox = Outbox(clock)
    for _ in range(BURST + 7):
        outbox.log("x", None)
    assert texts(outbox)[BURST:] == [f"(7 log lines left out: a run may give {RATE} a second)"]
    clock.at = 1.0
    for _ in range(RATE + 1):
        outbox.log("y", None)
    assert texts(outbox) == ["y"] * RATE + [f"(1 log lines left out: a run may give {RATE} a second)"]
    assert not outbox.waiting


def test_figures_have_an_allowance_of_their_own() -> None:
    outbox = Outbox(Clock())
    for number in range(BURST + 2):
        outbox.figure("metric", {"name": "loss", "value": number}, None)
    outbox.log("still heard", None)
    said = texts(outbox)
    assert said[BURST:] == ["still heard", f"(2 figures left out: a run may give {RATE} a second)"]


def test_long_lines_are_cut() -> None:
    outbox = Outbox(Clock())
    outbox.log("x" * LINE + "yz", None)
    assert texts(outbox) == ["x" * LINE + "… (2 more characters)"]


def test_of_progress_the_latest_is_kept_within_its_bounds() -> None:
    outbox = Outbox(Clock())
    for fraction in (0.5, -1.0, math.nan, 7.0):
        outbox.progress("counting", fraction, "count")
    kept = outbox.take().progress
    assert kept is not None
    assert (kept.data, kept.step) == ({"stage": "counting", "fraction": 1.0}, "count")
    outbox.progress("x" * 200, math.nan, None)
    kept = outbox.take().progress
    assert kept is not None
    assert kept.data == {"stage": "x" * 80, "fraction": 0.0}


def test_what_could_not_be_written_comes_first_the_next_time() -> None:
    outbox = Outbox(Clock())
    outbox.log("first", None)
    outbox.progress("counting", 0.1, None)
    batch = outbox.take()
    outbox.log("second", None)
    outbox.progress("counting", 0.2, None)
    outbox.give_back(batch)
    again = outbox.take()
    assert [event.data["text"] for event in again.events] == ["first", "second"]
    assert again.progress is not None
    assert again.progress.data["fraction"] == 0.2


def test_values_become_what_json_has_a_form_for() -> None:
    given = {"a": (1, np.float32(0.5), np.int64(3)), 2: {"inf": -math.inf}, "c": "nul\x00 \ud800", "d": np.arange(2)}
    assert plain(given) == {"a": [1, 0.5, 3], "2": {"inf": None}, "c": "nul\ufffd ?", "d": [0, 1]}
    with pytest.raises(TypeError, match="a set cannot"):
        plain({"set": {1}})
