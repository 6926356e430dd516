"""A server for tests in a thread of this process, which answers for what the database says, over a real socket."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import uvicorn

from fenlei.app.http11 import PlainHttp
from fenlei.gateway.door import Door
from fenlei.gateway.follower import Follower
from fenlei.gateway.front import LocalFront
from fenlei.gateway.model_files import ModelFiles
from fenlei.serving.asgi import App
from fenlei.serving.room import ServingRoom
from tests.support.engines import GatedEngine, GatedOpener

if TYPE_CHECKING:
    from fenlei.projects.publish import Published
    from fenlei.store import Store

Answer = tuple[int, dict[str, str], Any]
"""Status, headers in lower case, JSON."""


class Counter:
    """Answers predictions. Ends with the `with` block.

    Attributes:
        front: what use cases are given.
        base: scheme, host and port.
        store: what it follows.
        room: where its models answer.
        published: what a test wants to find again, by name.
    """

    def __init__(self, store: Store, cache: Path, *, follows: bool = False, every: float = 0.05) -> None:
        """Serve what `store` wants.

        Args:
            store: of the platform.
            cache: this server's own.
            follows: whether it looks at the database by itself.
            every: seconds between two looks.
        """
        self.store = store
        self.published: dict[str, Published] = {}
        self._opener = GatedOpener()
        self.room = ServingRoom.open(
            cache=cache,
            kind="onnxruntime",
            streams=2,
            places=128,
            patience=10.0,
            bodies=64 * 1024 * 1024,
            opener=self._opener,
        )
        door = Door()
        self.app = App(door.predict, self.room.metrics)
        self.front = LocalFront(store, ModelFiles(store.blobs, cache / "models"), self.room, door)
        self.front.follow_all()
        self._follower = Follower(self.front, every) if follows else None
        self._sock = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._sock.getsockname()
        self.base = f"http://127.0.0.1:{self.address[1]}"
        self._server = uvicorn.Server(
            uvicorn.Config(
                self.app, http=PlainHttp, ws="none", lifespan="off", log_config=None, timeout_graceful_shutdown=5
            )
        )
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    @property
    def engines(self) -> list[GatedEngine]:
        """Every engine that was ever opened."""
        return self._opener.engines

    def call(
        self,
        path: str,
        body: bytes,
        headers: dict[str, str] | None = None,
        method: str = "POST",
        *,
        plain: bool = False,
        timeout: float = 20,
    ) -> Answer:
        """Make one request on a connection of its own.

        Args:
            path: with query.
            body: of the request.
            headers: of the request; `Content-Type: application/json` comes to them unless it is `plain`.
            method: of HTTP.
            plain: send these headers and no others.
            timeout: seconds without a word after which TimeoutError is raised.
        """
        connection = http.client.HTTPConnection(*self.address, timeout=timeout)
        given_headers = (headers or {}) if plain else {"Content-Type": "application/json", **(headers or {})}
        try:
            connection.request(method, path, body, given_headers)
            answer = connection.getresponse()
            given = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, given, json.loads(answer.read())
        finally:
            connection.close()

    async def _serve(self) -> None:
        self.front.attach(asyncio.get_running_loop(), self.address)
        self.app.open()
        self._started.set()
        await self._server.serve(sockets=[self._sock])

    def __enter__(self) -> Counter:
        self._thread.start()
        assert self._started.wait(10)
        if self._follower is not None:
            self._follower.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for engine in self.engines:
            engine.gate.set()
        if self._follower is not None:
            self._follower.close()
        self._server.should_exit = True
        self._thread.join(20)
        assert not self._thread.is_alive()
        self.front.close()
        self.room.close()
