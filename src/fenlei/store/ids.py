"""Names of rows: a prefix that tells the noun, and 26 characters that sort by time of making."""

from __future__ import annotations

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32, in lower case: no letter that reads like a figure."""


def new_id(prefix: str) -> str:
    """A new id such as `ds_01hzy3…`: 48 bits of milliseconds and 80 random bits, as a ULID has them."""
    number = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    return f"{prefix}_" + "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
