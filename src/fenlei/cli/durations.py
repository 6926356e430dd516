"""`90`, `30s`, `10m`, `2h`, `7d`: a time span as people write it, and as they say it."""

from __future__ import annotations

import re

import typer

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(text: str) -> float:
    """Seconds of a span such as `45`, `30s`, `10m`, `1.5h`, `7d`.

    Raises:
        typer.BadParameter: it is none, or not above zero.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhd]?)\s*", text)
    if match is None or float(match[1]) <= 0:
        raise typer.BadParameter(f"{text!r} is no time span: write 30s, 10m, 2h, 7d or a number of seconds above 0.")
    return float(match[1]) * _UNITS[match[2]]


def about(seconds: float) -> str:
    """A time span as a person says it: `about 40 s`, `about 12 min`."""
    if seconds < 90:
        return f"about {round(seconds)} s"
    minutes = seconds / 60
    return f"about {round(minutes)} min" if minutes < 90 else f"about {minutes / 60:.1f} h"
