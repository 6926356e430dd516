"""Graphs of canvas projects: saved as revisions that never change, read back for the node types that are here."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from fenlei.datasets.create import BadValue
from fenlei.pipelines.check import check_graph
from fenlei.pipelines.graph import MOST_BYTES, Graph, Node, graph_of, write_graph
from fenlei.pipelines.node import NodeType
from fenlei.pipelines.parameters import Params
from fenlei.pipelines.problem import Problem
from fenlei.pipelines.registry import node_types
from fenlei.pipelines.upgrade import Upgraded, upgraded
from fenlei.projects.graph_data import look_at_datasets, look_at_open_folders
from fenlei.projects.naming import checked_note
from fenlei.projects.projects import ProjectKind
from fenlei.runs.plain import plain
from fenlei.store import Conflict, Stale, Store, Work, new_id, now
from fenlei.store.tables import GraphRevision, Project


@dataclass(frozen=True)
class Opened:
    """A revision of a graph, as it is read here.

    Attributes:
        revision: as it was saved.
        graph: with its nodes brought to the types that are here.
        changed: what was done to nodes for that, by their id: a sentence each.
        unknown: ids of nodes whose type is not here.
    """

    revision: GraphRevision
    graph: Graph
    changed: dict[str, str]
    unknown: list[str]


def save_graph(
    store: Store,
    project_id: str,
    graph: Graph,
    by: str | None = None,
    *,
    note: str = "",
    after: int | None = None,
) -> GraphRevision:
    """Save a graph as the next revision of a canvas project. It may have faults: one saves what one is at.

    Args:
        store: where the project is.
        project_id: which.
        graph: the whole of it.
        by: id of the user who saves it.
        note: what people want to know about this revision.
        after: the number of the revision that the caller went on from; 0 for none.

    Returns:
        The new revision; the latest, where that is the same to the last byte.

    Raises:
        NotFound: there is no such project.
        Conflict: the project is no canvas, or is in the archive.
        Stale: somebody else has saved one since.
        BadValue: the note cannot be, or the graph holds what cannot be kept.
    """
    kept = checked_note(note)
    written = _checked(graph)
    digest = hashlib.sha256(written).hexdigest()
    with store.writing() as work:
        project = work.projects.lock(project_id)
        check_canvas(project)
        if project.archived_at is not None:
            raise Conflict(f"The project {project.name!r} is in the archive; take it out to change it.")
        latest = work.graphs.latest(project_id)
        number = 0 if latest is None else latest.number
        if after is not None and after != number:
            raise Stale(
                f"The graph of {project.name!r} was saved meanwhile: it is at revision {number}, not {after}. Read "
                "it again."
            )
        if latest is not None and latest.digest == digest:
            return latest
        return add_revision(work, project_id, graph, digest, by, note=kept)


def add_revision(
    work: Work, project_id: str, graph: Graph, digest: str, by: str | None, *, note: str = ""
) -> GraphRevision:
    """Save in a transaction that is open; the project is locked."""
    said: dict[str, Any] = plain(msgspec.to_builtins(graph))
    return work.graphs.add(
        GraphRevision(
            id=new_id("gr"),
            project_id=project_id,
            graph=said,
            digest=digest,
            meaning=graph.meaning,
            note=note,
            created_at=now(),
            created_by=by,
        )
    )


def add_canvas(work: Work, name: str, graph: Graph, by: str | None, *, dataset_id: str | None, note: str) -> Project:
    """Make a canvas project with a graph, in a transaction that is open.

    Args:
        work: the transaction.
        name: of the project; no other project has it.
        graph: its first revision.
        by: id of the user who makes it.
        dataset_id: the data set it is about.
        note: of the revision.

    Raises:
        Conflict: the name is taken.
    """
    at = now()
    project = work.projects.add(
        Project(
            id=new_id("pr"),
            name=name,
            kind=ProjectKind.CANVAS.value,
            note="",
            dataset_id=dataset_id,
            settings={},
            revision=1,
            created_at=at,
            created_by=by,
            updated_at=at,
        )
    )
    add_revision(work, project.id, graph, hashlib.sha256(write_graph(graph)).hexdigest(), by, note=note)
    return project


def open_graph(store: Store, project_id: str, number: int | None = None) -> Opened:
    """A graph of a project: the latest, or the one of this number.

    Raises:
        NotFound: there is no such project or revision.
        Conflict: the project is no canvas, or nothing was saved in it yet.
    """
    with store.reading() as work:
        project = work.projects.get(project_id)
        check_canvas(project)
        revision = revision_of(work, project, number)
    return opened(revision)


def opened(revision: GraphRevision) -> Opened:
    """A revision as it is read here."""
    brought: Upgraded = upgraded(graph_of(revision.graph), node_types())
    return Opened(revision, brought.graph, brought.changed, brought.unknown)


def revision_of(work: Work, project: Project, number: int | None) -> GraphRevision:
    """The latest revision of a project, or the one of this number.

    Raises:
        NotFound: there is none of this number.
        Conflict: nothing was saved yet.
    """
    if number is not None:
        return work.graphs.numbered(project.id, number)
    found = work.graphs.latest(project.id)
    if found is None:
        raise Conflict(f"The project {project.name!r} has no graph yet; save one first.")
    return found


def problems_of(store: Store, graph: Graph, roots: Sequence[Path] = ()) -> list[Problem]:
    """Everything that is wrong with a graph here, with the data that it names; empty where it can run.

    Args:
        store: where its data sets are.
        graph: as `opened` gives it.
        roots: folders of this machine below which graphs may read pictures; none: nowhere.
    """

    def looks(node: Node, node_type: NodeType, params: Params) -> list[Problem]:
        return [*look_at_datasets(store, node, params), *look_at_open_folders(node, node_type, params, roots)]

    return check_graph(graph, node_types(), looks)


def _checked(graph: Graph) -> bytes:
    """The graph as its file.

    Raises:
        BadValue: it is larger than a graph that is read, or holds what no database keeps as it is.
    """
    written = write_graph(graph)
    if len(written) > MOST_BYTES:
        allowed = f"{MOST_BYTES} bytes at most"
        raise BadValue(f"As a file the graph has {len(written)} bytes; {allowed}.", "graph", allowed)
    said = msgspec.to_builtins(graph)
    if plain(said) != _listed(said):
        raise BadValue(
            "The graph holds a number that is none (infinite or not a number), a NUL or half of a character, which "
            "cannot be kept.",
            "graph",
            "finite numbers, and texts without NUL",
        )
    return written


def _listed(said: Any) -> Any:
    """JSON values with tuples as lists."""
    if isinstance(said, dict):
        return {name: _listed(each) for name, each in said.items()}
    return [_listed(each) for each in said] if isinstance(said, list | tuple) else said


def check_canvas(project: Project) -> None:
    """Refuse projects that have no graph of their own.

    Raises:
        Conflict: it is an automated one.
    """
    if project.kind != ProjectKind.CANVAS:
        raise Conflict(
            f"The project {project.name!r} is an automated one and has no graph of its own; open one of its trainings "
            "in a canvas, and change that."
        )
