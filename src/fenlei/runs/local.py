"""Runs as processes of this machine."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_STANDARD_ERROR = 2


class LocalProcess:
    """A process and all it has started: they are one process group."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._cleared = False

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def status(self) -> int | None:
        """See `Child`."""
        if not self._cleared and self._has_ended(wait=False):
            self._clear_away()
        return self._process.returncode

    def ask(self) -> None:
        """See `Child`."""
        if self.status() is None:
            os.kill(self._process.pid, signal.SIGTERM)  # Popen's own way would reap it

    def kill(self) -> None:
        """See `Child`."""
        if not self._cleared:
            self._signal_group()
            self._has_ended(wait=True)
            self._clear_away()

    def _has_ended(self, *, wait: bool) -> bool:
        if not hasattr(os, "waitid"):  # macOS before Python 3.13
            return (self._process.wait() if wait else self._process.poll()) is not None
        # Left unreaped, so that its number, which is also the group's, cannot be given to anybody else yet.
        how = os.WEXITED | os.WNOWAIT | (0 if wait else os.WNOHANG)
        return os.waitid(os.P_PID, self._process.pid, how) is not None

    def _clear_away(self) -> None:
        self._cleared = True
        self._signal_group()
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _signal_group(self) -> None:
        with suppress(ProcessLookupError, PermissionError):  # macOS denies it where only the ended leader is left
            os.killpg(self._process.pid, signal.SIGKILL)


class LocalProcesses:
    """Starts a command with the run's id and fence behind it, one process for each run.

    The command is to call `run_job`. Its standard input is a pipe that this process holds, by which it learns that we
    are gone; what it prints goes to our standard error.
    """

    def __init__(
        self, command: Sequence[str | Path], *, environment: Mapping[str, str] | None = None, folder: Path | None = None
    ) -> None:
        """Prepare to start processes.

        Args:
            command: the program and its first arguments.
            environment: of the processes; ours when None.
            folder: where they begin; ours when None.
        """
        self._command = [str(part) for part in command]
        self._environment = environment
        self._folder = folder

    def start(self, run_id: str, fence: int) -> LocalProcess:
        """See `Compute`. To be called from a thread that lives as long as the worker: Linux ties the child to it."""
        return LocalProcess(
            subprocess.Popen(  # noqa: S603 (our own command)
                [*self._command, run_id, str(fence)],
                stdin=subprocess.PIPE,
                stdout=_STANDARD_ERROR,
                env=self._environment,
                cwd=self._folder,
                start_new_session=True,  # Ctrl-C is for the worker, which then asks; and the group can be killed whole
            )
        )
