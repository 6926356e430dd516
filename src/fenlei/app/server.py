"""The HTTP server: a socket that says clearly when it cannot be had, and an end that finishes what was begun."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import math
import os
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Protocol

import uvicorn

from fenlei.app.http11 import PlainHttp
from fenlei.contract import FenleiError
from fenlei.serving.exchange import Receive, Scope, Send

log = logging.getLogger("fenlei.app")

BACKLOG = 2048
KEEP_ALIVE_SECONDS = 65
"""Longer than what clients and load balancers keep idle connections for, so that it is they who close them."""


class Served(Protocol):
    """An ASGI application that can be told that the end begins."""

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one connection event."""
        ...

    def drain(self) -> None:
        """Take nothing new; called once, on the event loop."""
        ...


class PortTaken(FenleiError):
    """Another program listens on this port."""


class HostUnusable(FenleiError):
    """This machine cannot listen on this address."""


def bind(host: str, port: int) -> socket.socket:
    """Reserve an address; nobody can connect before `listen`.

    Args:
        host: a name or an address of this machine.
        port: 0 takes any free one.

    Raises:
        PortTaken: another program has it.
        HostUnusable: the address is not one of this machine, or this user may not use the port.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as exc:
        raise HostUnusable(f"The host {host!r} is no address of this machine ({exc}); choose one with --host.") from exc
    sock = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # elsewhere this option would let two programs share the port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
    except OSError as exc:
        sock.close()
        raise _explained(exc, host, port) from exc
    return sock


def listen(sock: socket.socket) -> None:
    """Let callers connect; they wait in line until the server runs.

    Raises:
        PortTaken: another program was faster.
    """
    try:
        sock.listen(BACKLOG)
    except OSError as exc:
        host, port = sock.getsockname()[:2]
        raise _explained(exc, host, port) from exc


def run(
    app: Served,
    sock: socket.socket,
    *,
    drain: float,
    on_started: Callable[[], None],
    on_drain: Callable[[], None] = lambda: None,
) -> None:
    """Serve until SIGTERM or SIGINT, finish what is in flight, and return.

    Args:
        app: the application.
        sock: listens already.
        drain: seconds that requests in flight get.
        on_started: called once when requests are being answered.
        on_drain: called once when the end begins.
    """
    config = uvicorn.Config(
        app,
        http=PlainHttp,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=math.ceil(drain),
    )
    server = _Server(config, on_started)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(server, app, sock, on_drain))


class _Server(uvicorn.Server):
    """uvicorn's server, told about its end by us: it would raise the signal again and spoil the exit code."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_started()


async def _serve(server: _Server, app: Served, sock: socket.socket, on_drain: Callable[[], None]) -> None:
    def stop() -> None:
        if server.should_exit:
            server.force_exit = True  # asked twice: do not wait for anybody
            return
        log.info("draining")
        app.drain()
        on_drain()
        server.should_exit = True

    with _signals(stop):
        await server.serve(sockets=[sock])


@contextlib.contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # signals belong to the main thread; whoever runs us elsewhere ends us otherwise
        return
    loop = asyncio.get_running_loop()
    before = {}
    for number in (signal.SIGTERM, signal.SIGINT):
        before[number] = signal.getsignal(number)
        try:
            loop.add_signal_handler(number, stop)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
    try:
        yield
    finally:
        for number, handler in before.items():
            with contextlib.suppress(NotImplementedError):
                loop.remove_signal_handler(number)
            signal.signal(number, handler)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ImportError:  # Windows
        return asyncio.new_event_loop
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


def _explained(exc: OSError, host: str, port: int) -> FenleiError:
    if exc.errno == errno.EADDRINUSE:
        return PortTaken(
            f"Port {port} on {host} is taken by another program. Choose another one with --port, for example "
            f"--port {port + 1 if port < 65535 else 8000}, or end that program."
        )
    if exc.errno == errno.EACCES:
        return HostUnusable(f"This user may not listen on port {port}; choose one above 1023 with --port.")
    return HostUnusable(
        f"Nothing can listen on {host} port {port} ({exc.strerror}); choose others with --host and --port."
    )
