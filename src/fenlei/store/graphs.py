"""Revisions of graphs, and what became of nodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Text, cast, delete, func, select, update
from sqlalchemy.orm import Session

from fenlei.store.errors import NotFound
from fenlei.store.tables import GraphRevision, NodeResult, NodeRow


class Graphs:
    """Graphs of projects, the latest and those before."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, revision: GraphRevision) -> GraphRevision:
        """Add one; its number is the next of its project, which the caller has locked."""
        query = select(func.max(GraphRevision.number)).where(GraphRevision.project_id == revision.project_id)
        revision.number = (self._session.scalar(query) or 0) + 1
        self._session.add(revision)
        self._session.flush()
        return revision

    def get(self, revision_id: str) -> GraphRevision:
        """The revision.

        Raises:
            NotFound: there is none with this id.
        """
        found = self._session.get(GraphRevision, revision_id)
        if found is None:
            raise NotFound(f"There is no revision {revision_id} of a graph.")
        return found

    def latest(self, project_id: str) -> GraphRevision | None:
        """The one that was saved last; None where none was."""
        query = select(GraphRevision).where(GraphRevision.project_id == project_id)
        return self._session.scalar(query.order_by(GraphRevision.number.desc()).limit(1))

    def numbered(self, project_id: str, number: int) -> GraphRevision:
        """The one with this number.

        Raises:
            NotFound: there is none.
        """
        query = select(GraphRevision).where(GraphRevision.project_id == project_id, GraphRevision.number == number)
        found = self._session.scalar(query)
        if found is None:
            raise NotFound(f"The project {project_id} has no revision {number} of its graph.")
        return found

    def page(self, project_id: str, after: int | None, limit: int) -> tuple[list[GraphRevision], int | None]:
        """Revisions of a project, the latest first, and the cursor of the next page: a number."""
        query = select(GraphRevision).where(GraphRevision.project_id == project_id)
        if after is not None:
            query = query.where(GraphRevision.number < after)
        rows = list(self._session.scalars(query.order_by(GraphRevision.number.desc()).limit(limit + 1)))
        return rows[:limit], rows[limit - 1].number if len(rows) > limit else None


class Nodes:
    """What became of nodes, by run."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of(self, run_id: str) -> Sequence[NodeRow]:
        """The nodes of a run in the order of its graph."""
        return self._session.scalars(select(NodeRow).where(NodeRow.run_id == run_id).order_by(NodeRow.position)).all()

    def get(self, run_id: str, node: str) -> NodeRow:
        """One of them, as it is now.

        Raises:
            NotFound: the run has no such node.
        """
        found = self.find(run_id, node)
        if found is None:
            raise NotFound(f"The run {run_id} has no node {node!r}.")
        return found

    def find(self, run_id: str, node: str) -> NodeRow | None:
        """One of them, as it is now; None where the run has no such node yet."""
        return self._session.get(NodeRow, (run_id, node), populate_existing=True)

    def wait(self, run_id: str, node: str, position: int, at: datetime) -> None:
        """The node waits for its turn; what it left behind in an earlier process of this run stays."""
        row = self.find(run_id, node)
        if row is None or row.state not in ("done", "cached"):
            self.say(run_id, node, at, position=position, state="waiting", stage="", progress=0.0, why="")

    def say(self, run_id: str, node: str, at: datetime, **values: Any) -> None:
        """Write down what is known of a node by now; what is not said stays."""
        row = self.find(run_id, node)
        if row is None:
            row = NodeRow(run_id=run_id, node=node, position=0, state="waiting", outputs={}, changed_at=at)
            self._session.add(row)
        for name, value in values.items():
            setattr(row, name, value)
        row.changed_at = at
        self._session.flush()


class Results:
    """Results of nodes, shared by all projects."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, key: str) -> NodeResult | None:
        """What was left under this key; None where nothing was."""
        return self._session.get(NodeResult, key)

    def used(self, key: str, at: datetime) -> None:
        """Somebody has taken it."""
        self._session.execute(update(NodeResult).where(NodeResult.key == key).values(used_at=at))

    def keep(self, key: str, node_type: str, outputs: dict[str, Any], at: datetime) -> None:
        """Keep what a node left behind, in place of what was there."""
        kept = NodeResult(key=key, node_type=node_type, outputs=outputs, created_at=at, used_at=at)
        self._session.merge(kept)
        self._session.flush()

    def forget(self, before: datetime) -> int:
        """Drop results that nobody has taken since; returns how many."""
        gone = delete(NodeResult).where(NodeResult.used_at < before).returning(NodeResult.key)
        return len(self._session.scalars(gone).all())


def outputs_told(session: Session) -> Iterator[str]:
    """The outputs of all nodes of all runs, and all shared results, as JSON texts."""
    for column in (NodeRow.outputs, NodeResult.outputs):
        yield from session.execute(select(cast(column, Text)), execution_options={"yield_per": 100}).scalars()
