"""A server on the loopback that has the shape of a Hugging Face hub, as far as fetching a model needs."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


class Hub:
    """What the server holds, and what it was asked for.

    Attributes:
        url: its address.
        repositories: files by repository name.
        card: the model card's fields of each repository.
        asked: method and path of each request.
        silent: accept requests and never answer them, until `release`.
    """

    def __init__(self) -> None:
        self.url = ""
        self.repositories: dict[str, dict[str, bytes]] = {}
        self.card: dict[str, dict[str, Any]] = {}
        self.gated: set[str] = set()
        self.asked: list[str] = []
        self.silent = False
        self.release = threading.Event()

    def publish(self, name: str, folder: Path, **card: Any) -> None:
        """Put the files of a folder into a repository."""
        files = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
        self.repositories[name], self.card[name] = files, card

    def commit(self, name: str) -> str:
        """The revision, 40 hex digits, decided by the content."""
        total = hashlib.sha1(usedforsecurity=False)
        for file, content in self.repositories[name].items():
            total.update(file.encode() + b"\0" + content)
        return total.hexdigest()


@contextmanager
def hub_server() -> Iterator[Hub]:
    """Serve a hub until the block ends."""
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(body=True)

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def _answer(self, *, body: bool) -> None:
            path = unquote(urlsplit(self.path).path)
            hub.asked.append(f"{self.command} {path}")
            if hub.silent:
                hub.release.wait(30)
                self.close_connection = True
                return
            status, headers, content = _respond(hub, path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if body:
                self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.release.set()
        server.shutdown()
        server.server_close()
        thread.join(10)


def _respond(hub: Hub, path: str) -> tuple[int, dict[str, str], bytes]:
    parts = path.strip("/").split("/")
    if parts[:2] == ["api", "models"] and len(parts) >= 4:
        return _describe(hub, "/".join(parts[2:4]), parts[4:])
    name = "/".join(parts[:2])
    if len(parts) >= 5 and parts[2] == "resolve" and name in hub.repositories:
        content = hub.repositories[name].get("/".join(parts[4:]))
        if content is None:
            return 404, {"X-Error-Code": "EntryNotFound"}, b""
        etag = hashlib.sha256(content).hexdigest()
        return 200, {"ETag": f'"{etag}"', "X-Repo-Commit": hub.commit(name)}, content
    return 404, {"X-Error-Code": "RepoNotFound"}, b"{}"


def _describe(hub: Hub, name: str, rest: list[str]) -> tuple[int, dict[str, str], bytes]:
    if name in hub.gated:
        return 403, {"X-Error-Code": "GatedRepo"}, b"{}"
    if name not in hub.repositories:
        return 404, {"X-Error-Code": "RepoNotFound"}, b"{}"
    commit = hub.commit(name)
    if len(rest) >= 2 and rest[1] not in {"main", commit}:
        return 404, {"X-Error-Code": "RevisionNotFound"}, b"{}"
    files = hub.repositories[name]
    if rest[:1] == ["tree"]:
        said: Any = [
            {"type": "file", "path": file, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
            for file, content in files.items()
        ]
    else:
        siblings = [{"rfilename": file, "size": len(content)} for file, content in files.items()]
        said = {"id": name, "modelId": name, "sha": commit, "siblings": siblings, "cardData": hub.card[name]}
    return 200, {"Content-Type": "application/json"}, json.dumps(said).encode()
