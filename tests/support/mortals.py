"""Processes that are there to be killed: started quickly, because what they need is loaded once and then forked."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from typing import Any

PRELOADED = ["fenlei.datasets.carry_out", "fenlei.datasets.uploads", "fenlei.store.disk", "fenlei.store.s3"]

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(PRELOADED)


def pipe() -> tuple[Any, Any]:
    """Two ends of a connection, one of which goes to the process."""
    return _context.Pipe()


def start(function: Callable[..., None], *arguments: Any) -> BaseProcess:
    """Run a function of a test module in a process of its own."""
    child = _context.Process(target=function, args=arguments)
    child.start()
    return child


def kill(child: BaseProcess) -> bool:
    """Kill it as `kill -9` does; False where it had ended by itself."""
    if child.pid is not None and child.is_alive():
        os.kill(child.pid, signal.SIGKILL)
    child.join(20)
    return child.exitcode == -signal.SIGKILL
