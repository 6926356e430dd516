"""`fenlei up` as a process, and what a person does with it over HTTP."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any
from urllib.parse import urlsplit

from tests.support.cli import environment
from tests.support.until import until

START_SECONDS = 60.0


class Up:
    """A running platform. Ends with the `with` block, with everything it has started.

    Attributes:
        base: scheme, host and port.
        lines: what it printed so far.
        process: the server.
        secret: of the sign-in link; empty when none was printed.
        folder: for whatever a test keeps beside it.
    """

    def __init__(self, workspace: Path, *words: str, **extra: str) -> None:
        """Start it.

        Args:
            workspace: its own.
            words: further arguments of the command.
            extra: further environment variables.
        """
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed at exit)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "fenlei", "up", *(words if "--port" in words else ("--port", "0", *words))],
            env=environment(workspace, FENLEI_ENGINE="onnxruntime", FENLEI_THREADS="2", **extra),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            start_new_session=True,
        )
        self.lines: list[str] = []
        self.base = self.line()
        self.secret = ""
        self.folder = workspace
        self._cookie = ""

    def line(self) -> str:
        """The next line that it prints."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline().strip()
        if not line:
            self.process.wait(20)
            raise RuntimeError(f"it ended with {self.process.returncode}: {self.log}")
        self.lines.append(line)
        return line

    @property
    def log(self) -> str:
        """Everything it wrote to standard error so far."""
        self._log.seek(0)
        return self._log.read().decode()

    def events(self, name: str) -> list[dict[str, Any]]:
        """The lines of its log with this event."""
        lines = [json.loads(line) for line in self.log.splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == name]

    def call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, seconds: float = 30
    ) -> tuple[int, dict[str, str], Any]:
        """Make a request as whoever is signed in: (status, headers in lower case, JSON or bytes)."""
        parts = urlsplit(self.base)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=seconds)
        given = {"Cookie": self._cookie} if self._cookie else {}
        if not isinstance(body, bytes | None):
            body = json.dumps(body).encode()
            given["Content-Type"] = "application/json"
        try:
            connection.request(method, path, body, {**given, **(headers or {})})
            answer = connection.getresponse()
            said = answer.read()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, found, json.loads(said) if "json" in found.get("content-type", "") else said
        finally:
            connection.close()

    @property
    def signed_in(self) -> dict[str, str]:
        """The headers of whoever is signed in."""
        return {"Cookie": self._cookie}

    def do(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        """Make a request to the management API that must succeed."""
        status, _, said = self.call(method, f"/api/v1{path}", body, headers)
        assert status < 300, said
        return said

    def sign_in(self) -> Up:
        """Sign the owner in by the link that was printed."""
        self.secret = self.line().partition("#link=")[2]
        status, headers, said = self.call("POST", "/api/v1/sign-in", {"link": self.secret})
        assert status == 200, said
        self._cookie = headers["set-cookie"].partition(";")[0]
        return self

    def add_version(self, data: bytes, model: str = "cats") -> str:
        """Upload a model file; returns the id of the model version."""
        binary = {"Content-Type": "application/octet-stream"}
        parked = self.do("POST", "/model-files", data, binary)
        return str(self.do("POST", "/model-versions", {"file": parked["id"], "name": model})["version"]["id"])

    def publish(self, version: str, name: str = "cats", **wishes: Any) -> dict[str, Any]:
        """Publish a model version."""
        published: dict[str, Any] = self.do(
            "POST", "/deployments", {"name": name, "model_version_id": version, **wishes}
        )
        return published

    def workers(self) -> list[int]:
        """Processes of its workers that live."""
        return [pid for pid in _children(self.process.pid) if "worker" in _command(pid)]

    def worker(self) -> int:
        """The process of its only worker, once there is one."""
        return until(self.workers, START_SECONDS, "a worker")[0]

    def stop(self, number: int = signal.SIGTERM, seconds: float = 30.0) -> int:
        """End it; returns its exit status."""
        self.process.send_signal(number)
        return self.process.wait(seconds)

    def __enter__(self) -> Up:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        left = [self.process.pid, *_descendants(self.process.pid)]
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(30)
        for pid in left:
            if pid != self.process.pid or self.process.poll() is None:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self.process.communicate(timeout=20)
        self._log.close()


@contextmanager
def up(workspace: Path, *words: str, **extra: str) -> Iterator[Up]:
    """A platform whose owner is signed in."""
    with Up(workspace, *words, **extra) as running:
        yield running.sign_in()


def lives(pid: int) -> bool:
    """Whether a process is there and is no zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return fields[0] not in {"Z", "X"}


def _children(parent: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(path.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(path.parent.name))
    return [pid for pid in sorted(found) if lives(pid)]


def _descendants(parent: int) -> list[int]:
    children = _children(parent)
    return [*children, *(pid for child in children for pid in _descendants(child))]


def _command(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""
