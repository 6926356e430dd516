"""The processes beside the server: started, watched, started again when they die, and ended with it."""

from __future__ import annotations

import logging
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds before a process that died is started again: the first time, and at most; each time twice as long."""

CALM_SECONDS = 30.0
"""A process that lived longer than this has not died of how it began: the pause is short again."""


class KeptProcess:
    """One process that is to run as long as the server does.

    Its standard input is a pipe that the server holds, and it is to end when that ends: so it does not outlive the
    server, however that went. Ctrl-C does not reach it; the server ends it in its own time.
    """

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Nothing is started yet.

        Args:
            name: for the log.
            command: the program and its arguments.
            environment: of the process.
        """
        self._name = name
        self._command = list(command)
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None
        self._leaving = threading.Event()
        self._changing = threading.Lock()
        # Linux ties the process to the thread that starts it, so one thread does it for all of the server's life.
        self._thread = threading.Thread(target=self._keep, name=f"fenlei-keep-{name}", daemon=True)

    @property
    def pid(self) -> int | None:
        """Of the process that runs now; None between two."""
        process = self._process
        return None if process is None else process.pid

    def start(self) -> None:
        """Begin to keep it running."""
        self._thread.start()

    def ask(self) -> None:
        """Ask it to end, and do not start it again."""
        with self._changing:
            self._leaving.set()
            if self._process is not None:
                self._process.send_signal(signal.SIGTERM)

    def close(self, seconds: float) -> None:
        """Wait for its end, and force it after `seconds`."""
        self.ask()
        if not self._thread.is_alive():
            return
        self._thread.join(seconds)
        with self._changing:
            if self._process is not None:
                log.warning("process_killed", extra={"child": self._name, "pid": self._process.pid})
                self._process.kill()
        self._thread.join()

    def _keep(self) -> None:
        pause = FIRST_PAUSE
        while not self._leaving.is_set():
            began = time.monotonic()
            status = self._run()
            if self._leaving.is_set():
                return
            if time.monotonic() - began > CALM_SECONDS:
                pause = FIRST_PAUSE
            log.error("process_died", extra={"child": self._name, "status": status, "again_in": pause})
            self._leaving.wait(pause)
            pause = min(LONGEST_PAUSE, 2 * pause)

    def _run(self) -> int | str:
        """Run it once; returns how it ended."""
        with self._changing:
            if self._leaving.is_set():
                return 0
            try:
                process = subprocess.Popen(  # noqa: S603 (our own command)
                    self._command, stdin=subprocess.PIPE, env=self._environment, start_new_session=True
                )
            except OSError as exc:
                return str(exc)
            self._process = process
        log.info("process_started", extra={"child": self._name, "pid": process.pid})
        try:
            return process.wait()
        finally:
            with self._changing:
                self._process = None
            if process.stdin is not None:
                process.stdin.close()


class Tree:
    """All processes beside the server."""

    def __init__(self, processes: Sequence[KeptProcess]) -> None:
        """Nothing is started yet."""
        self.processes = list(processes)

    def start(self) -> None:
        """Start them all."""
        for process in self.processes:
            process.start()

    def ask(self) -> None:
        """Ask them all to end."""
        for process in self.processes:
            process.ask()

    def close(self, seconds: float) -> None:
        """Wait for the end of all, and force those that are still there after `seconds`."""
        until = time.monotonic() + seconds
        self.ask()
        for process in self.processes:
            process.close(max(0.0, until - time.monotonic()))
