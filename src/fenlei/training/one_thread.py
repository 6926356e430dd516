"""Matrices multiplied on one thread: those of heads are small, and several threads take several times as long."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from functools import cache
from typing import Any


def one_thread() -> AbstractContextManager[Any]:
    """Within it, BLAS uses one thread, in all of the process."""
    return _libraries("scipy.linalg" in sys.modules).limit(limits=1, user_api="blas")  # type: ignore[no-any-return]


@cache
def _libraries(_with_scipy: bool) -> Any:
    """That of numpy, and scipy's once that is loaded. Looked for once: going through all that a process has loaded
    takes milliseconds."""
    import numpy as np  # noqa: F401 - loaded before it is looked for
    from threadpoolctl import ThreadpoolController  # of the extra `train`; reports are read without it

    return ThreadpoolController()
