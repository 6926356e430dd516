"""A real HTTP server on loopback in a thread, whose every answer a test decides, also the rude ones."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal, TypeAlias

Reply: TypeAlias = "tuple[int, Mapping[str, str], bytes] | Literal['hang up', 'stall', 'drip', 'drip headers', 'flood']"
"""Status, headers and body; or: no answer and no connection; no answer at all; a body or headers a byte at a time that
never end; an answer of more than anybody wants."""

Respond = Callable[[str, str, Mapping[str, str], bytes], Reply]
"""Method, target, headers with names in lower case, body."""

WAIT = 10.0
"""Seconds after which a stalled answer ends by itself, should a test forget it."""


@dataclass
class Loopback:
    """What a test sees of the server.

    Attributes:
        base: scheme, host and port.
        requests: method, target and headers of each request, in order.
        connections: how many were opened.
    """

    base: str
    requests: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)
    connections: int = 0


@contextmanager
def serving(respond: Respond) -> Iterator[Loopback]:
    """Serve on a free port until the block ends; nothing of it is left after that."""
    over = threading.Event()
    seen = Loopback("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = WAIT
        # Header and body leave in one packet; otherwise the second waits for the other side's delayed acknowledgement.
        wbufsize = -1
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            seen.connections += 1

        def do_any(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            seen.requests.append((self.command, self.path, headers))
            reply = respond(self.command, self.path, headers, body)
            if isinstance(reply, str):
                self.close_connection = True
                self._be_rude(reply)
                return
            status, given, said = reply
            self.send_response(status)
            for name, value in {**given, "Content-Length": str(len(said))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(said)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_any  # noqa: N815 (http.server's own)

        def _be_rude(self, how: str) -> None:
            if how == "stall":
                over.wait(WAIT)
            elif how != "hang up":
                self.send_response(200)
                if how == "drip headers":
                    self.flush_headers()
                else:
                    self.end_headers()
                piece = b" " * 1_000_000 if how == "flood" else b"x"
                with contextlib.suppress(OSError):  # the client has heard enough
                    for _ in range(200):
                        self.wfile.write(piece)
                        self.wfile.flush()
                        if how != "flood" and over.wait(0.05):
                            break

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's own)
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = False
        request_queue_size = 128

        def handle_error(self, request: object, client_address: object) -> None:
            pass  # callers that hang up are part of the tests

    server = Server(("127.0.0.1", 0), Handler)
    seen.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005})
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        server.shutdown()
        thread.join(WAIT)
        server.server_close()
