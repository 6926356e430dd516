"""What a recipe hands over, as JSON can hold it in either database."""

from __future__ import annotations

import math
from typing import Any


def plain(value: Any) -> Any:
    """The value with tuples as lists, numbers that are no numbers as None, and no NUL in texts, which PostgreSQL does
    not take.

    Raises:
        TypeError: it holds something that JSON has no form for.
    """
    if isinstance(value, str):
        return text(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {text(str(key)): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if hasattr(value, "tolist"):  # numbers and arrays of numpy
        return plain(value.tolist())
    raise TypeError(f"a {type(value).__name__} cannot be kept as JSON")


def text(value: str) -> str:
    """The text without NUL and lone surrogates."""
    return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
