"""Routes of the graphs of canvas projects: saved as revisions, read, run."""

from __future__ import annotations

from fastapi import APIRouter, Response

from fenlei.api.access import Editor, Here, Viewer
from fenlei.api.downloads import documents, documents_model, download
from fenlei.api.errors import documented
from fenlei.api.etag import Expected, tag
from fenlei.api.paging import AfterPlace, Limit, Page, page
from fenlei.api.repeats import CreatingRoute
from fenlei.api.wire.base import ProjectId
from fenlei.api.wire.graph_runs import NewGraphRun
from fenlei.api.wire.graphs import DrawnGraph, GraphOut, NewRevision, RevisionNumber, RevisionOut
from fenlei.api.wire.runs import RunOut, run_out
from fenlei.pipelines.graph import graph_of, write_graph
from fenlei.pipelines.registry import node_types
from fenlei.pipelines.script import as_script
from fenlei.projects.audit import audited, note
from fenlei.projects.graph_runs import start_graph
from fenlei.projects.graphs import open_graph, problems_of, save_graph
from fenlei.runs import position
from fenlei.store import Store
from fenlei.store.tables import GraphRevision

router = APIRouter(tags=["graphs"], route_class=CreatingRoute)


@router.get("/projects/{project_id}/graph", responses=documented(401, 403, 404, 409))
def graph(
    project_id: ProjectId, who: Viewer, here: Here, response: Response, revision: RevisionNumber = None
) -> GraphOut:
    """The graph of a canvas project, with its nodes brought to the types that are here, and what is wrong with it.

    The number of the revision is in the `ETag`. A project in which none was saved yet is answered 409.
    """
    found = open_graph(here.store, project_id, revision)
    tag(response, found.revision.number)
    return GraphOut.model_validate(
        {
            **{name: getattr(found.revision, name) for name in (*RevisionOut.model_fields, "project_id")},
            "graph": found.graph,
            "changed": found.changed,
            "unknown": found.unknown,
            "problems": problems_of(here.store, found.graph, here.import_roots),
        }
    )


@router.put("/projects/{project_id}/graph", responses=documented(401, 403, 404, 409, 412))
def save_project_graph(
    project_id: ProjectId, body: NewRevision, who: Editor, here: Here, response: Response, expected: Expected
) -> RevisionOut:
    """Save a graph as the next revision of a canvas project. It may have faults, and runs when they are mended.

    Where it is the same to the last byte as the latest one, that one is the revision. `If-Match: "0"` asks that there
    be none yet.
    """
    store = audited(here.store, who, "graph.save", project_id)
    saved = save_graph(store, project_id, body.graph.graph(), who.user_id, note=body.note, after=expected)
    tag(response, saved.number)
    return RevisionOut.model_validate(saved)


@router.get("/projects/{project_id}/graph/revisions", responses=documented(401, 403, 404))
def graph_revisions(
    project_id: ProjectId, who: Viewer, here: Here, after: AfterPlace = None, limit: Limit = 100
) -> Page[RevisionOut]:
    """The revisions of the graph of a project, the latest first; none where it is no canvas."""
    with here.store.reading() as work:
        work.projects.get(project_id)
        found = work.graphs.page(project_id, after, limit)
    return page(found, RevisionOut.model_validate)


@router.get(
    "/projects/{project_id}/graph/file",
    response_class=Response,
    responses=documents_model(DrawnGraph, said="The file, as `fenlei run` reads it.", named=True)
    | documented(401, 403, 404, 409),
)
def graph_file(project_id: ProjectId, who: Viewer, here: Here, revision: RevisionNumber = None) -> Response:
    """The graph of a canvas project as a JSON file, as it was saved."""
    found = open_graph(here.store, project_id, revision).revision
    name = _file_name(here.store, found, "json")
    return download([write_graph(graph_of(found.graph))], "application/json", name)


@router.get(
    "/projects/{project_id}/graph/script",
    response_class=Response,
    responses=documents("text/x-python", said="The script.") | documented(401, 403, 404, 409),
)
def graph_script(project_id: ProjectId, who: Viewer, here: Here, revision: RevisionNumber = None) -> Response:
    """The graph of a canvas project as a Python script that, run alone, makes the same model files.

    A graph that something is wrong with is answered 422 with the type `not-runnable` and all of its `problems`.
    """
    found = open_graph(here.store, project_id, revision)
    written = as_script(found.graph, node_types())
    return download([written], "text/x-python", _file_name(here.store, found.revision, "py"))


@router.post("/projects/{project_id}/graph/runs", status_code=202, responses=documented(401, 403, 404, 409))
def run_graph(project_id: ProjectId, body: NewGraphRun, who: Editor, here: Here) -> RunOut:
    """Run the graph of a canvas project: all of it, up to a node, or a node alone.

    A graph that something is wrong with is answered 422 with the type `not-runnable` and all of its `problems`.
    """
    run = start_graph(
        here.store,
        project_id,
        body.revision,
        node=body.node,
        extent=body.extent,
        by=who.user_id,
        priority=body.priority,
        time_limit=body.time_limit,
        roots=here.import_roots,
    )
    note(here.store, who, "graph.run", project_id, run=run.id)
    with here.store.reading() as work:
        return run_out(run, position(work, run.id))


def _file_name(store: Store, revision: GraphRevision, ending: str) -> str:
    with store.reading() as work:
        return f"{work.projects.get(revision.project_id).name} {revision.number}.{ending}"
