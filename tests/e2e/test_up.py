"""`fenlei up`: one command, a tree of processes, and promises that hold whichever of them is killed."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from fenlei.contract import encode_request
from fenlei.modelfile import pack
from fenlei.store import Store, StoreAddress, bring_up_to_date
from fenlei.store.migrate import current_step
from tests.support.callers import Callers
from tests.support.cli import environment, fenlei
from tests.support.drawing import class_folders, jpeg, png
from tests.support.models import tiny_model
from tests.support.stores import MakeStore
from tests.support.stores import environment as store_environment
from tests.support.until import until
from tests.support.up import Up, lives, up

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes by /proc")

BODY = encode_request(jpeg(80, 60))
SLOW = encode_request(png(2048, 2048, seed=1, compress_level=1))
FIRST = pack(tiny_model(("a", "b")))
SECOND = pack(tiny_model(("x", "y"), network_seed=3))


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A platform for tests that leave it running; its owner is signed in."""
    folder = tmp_path_factory.mktemp("shared")
    with up(folder / "workspace", FENLEI_IMPORT_ROOTS=str(folder)) as running:
        running.folder = folder
        yield running


def path_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def ask(platform: Up, path: str, body: bytes = BODY) -> int:
    _, _, said = platform.call("POST", path, body, {"Content-Type": "application/json"})
    code: int = said["code"]
    return code


def start_import(platform: Up, pictures: Path) -> str:
    """Begin to bring class folders in; returns the run's id."""
    dataset = platform.do("POST", "/datasets", {"name": f"set {pictures.name}"})
    begun = platform.do(
        "POST", f"/datasets/{dataset['id']}/imports", {"source": {"kind": "path", "path": str(pictures)}}
    )
    return str(platform.do("POST", f"/imports/{begun['id']}/commit")["id"])


def until_done(platform: Up, run_id: str) -> None:
    def state() -> str:
        found: str = platform.do("GET", f"/runs/{run_id}")["state"]
        return found if found in {"done", "failed", "cancelled"} else ""

    assert until(state, 90, "the run's end") == "done", platform.do("GET", f"/runs/{run_id}")


def test_a_new_platform_answers_on_one_socket_and_lets_its_owner_in_once(shared: Up) -> None:
    assert shared.do("GET", "/me")["role"] == "owner"
    assert shared.call("GET", "/readyz")[0] == 200
    assert shared.call("GET", "/healthz")[0] == 200
    assert b"fenlei_requests" in shared.call("GET", "/metrics")[2]
    assert shared.call("POST", "/api/v1/sign-in", {"link": shared.secret})[0] == 401
    assert ask(shared, "/api/image/cats") == 1100
    published = shared.publish(shared.add_version(FIRST))
    assert published["url"].startswith(f"{shared.base}/api/image/cats?neu_app_key=")
    assert ask(shared, path_of(published["url"])) == 10000
    assert ask(shared, "/api/image/cats") == 2000
    detail = shared.do("GET", f"/deployments/{published['deployment']['id']}/detail")
    assert detail["url"].endswith("…")
    assert shared.do("POST", f"/deployments/{published['deployment']['id']}/try")["agrees"] is True


def test_a_second_platform_on_one_workspace_is_refused_and_the_first_goes_on(shared: Up) -> None:
    workspace = shared.folder / "workspace"
    said = fenlei("up", "--port", "0", workspace=workspace)
    assert said.code == 1
    assert f"Another `fenlei up` (process {shared.process.pid}) runs on the workspace {workspace}" in said.err
    assert "--workspace" in said.err
    assert shared.call("GET", "/readyz")[0] == 200


def test_a_worker_that_dies_is_started_again_and_what_trains_is_loaded_by_neither(shared: Up) -> None:
    """Only the process of a run that trains loads it."""
    worker = shared.worker()
    os.kill(worker, signal.SIGKILL)
    run = start_import(shared, class_folders(shared.folder / "pictures", {"apple": 5, "pear": 5}))
    until(lambda: shared.workers() not in ([], [worker]), 30, "another worker")
    until_done(shared, run)
    for pid in (shared.process.pid, shared.worker()):
        assert "torch" not in Path(f"/proc/{pid}/maps").read_text()


PAGE_IN_NODE = """
const [base, link, password] = process.argv.slice(2);
let cookie = "", seen = [];
const real = fetch;
globalThis.fetch = async (path, options) => {
  const answer = await real(base + path, { ...options, headers: { ...options.headers, Cookie: cookie, Origin: base } });
  cookie = (answer.headers.get("set-cookie") ?? cookie).split(";")[0];
  return answer;
};
const elements = {};
const element = (id) => elements[id] ??= {
  id, hidden: true, value: "", textContent: "", listeners: {},
  querySelector: () => element(id + " button"),
  addEventListener(kind, listener) { this.listeners[kind] = listener; },
};
globalThis.document = { getElementById: element };
Object.defineProperty(globalThis, "navigator", { value: { language: "en" } });
globalThis.location = { hash: `#link=${link}`, pathname: "/sign-in" };
globalThis.history = { replaceState: (state, title, path) => seen.push(path) };
const page = await (await real(base + "/sign-in")).text();
eval(page.split("<script>")[1].split("</script>")[0] + "; globalThis.begun = begin");
for (let i = 0; i < 500 && !element("told").textContent; i++) await new Promise((done) => setTimeout(done, 10));
const first = element("told").textContent, asked = !element("choose").hidden;
element("new").value = password;
await element("choose").listeners.submit({ preventDefault() {} });
console.log(JSON.stringify({ first, asked, then: element("told").textContent, seen }));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node.js runs the page's script")
def test_the_page_behind_the_link_signs_in_and_sets_a_password(workspace: Path, tmp_path: Path) -> None:
    script = tmp_path / "page.mjs"
    script.write_text(PAGE_IN_NODE)
    with Up(workspace, "--workers", "0") as platform:
        secret = platform.line().partition("#link=")[2]
        for path in ("/", "/sign-in"):
            status, headers, body = platform.call("GET", path)
            assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
            assert "script-src 'sha256-" in headers["content-security-policy"]
            assert b"<h1>" in body
        done = subprocess.run(
            ["node", script, platform.base, secret, "a good password"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert json.loads(done.stdout) == {
            "first": "You are signed in as owner (owner).",
            "asked": True,
            "then": "The password is set. Later you sign in with it.",
            "seen": ["/sign-in"],
        }
        credentials = {"name": "owner", "password": "a good password"}
        assert platform.call("POST", "/api/v1/sign-in", credentials)[0] == 200
        assert platform.stop() == 0
    with Up(workspace, "--workers", "0") as again:  # an owner who has a password is offered no link
        assert again.stop() == 0
        assert again.process.stdout is not None
        assert again.process.stdout.read() == ""


def test_after_kill_9_no_worker_is_left_and_a_restart_continues_where_it_was(workspace: Path) -> None:
    with up(workspace) as platform:
        url = platform.publish(platform.add_version(FIRST))["url"]
        stopped = platform.publish(platform.add_version(SECOND), "dogs", open=True)["deployment"]
        platform.do("POST", f"/deployments/{stopped['id']}/stop")
        worker = platform.worker()
        platform.process.kill()
        platform.process.wait(20)
        until(lambda: not lives(worker), 10, "the worker's end")
    with up(workspace, "--workers", "0") as again:
        assert ask(again, path_of(url)) == 10000
        assert ask(again, "/api/image/dogs") == 1100
        assert ask(again, "/api/image/cats") == 2000


def test_predictions_go_on_while_workers_are_killed_and_models_take_turns(
    workspace: Path, tmp_path: Path, backbone: Path
) -> None:
    """kill -9 of the worker and of what it carries out, publish and roll back, and callers who never stop."""
    pictures = class_folders(tmp_path / "pictures", {"apple": 30, "pear": 30})
    with up(workspace, FENLEI_IMPORT_ROOTS=str(tmp_path), FENLEI_BACKBONE=str(backbone)) as platform:
        versions = [platform.add_version(FIRST), platform.add_version(SECOND)]
        deployment = platform.publish(versions[0], open=True)["deployment"]
        with Callers(f"{platform.base}/api/image/cats", BODY, threads=2) as callers:
            run = start_import(platform, pictures)
            killed = set()
            for turn in range(3):
                worker = platform.worker()
                killed.add(worker)
                os.kill(worker, signal.SIGKILL)
                until(lambda worker=worker: not lives(worker), 10)  # type: ignore[misc]
                platform.publish(versions[turn % 2])
                if turn == 1:
                    platform.do("POST", f"/deployments/{deployment['id']}/rollback", {})
            until_done(platform, run)
            before = callers.count
            until(lambda: callers.count > before + 20)
        assert set(callers.codes) == {10000}
        assert set(callers.labels) == {"a", "x"}
        assert len(killed) == 3
        assert len(platform.events("process_died")) == 3
        dataset = platform.do("GET", "/datasets")["items"][0]
        assert dataset["pictures"] == 60


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda each: each.name)
def test_the_end_finishes_what_is_in_flight_and_leaves_nothing_behind(workspace: Path, number: signal.Signals) -> None:
    """A stream of events, which has no end of its own, does not hold it up."""
    with up(workspace) as platform:
        platform.publish(platform.add_version(FIRST), open=True)
        worker = platform.worker()
        until(
            lambda: stops_between_writes(worker, workspace), what="the worker holds no lock"
        )  # the run waits for ever
        stream = events_of(platform, start_import_by_upload(platform))
        os.kill(worker, signal.SIGCONT)
        codes: list[int] = []

        def ask_slowly() -> None:
            codes.append(ask(platform, "/api/image/cats", SLOW))

        threads = [threading.Thread(target=ask_slowly) for _ in range(3)]
        for thread in threads:
            thread.start()
        until(lambda: b"fenlei_in_flight 3.0" in platform.call("GET", "/metrics")[2] or len(codes) > 0)
        os.killpg(platform.process.pid, number)  # Ctrl-C in a terminal reaches the whole group
        for thread in threads:
            thread.join(30)
        assert codes == [10000] * 3
        assert platform.process.wait(20) == 0
        stream.close()
        assert not lives(worker)
        assert "Traceback" not in platform.log


def stops_between_writes(worker: int, workspace: Path) -> bool:
    """Stop a worker, unless it is in the middle of a write: then it would keep everybody else from writing."""
    os.kill(worker, signal.SIGSTOP)
    with closing(sqlite3.connect(workspace / "fenlei.db", timeout=0.2, isolation_level=None)) as database:
        try:
            database.execute("BEGIN IMMEDIATE")
            database.execute("ROLLBACK")
        except sqlite3.OperationalError:
            os.kill(worker, signal.SIGCONT)
            return False
    return True


def events_of(platform: Up, run_id: str) -> http.client.HTTPConnection:
    """A stream of events that has begun."""
    parts = urlsplit(platform.base)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    connection.request("GET", f"/api/v1/runs/{run_id}/events", headers=platform.signed_in)
    stream = connection.getresponse()
    assert stream.status == 200
    assert stream.readline()
    return connection


def start_import_by_upload(platform: Up) -> str:
    dataset = platform.do("POST", "/datasets", {"name": "sent"})
    begun = platform.do("POST", f"/datasets/{dataset['id']}/imports", {"source": {"kind": "upload"}})
    binary = {"Content-Type": "application/octet-stream"}
    platform.do("PUT", f"/imports/{begun['id']}/files?name=cat/1.jpg", jpeg(40, 40), binary)
    return str(platform.do("POST", f"/imports/{begun['id']}/commit")["id"])


def test_a_taken_port_and_a_workspace_that_is_none_are_sentences(workspace: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = fenlei("up", "--port", port, workspace=workspace)
        assert (said.code, f"Port {port}" in said.err, "--port" in said.err) == (1, True, True)
    file = tmp_path / "file"
    file.write_text("in the way")
    said = fenlei("up", "--port", "0", workspace=file)
    assert said.code == 1
    assert f"The workspace {file} cannot be used" in said.err
    assert "Traceback" not in said.err


def test_a_database_of_a_newer_fenlei_is_refused_and_left_alone(tmp_path: Path) -> None:
    store = Store.at(StoreAddress(tmp_path / "fenlei.db", tmp_path / "blobs"))
    bring_up_to_date(store.database)
    with store.database.migrating() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    store.close()
    for words in (("up", "--port", "0"), ("backup", tmp_path / "b.tar"), ("gc",)):
        said = fenlei(*words, workspace=tmp_path)
        assert said.code == 1
        assert "The database is of a newer Fenlei: its tables are at step 9999" in said.err
        assert "Traceback" not in said.err
    assert sorted(path.name for path in tmp_path.glob("*.tar")) == []
    assert current_step(store.database) == "9999"
    store.close()


def test_several_servers_share_one_postgresql(make_store: MakeStore, workspace: Path) -> None:
    store = make_store("postgres-s3")
    with (
        up(workspace, "--workers", "0", **store_environment(store)) as one,
        up(workspace, "--workers", "0", **store_environment(store)) as two,
    ):
        first, second = one.add_version(FIRST), two.add_version(SECOND)
        one.publish(first, open=True)
        until(lambda: ask(two, "/api/image/cats") == 10000, 10)
        with Callers(f"{two.base}/api/image/cats", BODY, threads=1) as callers:
            one.publish(second)
            until(lambda: callers.labels["x"] > 0, 10)
        assert set(callers.codes) == {10000}


def test_serving_model_files_loads_nothing_of_the_platform(tmp_path: Path) -> None:
    model = tmp_path / "cats.fenlei"
    model.write_bytes(FIRST)
    program = """
import os, signal, sys
from pathlib import Path
import fenlei.cli
from fenlei.app import ServedModel, serve
from fenlei.settings import Settings
serve([ServedModel(Path(sys.argv[1]))], Settings(), port=0, on_ready=lambda _: os.kill(os.getpid(), signal.SIGTERM))
heavy = {"sqlalchemy", "alembic", "fastapi", "starlette", "obstore", "argon2", "torch", "sklearn"}
print(sorted(heavy & {name.split(".")[0] for name in sys.modules}))
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(model)],
        env=environment(tmp_path / "workspace", FENLEI_ENGINE="onnxruntime"),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == "[]"
