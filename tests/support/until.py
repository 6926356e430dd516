"""Wait for something to become true, and no longer: the end is part of the question."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(condition: Callable[[], T], seconds: float = 20.0, what: str = "") -> T:
    """Ask again and again until the answer is true; returns that answer.

    Args:
        condition: what is asked.
        seconds: after which the test fails.
        what: names the thing that did not come true.
    """
    end = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:g} s: {what or condition}; last answer: {answer!r}")
        time.sleep(0.01)
    return answer
