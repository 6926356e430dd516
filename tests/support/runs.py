"""Carry out runs inside a test, without processes: claim, work, settle."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import text

from fenlei.runs import Recipe, Recipes, carry_out, enqueue, transitions
from fenlei.store import Store, Work, new_id
from fenlei.store.tables import Job, Run


def ask(store: Store, kind: str = "check", **more: Any) -> Run:
    """Queue a run."""
    with store.writing() as work:
        return enqueue(work, kind=kind, subject={}, settings={}, **more)


def found(store: Store, run: Run) -> Run:
    """The run as it is now."""
    with store.reading() as work:
        return work.runs.get(run.id)


def told(store: Store, run: Run, kind: str) -> list[dict[str, Any]]:
    """What its events of a kind say, in order."""
    with store.reading() as work:
        return [event.data for event in work.events.after(run.id, 0, 100_000, kinds=[kind])]


class Marks:
    """A table in which recipes leave traces."""

    def __init__(self, store: Store) -> None:
        self._store = store
        with store.writing() as work:
            work.session.execute(text("CREATE TABLE marks (run_id VARCHAR(40), step VARCHAR(40), pid INTEGER)"))

    def of(self, run: Run) -> list[str]:
        """The traces of a run."""
        with self._store.reading() as work:
            query = text("SELECT step FROM marks WHERE run_id = :run ORDER BY step")
            return list(work.session.scalars(query, {"run": run.id}))


def mark(run: Run, step: str) -> Callable[[Work], dict[str, Any]]:
    """Leaves a trace, in the transaction it is given."""

    def write(work: Work) -> dict[str, Any]:
        row = {"run": run.id, "step": step, "pid": os.getpid()}
        work.session.execute(text("INSERT INTO marks VALUES (:run, :step, :pid)"), row)
        return {"step": step}

    return write


def carried(store: Store, recipe: Recipe, **more: Any) -> Run:
    """Queue a run, carry it out by this recipe, and see what became of it."""
    run = ask(store, **more)
    work_off(store, {"check": recipe})
    return found(store, run)


def claim(store: Store, *, worker: str | None = None, lease: float = 10.0, kinds: Collection[str] | None = None) -> Job:
    """Claim the next job, as a worker does; there must be one."""
    with store.writing() as work:
        job = work.jobs.claim(worker or new_id("wk"), lease, kinds=kinds)
        assert job is not None, "nothing to claim"
        transitions.begin(work, job)
    return job


def work_off(store: Store, recipes: Recipes, *, attempts: int = 5) -> list[Run]:
    """Carry out everything that is queued, in this thread; returns the runs as they are afterwards."""
    runs: list[Run] = []
    while True:
        with store.reading() as work:
            if not work.jobs.any_due():
                return runs
        job = claim(store)
        carry_out(store, recipes, job.run_id, job.fence, attempts=attempts)
        with store.reading() as work:
            runs.append(work.runs.get(job.run_id))
