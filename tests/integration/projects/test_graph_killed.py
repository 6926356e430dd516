"""A graph whose process is killed -9 again and again goes on after the nodes that had ended; none runs twice."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from fenlei.projects.graph_memory import RunMemory
from fenlei.projects.graph_recipe import graph_recipe
from fenlei.projects.graph_runs import start_graph
from fenlei.projects.graphs import save_graph
from fenlei.projects.projects import create_project
from fenlei.runs import Recipes, carry_out, transitions
from fenlei.store import Store
from tests.integration.projects.conftest import bring_in
from tests.integration.projects.test_graph_run import NODES, graph, heard, states
from tests.support.runs import claim, found, work_off


def _die_at(store_address: Any, cache: str, backbone: str, run_id: str, fence: int, node: str, moment: str) -> None:
    """Carry the run out in this process, and be killed when this node begins, or right after it was kept."""
    keep, told = RunMemory.keep, RunMemory.told

    def keep_and_die(self: RunMemory, kept: str, *words: Any, **more: Any) -> None:
        keep(self, kept, *words, **more)
        if (kept, moment) == (node, "kept"):
            os.kill(os.getpid(), signal.SIGKILL)

    def tell_and_die(self: RunMemory, run: Any) -> None:
        told(self, run)
        if (run.node, run.state, moment) == (node, "running", "begun"):
            os.kill(os.getpid(), signal.SIGKILL)

    RunMemory.keep = keep_and_die  # type: ignore[assignment,method-assign]
    RunMemory.told = tell_and_die  # type: ignore[method-assign]
    carry_out(Store.at(store_address), {"graph": graph_recipe(Path(cache), backbone=backbone)}, run_id, fence)


@pytest.mark.parametrize("moment", ["begun", "kept"])
def test_a_killed_graph_goes_on_after_the_nodes_that_had_ended(
    sqlite_store: Store, known: Recipes, drawn_classes: Path, cache: Path, tiny_backbone: Path, moment: str
) -> None:
    bring_in(sqlite_store, known, drawn_classes)
    project = create_project(sqlite_store, "drawn", "canvas")
    save_graph(sqlite_store, project.id, graph())
    run = start_graph(sqlite_store, project.id)
    for node in ("split", "learn", "judge"):
        job = claim(sqlite_store, lease=0.2)
        assert job.attempts <= 2  # a run that gets on is never taken for one that kills its process
        words = (sqlite_store.address, str(cache), str(tiny_backbone), run.id, job.fence, node, moment)
        child = multiprocessing.get_context("spawn").Process(target=_die_at, args=words)
        child.start()
        child.join(120)
        assert child.exitcode == -signal.SIGKILL
        with sqlite_store.writing() as work:
            held = work.jobs.held(run.id, job.fence)
            assert held is not None
            transitions.give_up(work, held, "was killed", attempts=5, wait=False)
    work_off(sqlite_store, known)
    assert found(sqlite_store, run).state == "done"
    assert states(sqlite_store, run) == dict.fromkeys(NODES, "done")
    again = {"begun": ["split", "learn", "judge"], "kept": []}[moment]
    assert sorted(heard(sqlite_store, run, "running")) == sorted([*NODES, *again])
