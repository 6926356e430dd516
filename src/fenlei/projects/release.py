"""Which Fenlei this is, for the record of what it makes."""

from __future__ import annotations

import functools
from importlib import metadata


@functools.cache
def release() -> str:
    """The installed version, such as `0.1.0`."""
    return metadata.version("fenlei")
