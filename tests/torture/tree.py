"""`fenlei up` as a tree of processes on one port, any of which is killed, and the server of which is started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tests.support.cli import environment
from tests.support.until import until

START_SECONDS = 120.0


class Tree:
    """A platform that is killed and started again, always at the same address.

    Attributes:
        base: scheme, host and port.
        process: the server that runs now, or ran last.
    """

    def __init__(self, workspace: Path, extra: Mapping[str, str], workers: int = 2) -> None:
        """Prepare; nothing is started yet.

        Args:
            workspace: its own.
            extra: further environment variables.
            workers: processes that carry out runs.
        """
        self._workspace, self._workers = workspace, workers
        self._environment = environment(workspace, **{"FENLEI_THREADS": "2", **extra})
        self._out, self._log = (workspace.with_name(f"{workspace.name}.{end}") for end in ("out", "log"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.base = f"http://127.0.0.1:{self._port}"
        self.process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Start the server, without waiting for it."""
        command = [sys.executable, "-m", "fenlei", "up", "--port", str(self._port), "--workers", str(self._workers)]
        with self._out.open("ab") as out, self._log.open("ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=log, env=self._environment, start_new_session=True
            )

    def wait(self) -> None:
        """Until it answers.

        Raises:
            AssertionError: it ended, or takes too long.
        """
        until(self._answers, START_SECONDS, f"the server's answer; {self._log}")

    @property
    def link(self) -> str:
        """The secret of the sign-in link that it printed last."""
        until(lambda: "#link=" in self._out.read_text(), 10, "the sign-in link")
        return self._out.read_text().rpartition("#link=")[2].strip()

    @property
    def log(self) -> str:
        """What all servers and workers wrote to standard error."""
        return self._log.read_text(errors="replace")

    def kill_server(self) -> None:
        """kill -9, and wait for its end."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(30)

    def workers(self) -> list[int]:
        """Processes of workers that live."""
        if self.process is None or self.process.poll() is not None:
            return []
        return [pid for pid in _children(self.process.pid) if b"\0worker\0" in _command(pid)]

    def jobs(self) -> dict[int, tuple[str, int]]:
        """Processes of runs that live, each with its run and the fence under which it was claimed."""
        found = {}
        for pid in (pid for worker in self.workers() for pid in _children(worker)):
            _, name, after = _command(pid).partition(b"\0run-job\0")
            if name:
                run_id, fence = after.split(b"\0")[:2]
                found[pid] = (run_id.decode(), int(fence))
        return found

    def stop(self) -> int:
        """SIGTERM, and the exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def close(self) -> None:
        """End it, however it stands."""
        if self.process is not None and self.process.poll() is None:
            self.kill_server()

    def _answers(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"fenlei up ended with {self.process.returncode}: {self.log[-3000:]}")
        with suppress(OSError), urllib.request.urlopen(f"{self.base}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
        time.sleep(0.03)
        return False


def kill(pid: int) -> bool:
    """kill -9; False where it had ended by itself."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def _children(parent: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, up = path.read_text().rpartition(")")[2].split()[:2]
            if int(up) == parent and state not in {"Z", "X"}:
                found.append(int(path.parent.name))
    return sorted(found)


def _command(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""
