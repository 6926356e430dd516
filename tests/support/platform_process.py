"""`fenlei up` in a process of its own, as a user starts it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType

from tests.support.until import until


class PlatformProcess:
    """A running platform. Ends with the `with` block, or at `stop`.

    Attributes:
        base: scheme, host and port.
        link: signs the owner in once; empty when they have a password.
    """

    def __init__(self, workspace: Path, *, port: int = 0, workers: int = 1, **environment: str) -> None:
        self._said = workspace.parent / f"{workspace.name}.out"
        self._log = workspace.parent / f"{workspace.name}.err"
        command = [sys.executable, "-m", "fenlei", "up", "--port", str(port), "--workers", str(workers)]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FENLEI_")}
        with self._said.open("wb") as out, self._log.open("wb") as err:
            self.process = subprocess.Popen(
                command, stdout=out, stderr=err, env={**kept, "FENLEI_WORKSPACE": str(workspace), **environment}
            )
        try:
            until(lambda: "ends it" in self.log_or_lines(), 60, "fenlei up answers")
        except BaseException:
            self.kill()
            raise
        lines = self._said.read_text().split()
        self.base = lines[0]
        self.link = next((line for line in lines if "#link=" in line), "")

    def log(self) -> str:
        """What it wrote to stderr."""
        return self._log.read_text(errors="replace")

    def log_or_lines(self) -> str:
        """What it wrote to stderr, while it runs; otherwise an end to the waiting."""
        if self.process.poll() is not None:
            raise AssertionError(f"fenlei up ended with {self.process.returncode}: {self.log()}")
        return self.log()

    def stop(self) -> int:
        """SIGTERM, and the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait(30)

    def __enter__(self) -> PlatformProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            try:
                self.stop()
            finally:
                if self.process.poll() is None:
                    self.kill()
