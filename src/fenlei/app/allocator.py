"""Keep glibc's memory allocator from holding on to what bodies and pictures needed for a moment."""

from __future__ import annotations

import ctypes
import sys

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8


def calm_allocator() -> bool:
    """Fix the thresholds that glibc otherwise raises by itself as large blocks come and go.

    Left alone, it keeps a heap per thread and lets each grow to the largest picture it ever held. Blocks of a
    megabyte and more go back to the system when they are freed; smaller ones come from two heaps.

    Returns:
        Whether this is a system where that can be set.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return False
    settings = {_M_ARENA_MAX: 2, _M_MMAP_THRESHOLD: 1024 * 1024, _M_TRIM_THRESHOLD: 4 * 1024 * 1024}
    return all(mallopt(name, value) == 1 for name, value in settings.items())
