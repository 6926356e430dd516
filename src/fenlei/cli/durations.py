"""`90`, `30s`, `10m`, `2h`: a time span as people write it."""

from __future__ import annotations

import re

import typer

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(text: str) -> float:
    """Seconds of a span such as `45`, `30s`, `10m`, `1.5h`.

    Raises:
        typer.BadParameter: it is none, or not above zero.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smh]?)\s*", text)
    if match is None or float(match[1]) <= 0:
        raise typer.BadParameter(f"{text!r} is no time span: write 30s, 10m, 2h or a number of seconds above 0.")
    return float(match[1]) * _UNITS[match[2]]
