"""Imports over HTTP: files that are sent, in pieces or whole, and paths on the server."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from fenlei.api import Platform, make_api
from fenlei.api.bodies import STRETCH_BYTES
from fenlei.api.shield import MAX_CHUNK_BYTES
from tests.integration.api.conftest import Finish
from tests.integration.datasets_store.importing import drawn, lay, zipped
from tests.support.asgi import Caller
from tests.support.stores import KINDS
from tests.support.until import until

API = "/api/v1"


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def dataset(client: TestClient) -> str:
    return str(client.post(f"{API}/datasets", json={"name": "Animals"}).json()["id"])


@pytest.fixture
def begun(client: TestClient, dataset: str) -> str:
    """The id of an import into which files are sent."""
    answer = client.post(f"{API}/datasets/{dataset}/imports", json={"source": {"kind": "upload"}})
    assert answer.status_code == 201
    return str(answer.json()["id"])


def announce(client: TestClient, begun: str, data: bytes, name: str = "animals.zip") -> str:
    body = {"name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    answer = client.post(f"{API}/imports/{begun}/uploads", json=body)
    assert answer.status_code == 201
    return str(answer.json()["id"])


def test_a_zip_is_sent_in_pieces_looked_into_carried_out_and_reported(
    client: TestClient, dataset: str, begun: str, finish: Finish
) -> None:
    data = zipped({**drawn("cat/1.png", "cat/2.png", "dog/1.png"), "cat/broken.png": b"\x89PNG\r\n\x1a\n no"})
    upload = announce(client, begun, data)
    assert client.post(f"{API}/imports/{begun}/commit").status_code == 409
    half = len(data) // 2
    first = client.put(f"{API}/uploads/{upload}?offset=0", content=data[:half])
    assert first.json()["received"] == half
    assert client.head(f"{API}/uploads/{upload}").headers["upload-offset"] == str(half)
    wrong = client.put(f"{API}/uploads/{upload}?offset=0", content=data[:half])
    assert (wrong.status_code, wrong.headers["upload-offset"]) == (409, str(half))
    assert client.put(f"{API}/uploads/{upload}?offset={half}", content=data[half:]).json()["received"] == len(data)
    seen = client.post(f"{API}/imports/{begun}/preview")
    assert seen.json()["state"] == "previewed"
    assert seen.json()["format"] == "class-folders"
    assert client.post(f"{API}/imports/{begun}/commit", headers={"if-match": '"1"'}).status_code == 412
    run = client.post(f"{API}/imports/{begun}/commit", headers={"if-match": seen.headers["etag"]})
    assert run.status_code == 202
    assert client.get(f"{API}/imports/{begun}").json()["run_id"] == run.json()["id"]
    assert finish(run.json()["id"]).state == "done"
    done = client.get(f"{API}/imports/{begun}").json()
    assert done["state"] == "done"
    assert (done["counts"]["added"], done["counts"]["skipped"]) == (3, 1)
    rows = list(csv.DictReader(io.StringIO(client.get(f"{API}/imports/{begun}/report.csv").text)))
    assert {row["file"]: row["outcome"] for row in rows}["cat/broken.png"] == "skipped"
    entries = client.get(f"{API}/imports/{begun}/entries?limit=2").json()
    assert len(entries["items"]) == 2
    assert entries["next"]
    assert client.get(f"{API}/datasets/{dataset}").json()["pictures"] == 3
    assert [each["id"] for each in client.get(f"{API}/datasets/{dataset}/imports").json()["items"]] == [begun]


def test_what_arrives_with_another_digest_is_told(client: TestClient, begun: str) -> None:
    data = b"x" * 1000
    upload = announce(client, begun, data)
    refused = client.put(f"{API}/uploads/{upload}?offset=0", content=b"y" * 1000)
    assert refused.status_code == 422
    assert refused.json()["error"]["field"] == "sha256"
    assert client.get(f"{API}/uploads/{upload}").json()["received"] == 0


def test_announced_again_it_is_the_same_upload(client: TestClient, begun: str) -> None:
    assert announce(client, begun, b"abc") == announce(client, begun, b"abc")
    other = {"name": "animals.zip", "size": 4}
    assert client.post(f"{API}/imports/{begun}/uploads", json=other).status_code == 409
    listed = client.get(f"{API}/imports/{begun}/uploads").json()["items"]
    assert client.delete(f"{API}/uploads/{listed[0]['id']}").status_code == 204
    assert client.post(f"{API}/imports/{begun}/uploads", json=other).status_code == 201


def test_small_files_are_sent_whole_and_sent_again_replace_each_other(
    client: TestClient, begun: str, platform: Platform
) -> None:
    path = f"{API}/imports/{begun}/files"
    assert client.put(path, params={"name": "cat/1.png"}, content=b"one").json()["received"] == 3
    assert client.put(path, params={"name": "cat/1.png"}, content=b"another").json()["received"] == 7
    assert client.put(path, params={"name": "cat/../a\nb.png"}, content=b"").status_code == 200
    listed = client.get(f"{API}/imports/{begun}/uploads").json()["items"]
    assert [each["name"] for each in listed] == ["cat/1.png", "cat/a_b.png"]
    assert (platform.uploads / begun / listed[0]["id"]).read_bytes() == b"another"

    def pieces() -> Iterator[bytes]:
        yield b"of unknown length"

    assert client.put(path, params={"name": "x.png"}, content=pieces()).status_code == 411
    assert client.put(path, params={"name": "/.."}, content=b"x").status_code == 422


def test_what_came_before_a_caller_left_is_received(client: TestClient, platform: Platform, begun: str) -> None:
    data = b"z" * 100_000
    upload = announce(client, begun, data)
    headers = {"host": "127.0.0.1", "authorization": client.headers["authorization"]}

    async def leave() -> None:
        caller = Caller("PUT", f"{API}/uploads/{upload}?offset=0", headers, [data[:30_000], data[30_000:60_000], b""])
        receive = caller.receive

        async def receive_and_leave() -> object:
            if caller.pieces_read == 2:
                return {"type": "http.disconnect"}
            return await receive()

        caller.receive = receive_and_leave  # type: ignore[assignment,method-assign]
        await caller.call(make_api(platform))

    asyncio.run(leave())
    assert client.get(f"{API}/uploads/{upload}").json()["received"] == 60_000
    assert client.put(f"{API}/uploads/{upload}?offset=60000", content=data[60_000:]).json()["received"] == 100_000


def test_a_piece_is_never_whole_in_memory(client: TestClient, begun: str) -> None:
    size = 7 * STRETCH_BYTES
    body = {"name": "big.zip", "size": size}
    upload = client.post(f"{API}/imports/{begun}/uploads", json=body).json()["id"]

    def pieces() -> Iterator[bytes]:
        for _ in range(size // 65_536):
            yield bytes(65_536)

    tracemalloc.start()
    try:
        answer = asyncio.run(_send(client, upload, pieces()))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert answer == size
    assert peak < 3 * STRETCH_BYTES


async def _send(client: TestClient, upload: str, pieces: Iterator[bytes]) -> int:
    headers = {"host": "127.0.0.1", "authorization": client.headers["authorization"]}
    caller = Caller("PUT", f"{API}/uploads/{upload}?offset=0", headers, pieces)
    answer = await caller.call(client.app)
    return int(answer.json()["received"])


def test_a_piece_has_its_limit(client: TestClient, begun: str) -> None:
    upload = announce(client, begun, b"abc")
    headers = {"content-length": str(MAX_CHUNK_BYTES + 1)}
    assert client.put(f"{API}/uploads/{upload}?offset=0", content=b"", headers=headers).status_code == 413


def test_paths_are_read_below_what_the_operator_allows_and_nowhere_else(
    client: TestClient, platform: Platform, dataset: str, tmp_path: Path
) -> None:
    allowed = platform.import_roots[0]
    lay(allowed / "in", drawn("cat/1.png"))
    lay(tmp_path / "out", drawn("cat/1.png"))
    (allowed / "link").symlink_to(tmp_path / "out")

    def begin(path: Path | str) -> int:
        body = {"source": {"kind": "path", "path": str(path)}}
        return client.post(f"{API}/datasets/{dataset}/imports", json=body).status_code

    assert begin(allowed / "in") == 201
    refused: list[Path | str] = [
        tmp_path / "out",
        allowed / "link",
        allowed / ".." / "out",
        "/etc",
        "out",
        tmp_path / "nothing",
    ]
    assert [begin(path) for path in refused] == [422] * len(refused)


def test_a_link_that_takes_the_place_of_an_allowed_path_is_not_followed(
    client: TestClient, platform: Platform, dataset: str, tmp_path: Path, finish: Finish
) -> None:
    inside, outside = lay(platform.import_roots[0] / "in", drawn("cat/1.png")), lay(tmp_path / "out", drawn("no/1.png"))
    body = {"source": {"kind": "path", "path": str(inside)}}
    begun = client.post(f"{API}/datasets/{dataset}/imports", json=body).json()["id"]
    inside.rename(inside.with_name("moved"))
    inside.symlink_to(outside)
    refused = client.post(f"{API}/imports/{begun}/preview")
    assert refused.status_code == 422
    assert "leads elsewhere" in refused.json()["error"]["message"]
    run = finish(client.post(f"{API}/imports/{begun}/commit").json()["id"])
    assert (run.state, client.get(f"{API}/datasets/{dataset}").json()["pictures"]) == ("failed", 0)


def test_an_import_is_cancelled_with_its_run_and_goes_on_when_asked(
    client: TestClient, begun: str, finish: Finish
) -> None:
    data = zipped(drawn("cat/1.png", "dog/1.png"))
    upload = announce(client, begun, data)
    client.put(f"{API}/uploads/{upload}?offset=0", content=data)
    run = client.post(f"{API}/imports/{begun}/commit").json()["id"]
    assert client.post(f"{API}/imports/{begun}/cancel").json()["state"] == "cancelled"
    assert client.get(f"{API}/runs/{run}").json()["state"] == "cancelled"
    again = client.post(f"{API}/runs/{run}/retry").json()["id"]
    assert client.post(f"{API}/runs/{again}/cancel").json()["state"] == "cancelled"
    assert client.get(f"{API}/imports/{begun}").json()["state"] == "cancelled"
    last = client.post(f"{API}/imports/{begun}/commit").json()["id"]
    assert finish(last).state == "done"
    assert client.post(f"{API}/imports/{begun}/cancel").status_code == 409
    assert client.put(f"{API}/uploads/{upload}?offset=0", content=data).status_code in {404, 409}
    until(lambda: client.get(f"{API}/imports/{begun}").json()["state"] == "done")
