"""A process that has loaded `fenlei` once and runs its commands in children, each of which it may kill.

Each line on stdin is JSON, `{"words": […], "kill_after": SECONDS or null}`; each line on stdout says how a command
ended: `{"code": …, "killed": …, "seconds": …}`. What a command prints goes to stderr.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time


def main() -> None:
    """Answer lines until there are no more."""
    from fenlei.cli import app
    from fenlei.pipelines.registry import node_types

    node_types()
    for line in sys.stdin:
        asked = json.loads(line)
        started = time.monotonic()
        child = os.fork()
        if not child:
            os.dup2(2, 1)
            try:
                app(asked["words"])
            except SystemExit as exc:
                os._exit(int(exc.code or 0))
            finally:
                os._exit(70)
        killer = None if asked["kill_after"] is None else threading.Timer(asked["kill_after"], _kill, [child])
        if killer is not None:
            killer.start()
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        if killer is not None:  # as long as nobody has asked how the child ended, its number is no other's
            killer.cancel()
            killer.join()
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        told = {"code": os.waitstatus_to_exitcode(status), "killed": killed, "seconds": time.monotonic() - started}
        print(json.dumps(told), flush=True)


def _kill(child: int) -> None:
    os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    main()
