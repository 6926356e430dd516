"""A training that is killed while it tunes a network goes on as long as it gets on, and is given up where not."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

from fenlei.projects.projects import create_project
from fenlei.projects.train_progress import TrainProgress
from fenlei.projects.train_recipe import train_recipe
from fenlei.projects.training_run import start_training
from fenlei.runs import Recipes, RunContext, carry_out, transitions
from fenlei.runs.pulse import Pulse
from fenlei.store import Store
from fenlei.store.tables import Run
from fenlei.training.progress import Stage
from tests.integration.projects.conftest import bring_in
from tests.support.runs import ask, claim, found
from tests.support.tunable import leaning_folders, tiny_resnet

ATTEMPTS = 5
EPOCHS, STEPS = 12, 4
"""Of a training, and of an epoch."""


def die(store: Store, run: Run, fence: int) -> None:
    """What a worker does when the process of a run is gone; the run waits again at once, or has failed."""
    with store.writing() as work:
        held = work.jobs.held(run.id, fence)
        assert held is not None
        transitions.give_up(work, held, "was killed", attempts=ATTEMPTS, wait=False)


def tune_and_die(store: Store, run: Run, kept: int, learned: int) -> None:
    """A process of the run goes on after the epochs that were kept, learns others, and is killed in the next."""
    job = claim(store)
    telling = TrainProgress(RunContext(store, run, Pulse(store, run.id, job.fence, lease=10.0, beat=60.0)))
    telling(Stage.TUNE, 0, 1)  # how long it would take
    for done in range(kept * STEPS, (kept + learned) * STEPS + 2):
        telling(Stage.TUNE, done, EPOCHS * STEPS)
    die(store, run, job.fence)


def test_a_run_that_is_killed_after_every_epoch_is_never_given_up(store: Store) -> None:
    run = ask(store)
    for epoch in range(EPOCHS - 1):
        tune_and_die(store, run, kept=epoch, learned=1)
        assert found(store, run).state == "queued"


def test_a_run_that_dies_in_the_same_epoch_each_time_is_given_up(store: Store) -> None:
    run = ask(store)
    tune_and_die(store, run, kept=0, learned=3)
    deaths = 0
    while found(store, run).state == "queued":
        tune_and_die(store, run, kept=3, learned=0)
        deaths += 1
    assert deaths == ATTEMPTS
    failed = found(store, run)
    assert failed.state == "failed"
    assert failed.error is not None
    assert failed.error.startswith(f"It was begun {ATTEMPTS} times")


def _die_in_an_epoch(store_address: Any, cache: str, backbone: str, run_id: str, fence: int) -> None:
    """Carry the run out in this process, and be killed in the epoch after the first one that it learns."""
    from fenlei.training.finetune.checkpoint import Checkpoint
    from fenlei.training.progress import Watch
    from tests.support.hurried import hurry

    if hasattr(os, "sched_setaffinity"):  # of so small a network, threads would wait for each other
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    hurry()
    written: list[int] = []
    write, take = Checkpoint.write, Watch.step

    def write_and_note(self: Checkpoint, state: dict[str, Any]) -> None:
        write(self, state)
        if self._path is not None:  # where it only measures how long it would take, nothing is kept
            written.append(state["epoch"])

    def take_or_die(self: Watch, stage: Stage, done: int, total: int) -> None:
        take(self, stage, done, total)
        if written:
            os.kill(os.getpid(), signal.SIGKILL)

    Checkpoint.write = write_and_note  # type: ignore[method-assign]
    Watch.step = take_or_die  # type: ignore[method-assign]
    carry_out(Store.at(store_address), {"train": train_recipe(Path(cache), backbone=backbone)}, run_id, fence)


def test_a_network_whose_tuning_is_killed_in_every_epoch_has_got_on_each_time(
    sqlite_store: Store, known: Recipes, cache: Path, tmp_path: Path
) -> None:
    network = tiny_resnet(tmp_path / "tiny-resnet")
    dataset = bring_in(sqlite_store, known, leaning_folders(tmp_path / "leaning", 64, kinds=2))
    project = create_project(sqlite_store, "p", "automated", dataset.id, {"goal": "accurate", "budget": 900.0})
    run = start_training(sqlite_store, project.id)
    attempts = []
    for _ in range(2):
        job = claim(sqlite_store, lease=0.2)
        words = (sqlite_store.address, str(cache), str(network), run.id, job.fence)
        child = multiprocessing.get_context("spawn").Process(target=_die_in_an_epoch, args=words)
        child.start()
        child.join(120)
        assert child.exitcode == -signal.SIGKILL
        with sqlite_store.reading() as work:
            attempts.append(work.jobs.get(run.id).attempts)
        die(sqlite_store, run, job.fence)
    assert attempts == [1, 1]
