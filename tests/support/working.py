"""A worker and its runs as real processes, with recipes that leave traces: `python -m tests.support.working`.

Every recipe takes a lock on a file of its run for as long as its process lives; who finds it taken writes down that two
processes carried out one run at the same time.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import logging
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from fenlei.contract.errors import FenleiError
from fenlei.runs import LocalProcesses, Manners, RunContext, enqueue, run_job, run_worker
from fenlei.runs.deathwatch import die_with_worker
from fenlei.store import Store, StoreAddress
from fenlei.store.tables import Run
from tests.support.runs import Marks, mark

ROOT = Path(__file__).parents[2]


class Yard:
    """A store, a folder for traces, and the worker processes on it. Ends all of them with the `with` block."""

    def __init__(self, store: Store, folder: Path, **manners: Any) -> None:
        self.store = store
        self.folder = folder
        self.workers: list[subprocess.Popen[bytes]] = []
        database = store.address.database
        self._said = {
            "database": str(database),
            "is_file": isinstance(database, Path),
            "folder": str(folder),
            "manners": manners,
        }
        self.marks = Marks(store)

    def start(self) -> subprocess.Popen[bytes]:
        """Start a worker; returns when it looks for work."""
        with (self.folder / "log").open("ab") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "tests.support.working", "worker", json.dumps(self._said)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=ROOT,
            )
        self.workers.append(worker)
        assert worker.stdout is not None
        assert select.select([worker.stdout], [], [], 30)[0], f"the worker does not get ready: {self.log}"
        assert worker.stdout.readline() == b"ready\n", self.log
        return worker

    def enqueue(self, kind: str, *, time_limit: float | None = None, **subject: Any) -> Run:
        """Ask for a run."""
        with self.store.writing() as work:
            subject["folder"] = str(self.folder)
            return enqueue(work, kind=kind, subject=subject, settings={}, time_limit=time_limit)

    def run(self, run_id: str) -> Run:
        """The run as it is now."""
        with self.store.reading() as work:
            return work.runs.get(run_id)

    def pid(self, run_id: str) -> int | None:
        """The process that carries it out, once it says so."""
        with self.store.reading() as work:
            return work.jobs.get(run_id).pid

    def has(self, name: str) -> bool:
        """Whether a recipe left this file."""
        return (self.folder / name).exists()

    def kill(self, worker: subprocess.Popen[bytes]) -> None:
        """kill -9."""
        worker.kill()
        self._gone(worker)

    def stop(self, worker: subprocess.Popen[bytes], seconds: float = 20.0) -> int:
        """SIGTERM; returns the exit status."""
        worker.send_signal(signal.SIGTERM)
        status = worker.wait(seconds)
        self._gone(worker)
        return status

    @property
    def log(self) -> str:
        """What the processes wrote to standard error."""
        return (self.folder / "log").read_text()

    def __enter__(self) -> Yard:
        return self

    def __exit__(self, *error: object) -> None:
        for worker in list(self.workers):
            worker.send_signal(signal.SIGCONT)
            self.kill(worker)

    def _gone(self, worker: subprocess.Popen[bytes]) -> None:
        worker.wait(20)
        for pipe in (worker.stdin, worker.stdout):
            if pipe is not None:
                pipe.close()
        if worker in self.workers:
            self.workers.remove(worker)


def leave(context: RunContext, name: str) -> None:
    """Leave a file of the run."""
    (Path(context.run.subject["folder"]) / f"{context.run.id}.{name}").write_text(str(os.getpid()))


def count(context: RunContext) -> None:
    """Some slow steps, each followed by one that writes a row, and a row at the end."""
    folder = Path(context.run.subject["folder"])
    with (folder / f"{context.run.id}.lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            (folder / f"{context.run.id}.twice").touch()
        steps: int = context.run.subject["steps"]
        for place in range(steps):

            def slow(place: int = place) -> dict[str, Any]:
                time.sleep(context.run.subject["seconds"])
                context.log(f"step {place}")
                return {"place": place}

            known = context.step(f"slow {place}", slow)
            assert known == {"place": place}
            context.finish_step(f"write {place}", mark(context.run, f"{place:03d}"))
            context.progress("counting", place / steps)
        context.finish(mark(context.run, "end"))


def wait(context: RunContext) -> None:
    """Waits until it is told to stop."""
    leave(context, "waiting")
    while not context.cancelled():
        time.sleep(0.02)
    leave(context, "told")


def stubborn(context: RunContext) -> None:
    """Listens to nobody, and has started a process that does not either."""
    sleeper = subprocess.Popen(["sleep", "600"])
    leave(context, f"sleeper-{sleeper.pid}")
    leave(context, "waiting")
    while True:
        time.sleep(1)


def hang(context: RunContext) -> None:
    """Holds the interpreter, so that none of its threads goes on."""
    leave(context, "waiting")
    ctypes.PyDLL(None).sleep(600)


def die(context: RunContext) -> None:
    """Is killed."""
    os.kill(os.getpid(), signal.SIGKILL)


def refuse(context: RunContext) -> None:
    """Fails with a sentence."""
    raise FenleiError("The data set flowers has no labels; label its pictures first.")


def burst(context: RunContext) -> None:
    """Fails without one."""
    raise RuntimeError("index -7 of the inner table")


RECIPES = {each.__name__: each for each in (count, wait, stubborn, hang, die, refuse, burst)}


def main(what: str, said: dict[str, Any], *more: str) -> int:
    """Be a worker, or the process of a run."""
    handler = logging.StreamHandler()
    defaults = {"error_id": "", "because": "", "run": ""}
    handler.setFormatter(logging.Formatter("%(message)s %(run)s %(because)s %(error_id)s", defaults=defaults))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    database = Path(said["database"]) if said["is_file"] else said["database"]
    store = Store.at(StoreAddress(database, Path(said["folder"]) / "blobs"))
    manners = Manners(**said["manners"])
    if what == "job":
        beat = manners.lease / 5
        return run_job(store, RECIPES, more[0], int(more[1]), lease=manners.lease, beat=beat, attempts=manners.attempts)
    die_with_worker()  # here: with the test
    command = [sys.executable, "-m", "tests.support.working", "job", json.dumps(said)]
    run_worker(store, LocalProcesses(command), manners, ready=lambda: print("ready", flush=True))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], json.loads(sys.argv[2]), *sys.argv[3:]))
