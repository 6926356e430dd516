"""The load generator: kept connections, requests built beforehand, hardly any work per answer."""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, cast
from urllib.parse import urlsplit

import uvloop

from bench.serving.peer import obey, tell
from bench.serving.pictures import request_sets

HEADS = b"\r\n\r\n"
LENGTH = b"content-length: "


class Caller(asyncio.Protocol):
    """One connection: sends a request, waits for the whole answer, sends the next one."""

    def __init__(self, requests: Iterator[bytes], until: float, heard: Callable[[float, bytes], None]) -> None:
        self._requests = requests
        self._until = until
        self._heard = heard
        self._buffer = b""
        self._sent = 0.0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(HEADS)
        if head < 0:
            return
        at = self._buffer.find(LENGTH) + len(LENGTH)
        end = head + len(HEADS) + int(self._buffer[at : self._buffer.find(b"\r\n", at)])
        if len(self._buffer) < end:
            return
        self._heard(time.perf_counter() - self._sent, self._buffer[head + len(HEADS) : head + len(HEADS) + 20])
        self._buffer = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    def _next(self) -> None:
        self._sent = time.perf_counter()
        if self._sent >= self._until:
            self._transport.close()
        else:
            self._transport.write(next(self._requests))


def main() -> None:
    """Arguments: the complete URL."""
    parts = urlsplit(sys.argv[1])
    host, port = parts.hostname or "", parts.port or 80
    head = (
        f"POST {parts.path}?{parts.query} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json;charset=UTF-8\r\n"
    )
    requests = {
        name: [head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body for body in bodies]
        for name, bodies in request_sets().items()
    }

    async def load(name: str, seconds: float, connections: int) -> dict[str, Any]:
        times: list[float] = []
        codes: Counter[bytes] = Counter()

        def heard(elapsed: float, start: bytes) -> None:
            times.append(elapsed)
            codes[start.partition(b",")[0]] += 1

        loop = asyncio.get_running_loop()
        queue = itertools.cycle(requests[name])
        began, cpu = time.perf_counter(), time.process_time()
        callers = [
            (await loop.create_connection(lambda: Caller(queue, began + seconds, heard), host, port))[1]
            for _ in range(connections)
        ]
        await asyncio.wait_for(asyncio.gather(*(caller.ended for caller in callers)), seconds + 60)
        wall = time.perf_counter() - began
        times.sort()
        return {
            "count": len(times),
            "rate": len(times) / wall,
            "cpu_ms": (time.process_time() - cpu) * 1000 / len(times),
            "p50_ms": times[len(times) // 2] * 1000,
            "p99_ms": times[len(times) * 99 // 100] * 1000,
            "wrong": len(times) - codes[b'{"code":10000'],
        }

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        tell(ready=True)
        obey(lambda **question: runner.run(load(**question)))


if __name__ == "__main__":
    main()
