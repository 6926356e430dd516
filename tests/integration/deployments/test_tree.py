"""Processes beside the server: kept running, and ended with it."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fenlei.app.lock import WorkspaceTaken, only_one
from fenlei.app.tree import KeptProcess, Tree
from tests.support.until import until

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")

WAITS = "import sys; open(sys.argv[1], 'a').write('x'); sys.stdin.read()"
STUBBORN = (
    "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "open(sys.argv[1], 'a').write('x'); time.sleep(600)"
)
DIES = "import sys; open(sys.argv[1], 'a').write('x'); sys.exit(7)"


class Kept:
    """A kept process that writes an `x` into a file whenever it starts."""

    def __init__(self, program: str, file: Path) -> None:
        self.file = file
        self.tree = Tree([KeptProcess("test", [sys.executable, "-c", program, str(file)], os.environ)])

    @property
    def starts(self) -> int:
        return len(self.file.read_text()) if self.file.exists() else 0

    def pid(self) -> int | None:
        return self.tree.processes[0].pid


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "starts"


@pytest.fixture
def kept(request: pytest.FixtureRequest, file: Path) -> Iterator[Kept]:
    found = Kept(request.param, file)
    found.tree.start()
    until(lambda: found.starts > 0)
    yield found
    found.tree.close(1)


@pytest.mark.parametrize("kept", [WAITS], indirect=True)
def test_a_killed_process_is_started_again_until_it_is_asked_to_end(
    kept: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    first = kept.pid()
    assert first is not None
    os.kill(first, signal.SIGKILL)
    until(lambda: kept.starts == 2)
    assert kept.pid() not in {None, first}
    (died,) = [record for record in caplog.records if record.message == "process_died"]
    assert (died.__dict__["child"], died.__dict__["status"]) == ("test", -9)
    kept.tree.close(10)
    assert kept.pid() is None
    assert kept.starts == 2


@pytest.mark.parametrize("kept", [DIES], indirect=True)
def test_a_process_that_dies_again_and_again_is_started_ever_more_slowly(
    kept: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    until(lambda: kept.starts == 3)
    records = [*caplog.get_records("setup"), *caplog.records]
    pauses = [record.__dict__["again_in"] for record in records if record.message == "process_died"]
    assert pauses[:2] == [0.5, 1.0]


@pytest.mark.parametrize("kept", [STUBBORN], indirect=True)
def test_a_process_that_does_not_listen_is_killed(kept: Kept, caplog: pytest.LogCaptureFixture) -> None:
    began = time.monotonic()
    kept.tree.close(0.3)
    assert time.monotonic() - began < 5
    assert kept.pid() is None
    assert "process_killed" in caplog.text


def test_a_program_that_is_not_there_is_logged_and_ends_in_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tree = Tree([KeptProcess("test", [str(tmp_path / "absent")], {})])
    tree.start()
    until(lambda: "process_died" in caplog.text)
    tree.close(5)


def test_a_tree_that_was_never_started_closes(tmp_path: Path) -> None:
    Tree([KeptProcess("test", [sys.executable], os.environ)]).close(5)


def test_a_workspace_is_free_again_after_its_platform(tmp_path: Path) -> None:
    with (
        only_one(tmp_path / "new"),
        pytest.raises(WorkspaceTaken, match=f"process {os.getpid()}"),
        only_one(tmp_path / "new"),
    ):
        pass
    with only_one(tmp_path / "new"):
        pass
