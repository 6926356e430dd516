"""Runs: what was asked for, and what became of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from fenlei.store.errors import NotFound
from fenlei.store.tables import Import, Project, Run


class Runs:
    """Runs by id, by project, by state."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, run: Run) -> Run:
        """Add a run. Its number counts within its project; runs of no project have 0.

        Raises:
            NotFound: there is no such project.
        """
        run.number = 0 if run.project_id is None else self._next_number(run.project_id)
        self._session.add(run)
        self._session.flush()
        return run

    def get(self, run_id: str) -> Run:
        """The run as it is now.

        Raises:
            NotFound: there is none with this id.
        """
        run = self._session.get(Run, run_id, populate_existing=True)
        if run is None:
            raise NotFound(f"There is no run {run_id}.")
        return run

    def page(
        self,
        after: str | None,
        limit: int,
        *,
        project_id: str | None = None,
        kinds: Collection[str] | None = None,
        states: Collection[str] | None = None,
    ) -> tuple[Sequence[Run], str | None]:
        """Runs, the latest first.

        Args:
            after: the cursor of the page before.
            limit: how many at most.
            project_id: only runs of this project.
            kinds: only runs of these kinds.
            states: only runs in these states.

        Returns:
            The runs, and the cursor of the next page when there is one.
        """
        query = select(Run).order_by(Run.id.desc()).limit(limit + 1)
        if after is not None:
            query = query.where(Run.id < after)
        if project_id is not None:
            query = query.where(Run.project_id == project_id)
        if kinds is not None:
            query = query.where(Run.kind.in_(kinds))
        if states is not None:
            query = query.where(Run.state.in_(states))
        rows = self._session.scalars(query).all()
        return rows[:limit], rows[limit - 1].id if len(rows) > limit else None

    def unfinished(self, project_id: str) -> Sequence[Run]:
        """Runs of a project that are queued or running, the latest first."""
        return self.page(None, 1000, project_id=project_id, states=("queued", "running"))[0]

    def begin(self, run_id: str, at: datetime) -> None:
        """A process carries the run out."""
        started = func.coalesce(Run.started_at, at)
        self._change(run_id, state="running", started_at=started)

    def back(self, run_id: str) -> None:
        """The run waits again."""
        self._change(run_id, state="queued")

    def report(self, run_id: str, stage: str, progress: float) -> None:
        """Keep how far the run is."""
        self._change(run_id, stage=stage[:80], progress=progress)

    def settle(
        self, run_id: str, state: str, at: datetime, *, result: dict[str, Any] | None = None, error: str | None = None
    ) -> None:
        """The run is over: done with a result, failed with a sentence, or cancelled. So is its import, if any."""
        values: dict[str, Any] = {"state": state, "finished_at": at, "result": result, "error": error}
        if state == "done":
            values["progress"] = 1.0
        self._change(run_id, **values)
        if state != "done":
            self._let_import_go(run_id, state, error)

    def _let_import_go(self, run_id: str, state: str, error: str | None) -> None:
        """What an import wanted of a run that was killed, or never begun, is over too, and can be asked for again; most
        say so themselves before."""
        left = (Import.run_id == run_id, Import.state.in_(("queued", "importing")))
        over = {"state": state, "error": error, "revision": Import.revision + 1}
        self._session.execute(update(Import).where(*left).values(over))

    def _change(self, run_id: str, **values: Any) -> None:
        self._session.execute(update(Run).where(Run.id == run_id).values(values))

    def _next_number(self, project_id: str) -> int:
        # Locked, so that two that ask at once get two numbers.
        project = select(Project.id).where(Project.id == project_id).with_for_update()
        if self._session.scalar(project) is None:
            raise NotFound(f"There is no project {project_id}.")
        last = self._session.scalar(select(func.max(Run.number)).where(Run.project_id == project_id))
        return (last or 0) + 1
