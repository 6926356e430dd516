"""A process that carries out a run does not outlive its worker, nor the lease that it could not renew."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
import sys
import threading

_PR_SET_PDEATHSIG = 1


def die_with_worker() -> None:
    """End this process when the worker that started it is gone, however it went.

    Linux kills us. Elsewhere, and where that came too late, our standard input tells: it is a pipe that the worker
    holds open and never writes to. Afterwards standard input is empty.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    pipe = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    threading.Thread(target=_wait_for_its_end, args=(pipe,), name="deathwatch", daemon=True).start()


def _wait_for_its_end(pipe: int) -> None:
    while os.read(pipe, 64):
        pass
    os._exit(1)


def end_in(seconds: float) -> None:
    """End this process after this time unless this is called again before: also when a thread holds the interpreter,
    or when the process was stopped meanwhile. Where it was busy is written to standard error then."""
    faulthandler.dump_traceback_later(max(0.05, seconds), exit=True)


def end_no_more() -> None:
    """Let this process live on."""
    faulthandler.cancel_dump_traceback_later()
