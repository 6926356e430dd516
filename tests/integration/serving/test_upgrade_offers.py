"""Callers who offer HTTP/2 on a plain connection, as Java's own client does, get their answer in HTTP/1.1."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator

import pytest

from tests.support.drawing import jpeg
from tests.support.models import write_tiny
from tests.support.server import Server

BODY = json.dumps({"base64": base64.b64encode(jpeg(300, 200)).decode()}).encode()
OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk\r\nUpgrade: h2c\r\n"
CHUNKED = b"%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (1000, BODY[:1000], len(BODY) - 1000, BODY[1000:])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    place = tmp_path_factory.mktemp("upgrade")
    with Server([(write_tiny(place / "tiny.fenlei"), "tiny")], place, open_=True) as server:
        yield server


def head(extra: bytes, length: bytes) -> bytes:
    return (
        b"POST /api/image/tiny HTTP/1.1\r\nHost: here\r\nContent-Type: application/json;charset=UTF-8\r\n"
        + extra + length + b"\r\n"
    )  # fmt: skip


def read_answer(connection: socket.socket, before: bytes = b"") -> tuple[int, dict[str, object], bytes]:
    """One answer: (status, JSON, bytes that came after it)."""
    data = before
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        assert more, f"the server hung up after {data!r}"
        data += more
    top, _, rest = data.partition(b"\r\n\r\n")
    lines = top.decode("latin-1").lower().split("\r\n")
    length = int(next(line.partition(":")[2] for line in lines if line.startswith("content-length:")))
    while len(rest) < length:
        more = connection.recv(65536)
        assert more
        rest += more
    return int(lines[0].split()[1]), json.loads(rest[:length]), rest[length:]


def pieces(request: bytes, size: int) -> list[bytes]:
    return [request[start : start + size] for start in range(0, len(request), size)]


@pytest.mark.parametrize("size", [1 << 20, 701, 97])
@pytest.mark.parametrize(
    "request_bytes",
    [
        head(OFFER, b"Content-Length: %d\r\n" % len(BODY)) + BODY,
        head(OFFER, b"Transfer-Encoding: chunked\r\n") + CHUNKED,
    ],
    ids=["length", "chunked"],
)
def test_an_offer_with_a_body_is_answered(server: Server, request_bytes: bytes, size: int) -> None:
    with socket.create_connection(server.address, timeout=20) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces(request_bytes, size):
            connection.sendall(piece)
        status, said, _ = read_answer(connection)
        assert (status, said["code"]) == (200, 10000)
        # The connection stays usable, with and without a further offer.
        plain = head(b"", b"Content-Length: %d\r\n" % len(BODY)) + BODY
        connection.sendall(plain + request_bytes)
        _, said, rest = read_answer(connection)
        assert said["code"] == 10000
        _, said, _ = read_answer(connection, rest)
        assert said["code"] == 10000


def test_an_offer_of_a_websocket_is_an_ordinary_request(server: Server) -> None:
    with socket.create_connection(server.address, timeout=20) as connection:
        connection.sendall(
            b"GET /api/image/tiny HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        status, said, _ = read_answer(connection)
    assert (status, said["code"]) == (405, 10311)


def test_a_tunnel_is_refused(server: Server) -> None:
    with socket.create_connection(server.address, timeout=20) as connection:
        connection.sendall(b"CONNECT elsewhere:443 HTTP/1.1\r\nHost: elsewhere\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")
