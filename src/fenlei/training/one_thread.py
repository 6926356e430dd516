"""Matrices multiplied on one thread: those of heads are small, and several threads take several times as long."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from typing import Any


def one_thread() -> AbstractContextManager[Any]:
    """Within it, BLAS uses one thread, in all of the process."""
    return _libraries().limit(limits=1, user_api="blas")  # type: ignore[no-any-return]


@cache
def _libraries() -> Any:
    """Those of numpy and scipy, looked for once: going through all that a process has loaded takes milliseconds."""
    import numpy as np  # noqa: F401 - loaded before they are looked for
    import scipy.linalg  # noqa: F401
    from threadpoolctl import ThreadpoolController  # of the extra `train`; reports are read without it

    return ThreadpoolController()
