"""`fenlei up --demo`: from nothing to a line that works when pasted, and to the same line at every later start."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fenlei.app.demo import Demo, Shown
from fenlei.projects.deployments import delete, stop
from fenlei.projects.keys import keys_of
from fenlei.store import Store, StoreAddress
from tests.support.counter import Counter
from tests.support.until import until
from tests.support.up import Up

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="pastes into a POSIX shell, looks at processes by /proc"
)


def pasted(line: str) -> str:
    """What the line answers, as a shell runs it: the class it names."""
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60, check=True)
    said = json.loads(done.stdout)
    assert said["code"] == 10000
    prediction: str = said["predictResult"]["prediction"]
    return prediction


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "workspace"


@pytest.fixture(scope="module")
def url(workspace: Path, backbone: Path) -> str:
    """The demo was begun, killed in the middle of its import, begun again and shown; this is its URL."""
    with Up(workspace, "--demo", FENLEI_BACKBONE=str(backbone)) as first:
        first.sign_in()
        until(lambda: (first.do("GET", "/datasets")["items"] or [{"pictures": 0}])[0]["pictures"], 60)
        first.process.kill()
        first.process.wait(20)
    with Up(workspace, "--demo", FENLEI_BACKBONE=str(backbone)) as second:
        second.sign_in()
        shown, line = second.line(), second.line()
        assert shown.startswith(f"{second.base}/api/image/digits?neu_app_key=")
        assert pasted(line) in set("0123456789")
        assert [row["pictures"] for row in second.do("GET", "/datasets")["items"]] == [1797]
        assert [row["kind"] for row in second.do("GET", "/projects")["items"]] == ["automated"]
        assert [row["name"] for row in second.do("GET", "/deployments")["items"]] == ["digits"]
        assert second.stop(signal.SIGTERM) == 0
    return shown.removeprefix(second.base)


def test_a_later_start_shows_the_same_and_makes_nothing(workspace: Path, url: str) -> None:
    with Up(workspace, "--demo", "--workers", "0") as again:
        again.sign_in()
        assert again.line() == again.base + url
        pasted(again.line())
        assert len(again.do("GET", "/runs")["items"]) == 4


class Again:
    """The demo of the workspace, in this process; whatever it needs is there already."""

    def __init__(self, store: Store, counter: Counter, folder: Path) -> None:
        self.store, self.counter, self.folder = store, counter, folder

    def show(self) -> Shown:
        return Demo(self.store, self.counter.front, self.folder, lambda: False).make("", lambda *progress: None)

    def deployment(self) -> str:
        with self.store.reading() as work:
            found = work.deployments.named("digits")
        assert found is not None
        return found.id

    def code(self, url: str) -> int:
        said = self.counter.call(url, b"{}")[2]
        found: int = said["code"]
        return found


@pytest.fixture
def again(workspace: Path, url: str) -> Iterator[Again]:
    store = Store.at(StoreAddress(workspace / "fenlei.db", workspace / "blobs"))
    with Counter(store, workspace / "cache") as counter:
        yield Again(store, counter, workspace / "demo")
    store.close()


def test_the_key_lies_in_the_demos_folder_for_its_owner_alone_and_nowhere_else(again: Again, url: str) -> None:
    kept = again.folder / "key"
    assert again.show().url == url
    assert kept.read_text() in url
    assert kept.stat().st_mode & 0o777 == 0o600


def test_a_key_that_was_lost_or_revoked_is_made_anew_and_the_lost_one_shut(again: Again) -> None:
    (again.folder / "key").unlink()
    second = again.show().url
    assert again.code(second) == 10310
    (again.folder / "key").write_text("damaged")
    third = again.show().url
    assert again.code(second) == 2000  # nobody knows it any more
    assert again.code(third) == 10310
    assert [row.name for row in keys_of(again.store, again.deployment())].count("demo") == 1


def test_what_was_stopped_is_started_and_what_was_deleted_is_published_again(again: Again) -> None:
    stop(again.store, again.counter.front, again.deployment())
    assert again.code(again.show().url) == 10310
    delete(again.store, again.counter.front, again.deployment())
    assert again.code(again.show().url) == 10310
    with again.store.reading() as work:
        assert len(work.runs.page(None, 10)[0]) == 4  # import, its checks, training: its model was there
