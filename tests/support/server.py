"""A real server in a process of its own, as `fenlei serve` runs it, for tests that go through the socket."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[2]

PROGRAM = """
import json, sys
from pathlib import Path
from fenlei.app import ServedModel, serve
from fenlei.contract import Envelope, StatusStyle
from fenlei.settings import Settings

wanted = json.loads(sys.argv[1])

def ready(told):
    addresses = {address.name: address.url for address in told.addresses}
    print(json.dumps({"base": told.base, "key": told.key, "made": told.key_made, "urls": addresses}), flush=True)

code = serve(
    [ServedModel(Path(path), name) for path, name in wanted["models"]],
    Settings(),
    port=wanted["port"],
    key=wanted["key"],
    open_=wanted["open"],
    envelope=Envelope(wanted["envelope"]),
    status=StatusStyle(wanted["status"]),
    unknown_as=wanted["unknown_as"],
    decide=wanted["decide"],
    on_ready=ready,
)
print(json.dumps(sorted(sys.modules)), flush=True)
sys.exit(code)
"""


class Server:
    """A running server. Ends with the `with` block, or at `stop`.

    Attributes:
        base: scheme, host and port.
        key: opens it.
        urls: of its deployments, by name.
        process: it.
    """

    def __init__(
        self,
        models: Sequence[tuple[Path, str]],
        workspace: Path,
        *,
        key: str | None = None,
        open_: bool = False,
        envelope: str = "plain",
        status: str = "documented",
        unknown_as: str | None = None,
        decide: bool = False,
        port: int = 0,
        environment: dict[str, str] | None = None,
    ) -> None:
        wanted = {
            "models": [[str(path), name] for path, name in models],
            "port": port,
            "key": key,
            "open": open_,
            "envelope": envelope,
            "status": status,
            "unknown_as": unknown_as,
            "decide": decide,
        }
        settings = {"FENLEI_WORKSPACE": str(workspace), "FENLEI_ENGINE": "onnxruntime", "FENLEI_THREADS": "2"}
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed at exit)
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", PROGRAM, json.dumps(wanted)],
            env={**os.environ, **settings, **(environment or {})},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.process.wait(10)
            raise RuntimeError(f"the server did not start: {self.log}")
        told = json.loads(line)
        self.base: str = told["base"]
        self.key: str | None = told["key"]
        self.key_made: bool = told["made"]
        self.urls: dict[str, str] = told["urls"]

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        parts = urlsplit(self.base)
        assert parts.hostname is not None
        assert parts.port is not None
        return parts.hostname, parts.port

    @property
    def log(self) -> str:
        """Everything it wrote to standard error so far."""
        self._log.seek(0)
        return self._log.read().decode()

    def call(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], Any]:
        """Make one request on a connection of its own: (status, headers in lower case, JSON)."""
        connection = http.client.HTTPConnection(*self.address, timeout=20)
        try:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            said = answer.read()
            given = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, given, json.loads(said) if said else None
        finally:
            connection.close()

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, list[str]]:
        """End it: (exit status, the modules it had loaded; empty when it did not come to its end)."""
        self.process.send_signal(number)
        out, _ = self.process.communicate(timeout=20)
        return self.process.returncode, json.loads(out) if out else []

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate(timeout=20)
        self._log.close()
