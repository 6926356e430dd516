"""`fenlei worker`: carries out runs alone, beside a platform that has no worker of its own."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.support.cli import running
from tests.support.drawing import class_folders
from tests.support.until import until
from tests.support.up import Up, up

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes by /proc")


def ask_for_import(platform: Up, folder: Path) -> str:
    """Ask for an import of a folder on the server; returns the run's id."""
    dataset = platform.do("POST", "/datasets", {"name": f"set {len(platform.do('GET', '/datasets')['items'])}"})
    source = {"source": {"kind": "path", "path": str(folder)}}
    begun = platform.do("POST", f"/datasets/{dataset['id']}/imports", source)
    return str(platform.do("POST", f"/imports/{begun['id']}/commit")["id"])


def test_runs_wait_in_line_until_a_worker_comes_and_outlive_it(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    pictures = class_folders(tmp_path / "pictures", {"apple": 20, "pear": 20}, size=40)
    with up(workspace, "--workers", "0", FENLEI_IMPORT_ROOTS=str(tmp_path)) as platform:

        def run(run_id: str) -> dict[str, object]:
            found: dict[str, object] = platform.do("GET", f"/runs/{run_id}")
            return found

        first, second, third = (ask_for_import(platform, pictures) for _ in range(3))
        assert platform.do("GET", "/workers") == []
        assert [run(each)["position"] for each in (first, second, third)] == [1, 2, 3]
        assert platform.do("POST", f"/runs/{second}/cancel")["state"] == "cancelled"
        assert [run(each)["position"] for each in (first, second, third)] == [1, None, 2]

        with running("worker", "--concurrency", "1", workspace=workspace) as one:
            until(lambda: run(first)["state"] == "running", 60, "the first import under way")
            assert [row["concurrency"] for row in platform.do("GET", "/workers")] == [1]
            assert run(third)["position"] == 1  # it has hands for one
            os.kill(one.pid, signal.SIGKILL)
            one.wait(20)
        with running("worker", workspace=workspace) as two:
            for each in (first, third):
                until(lambda each=each: run(each)["state"] == "done", 60, "both imports done")  # type: ignore[misc]
            states = [
                event["data"]["state"]
                for event in platform.call(
                    "GET", f"/api/v1/runs/{first}/events?limit=1000", headers={"Accept": "application/json"}
                )[2]["items"]
                if event["kind"] == "state"
            ]
            assert states == ["queued", "running", "queued", "running", "done"]
            assert [row["pictures"] for row in platform.do("GET", "/datasets")["items"]] == [40, 0, 40]
            two.send_signal(signal.SIGTERM)
            assert two.wait(30) == 0
        until(lambda: platform.do("GET", "/workers") == [], 10, "its leave")
