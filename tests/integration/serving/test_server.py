"""A real server: how it starts, what it says, how it ends."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fenlei.app import PortTaken, ServedModel, serve
from fenlei.app.server import HostUnusable, bind, listen
from fenlei.contract import MAX_BODY_BYTES, FenleiError, encode_request
from fenlei.settings import Settings
from tests.support.drawing import jpeg, png
from tests.support.models import write_tiny
from tests.support.server import Server

HEADERS = {"Content-Type": "application/json;charset=UTF-8"}
HEAD = b"POST /api/image/cats HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
PICTURE = encode_request(jpeg(160, 120))
SLOW = encode_request(png(2048, 2048, seed=1, compress_level=1))
"""Takes long enough to be caught in flight."""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_tiny(tmp_path / "cats.fenlei")


@pytest.fixture
def server(model: Path, tmp_path: Path) -> Iterator[Server]:
    with Server([(model, "cats")], tmp_path, open_=True) as running:
        yield running


def raw(server: Server, data: bytes) -> socket.socket:
    sock = socket.create_connection(server.address, timeout=20)
    sock.sendall(data)
    return sock


def request(body: bytes) -> bytes:
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


def answer_of(sock: socket.socket) -> tuple[int, dict[str, str], dict[str, object]]:
    response = http.client.HTTPResponse(sock)
    response.begin()
    said = json.loads(response.read())
    return response.status, {name.lower(): value for name, value in response.getheaders()}, said


def until_refused(server: Server) -> None:
    """Wait until the server no longer takes connections."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(server.address, timeout=1).close()
        except OSError:
            return
    raise AssertionError("the server still takes connections")


def test_a_server_answers_at_its_complete_url_with_the_key_it_made(model: Path, tmp_path: Path) -> None:
    with Server([(model, "cats")], tmp_path) as running:
        assert running.key_made
        assert running.key is not None
        path = running.urls["cats"].removeprefix(running.base)
        assert running.call("POST", path, HEADERS, PICTURE)[2]["code"] == 10000
        assert running.call("POST", "/api/image/cats", HEADERS, PICTURE)[2]["code"] == 2000
        assert running.key not in running.log


def test_a_serving_process_starts_quickly_and_loads_nothing_that_trains(model: Path, tmp_path: Path) -> None:
    environment = {"FENLEI_ENGINE": "openvino"}
    with Server([(model, "cats")], tmp_path, open_=True, environment=environment) as first:
        assert first.call("POST", "/api/image/cats", HEADERS, PICTURE)[2]["code"] == 10000
        status, modules = first.stop()
    assert status == 0
    loaded = {name.partition(".")[0] for name in modules}
    assert "fenlei" in loaded
    # structlog brings rich; a terminal's command line brings typer; nothing else of these has a reason to be here
    assert not loaded & {"torch", "sklearn", "scipy", "onnx", "transformers", "huggingface_hub", "httpx"}


def test_several_models_have_their_own_urls(model: Path, tmp_path: Path) -> None:
    other = write_tiny(tmp_path / "more.fenlei", labels=("x", "y"), head_seed=2)
    with Server([(model, "one"), (other, "two")], tmp_path, open_=True) as running:
        assert set(running.urls) == {"one", "two"}
        for name, labels in (("one", ["cat", "dog", "鸟"]), ("two", ["x", "y"])):
            rows = running.call("POST", f"/api/image/{name}", HEADERS, PICTURE)[2]["predictResult"]["thresholdList"]
            assert [row["name"] for row in rows] == labels


def test_sigterm_finishes_what_is_in_flight_refuses_the_rest_and_exits_0(server: Server) -> None:
    flying = [raw(server, request(SLOW)) for _ in range(6)]
    idle = raw(server, b"")
    until_in_flight(server, 6)
    server.process.send_signal(signal.SIGTERM)
    until_refused(server)
    for sock in flying:
        status, headers, said = answer_of(sock)
        assert (status, said["code"], headers["connection"]) == (200, 10000, "close")
        sock.close()
    idle.close()
    assert server.process.wait(20) == 0
    assert '"draining"' in server.log
    assert '"stopped"' in server.log
    assert "Traceback" not in server.log


def until_in_flight(server: Server, count: int) -> None:
    """Wait until this many predictions are in the house (some may be done by then)."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        page = figures(server)
        done = sum(value for name, value in page.items() if name.startswith("fenlei_requests_total"))
        if page["fenlei_in_flight"] + done >= count:
            return
    raise AssertionError("the requests did not arrive")


def figures(server: Server) -> dict[str, float]:
    connection = http.client.HTTPConnection(*server.address, timeout=20)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    rows = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in rows}


def test_a_request_that_outlasts_the_drain_deadline_is_told_and_the_exit_is_still_0(
    model: Path, tmp_path: Path
) -> None:
    with Server([(model, "cats")], tmp_path, open_=True, environment={"FENLEI_DRAIN": "0"}) as running:
        half = raw(running, request(PICTURE)[:-10])  # a body that never ends
        until_in_flight(running, 1)
        running.process.send_signal(signal.SIGTERM)
        status, _, said = answer_of(half)
        assert (status, said["code"]) == (503, 2003)
        half.close()
        assert running.process.wait(20) == 0


def test_ctrl_c_ends_like_sigterm(server: Server) -> None:
    assert server.call("POST", "/api/image/cats", HEADERS, PICTURE)[2]["code"] == 10000
    status, modules = server.stop(signal.SIGINT)
    assert status == 0
    assert modules  # the program came to its own end
    assert "KeyboardInterrupt" not in server.log


def test_a_body_announced_over_the_cap_is_answered_before_it_is_sent(server: Server) -> None:
    head = (
        f"POST /api/image/cats HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {10**9}\r\n\r\n"
    )
    sock = raw(server, head.encode())
    status, headers, said = answer_of(sock)
    assert (status, said["code"], headers["connection"]) == (200, 10441, "close")
    sock.close()


def test_a_body_streamed_over_the_cap_is_answered_without_reading_the_rest(server: Server) -> None:
    sock = raw(server, HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    piece = b"10000\r\n" + b"A" * 0x10000 + b"\r\n"
    sent = [0]

    def stream() -> None:
        try:
            while sent[0] < 512 * 1024 * 1024:
                sock.sendall(piece)
                sent[0] += 0x10000
        except OSError:
            return  # the server has closed, as it should

    sender = threading.Thread(target=stream)
    sender.start()
    status, headers, said = answer_of(sock)
    assert (status, said["code"], headers["connection"]) == (200, 10441, "close")
    sender.join(20)
    assert not sender.is_alive()
    sock.close()
    # The cap, the bound on what is thrown away, and what lies in the buffers of two sockets.
    assert sent[0] < MAX_BODY_BYTES + 16 * 1024 * 1024 + 16 * 1024 * 1024


def test_a_caller_who_sends_too_much_in_one_go_still_reads_the_answer(server: Server) -> None:
    for size in (MAX_BODY_BYTES + 1, 12 * 1024 * 1024):
        status, _, said = server.call("POST", "/api/image/cats", HEADERS, b"A" * size)
        assert (status, said["code"]) == (200, 10441)


def test_a_caller_who_asks_for_leave_to_send_gets_it_or_the_refusal(server: Server) -> None:
    head = request(PICTURE)[: -len(PICTURE)].replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")
    sock = raw(server, head)
    assert sock.recv(100).startswith(b"HTTP/1.1 100")
    sock.sendall(PICTURE)
    assert answer_of(sock)[2]["code"] == 10000
    sock.close()
    refused = raw(server, head.replace(b"application/json", b"text/plain"))
    assert answer_of(refused)[2]["code"] == 10311
    refused.close()


def test_a_connection_is_kept_for_the_next_request_even_after_refusals(server: Server) -> None:
    connection = http.client.HTTPConnection(*server.address, timeout=20)
    codes = []
    for path, body in (("/api/image/cats", PICTURE), ("/api/image/none", PICTURE), ("/api/image/cats", b"{}")) * 2:
        connection.request("POST", path, body=body, headers=HEADERS)
        codes.append(json.loads(connection.getresponse().read())["code"])
    connection.close()
    assert codes == [10000, 1100, 10310] * 2


def test_head_gets_the_headers_of_a_refusal_and_no_body(server: Server) -> None:
    connection = http.client.HTTPConnection(*server.address, timeout=20)
    connection.request("HEAD", "/api/image/cats")
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Allow"), answer.read()) == (405, "POST", b"")
    connection.close()


def test_a_caller_who_hangs_up_is_noticed_and_costs_no_answer(server: Server) -> None:
    for _ in range(8):
        raw(server, request(SLOW)).close()
    deadline = time.monotonic() + 20
    page = figures(server)
    while page["fenlei_in_flight"] and time.monotonic() < deadline:
        page = figures(server)
    assert page["fenlei_in_flight"] == 0
    assert page["fenlei_callers_gone_total"] >= 6  # two may have been quick enough
    assert server.call("POST", "/api/image/cats", HEADERS, PICTURE)[2]["code"] == 10000


def test_logs_hold_neither_key_nor_picture_nor_query(model: Path, tmp_path: Path) -> None:
    environment = {"FENLEI_LOG_REQUESTS": "true"}
    with Server([(model, "cats")], tmp_path, key="the-secret-key", environment=environment) as running:
        for path in ("/api/image/cats?neu_app_key=the-secret-key", "/api/image/cats?neu_app_key=a-wrong-key"):
            running.call("POST", path, HEADERS, PICTURE)
        sock = raw(running, b"POST /api/image/cats?neu_app_key=the-secret-key rubbish\r\n\r\n")
        assert sock.recv(100).startswith(b"HTTP/1.1 400")
        sock.close()
        assert running.stop()[0] == 0
        lines = [json.loads(line) for line in running.log.splitlines()]
        assert [line["code"] for line in lines if line["event"] == "request"] == [10000, 2000]
        for secret in ("the-secret-key", "a-wrong-key", "neu_app_key", PICTURE[100:160].decode()):
            assert secret not in running.log


def test_a_taken_port_is_told_before_any_model_is_loaded(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"Port {port} .*--port"):
            serve([ServedModel(tmp_path / "absent.fenlei")], Settings(workspace=tmp_path), port=port)


def test_a_port_that_is_taken_between_binding_and_listening_is_told_too() -> None:
    with bind("127.0.0.1", 0) as first, bind("127.0.0.1", first.getsockname()[1]) as second:
        listen(first)
        with pytest.raises(PortTaken, match="--port"):
            listen(second)


def test_a_host_that_is_not_this_machine_is_told() -> None:
    for host in ("192.0.2.1", "no such host"):
        with pytest.raises(HostUnusable, match="--host"):
            bind(host, 0)


def test_two_models_under_one_name_are_refused(model: Path, tmp_path: Path) -> None:
    other = write_tiny(tmp_path / "other" / "Cats.fenlei")
    with pytest.raises(FenleiError, match="Two models would be served as 'cats'"):
        serve([ServedModel(model), ServedModel(other)], Settings(workspace=tmp_path), port=0)
