"""Steps of runs: what need not be done again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fenlei.store.tables import Step


class Steps:
    """Steps by run and name."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of(self, run_id: str) -> Sequence[Step]:
        """The steps of a run in the order in which they began."""
        return self._session.scalars(select(Step).where(Step.run_id == run_id).order_by(Step.started_at)).all()

    def finished(self, run_id: str, name: str) -> Step | None:
        """The step, when it is done."""
        step = self._session.get(Step, (run_id, name))
        return step if step is not None and step.state == "done" else None

    def begin(self, run_id: str, name: str, at: datetime) -> None:
        """The step is being done; what an attempt before left of it is forgotten."""
        self._session.merge(
            Step(run_id=run_id, name=name, state="running", result=None, started_at=at, finished_at=None)
        )
        self._session.flush()

    def finish(self, run_id: str, name: str, result: dict[str, Any] | None, at: datetime) -> None:
        """The step is done."""
        step = self._session.get(Step, (run_id, name))
        if step is None:
            step = Step(run_id=run_id, name=name, started_at=at)
            self._session.add(step)
        step.state, step.result, step.finished_at = "done", result, at
        self._session.flush()
