"""A real server on loopback that speaks S3, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from itertools import count
from types import TracebackType

from fenlei.store import S3Access

PROGRAM = """
import logging, sys
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""

BUCKET = "fenlei"
SECONDS = 60.0
"""After which a server that should have started or ended is taken for broken."""


class S3:
    """A running server with one bucket. It ends when the process that started it does: it reads from its pipe.

    Attributes:
        access: what opens it.
        process: it.
    """

    def __init__(self) -> None:
        self._numbers = count(1)
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        try:
            assert self.process.stdout is not None
            port = self.process.stdout.readline().decode().strip()
            assert port, "the S3 server did not start: is moto[s3,server] installed?"
            endpoint = f"http://127.0.0.1:{port}"
            self.access = S3Access(endpoint, "test-key", "test-secret", "us-east-1")
            with urllib.request.urlopen(urllib.request.Request(f"{endpoint}/{BUCKET}", method="PUT"), timeout=SECONDS):
                pass
        except BaseException:
            self.stop()
            raise

    def place(self) -> str:
        """The URL of a place in the bucket where nothing is yet."""
        return f"s3://{BUCKET}/test-{next(self._numbers)}"

    def stop(self) -> None:
        """End it."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate(timeout=SECONDS)

    def __enter__(self) -> S3:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
