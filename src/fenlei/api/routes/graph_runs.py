"""Routes of runs of graphs: what became of each node, what it left behind, what is made of them."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from fastapi import APIRouter, Response

from fenlei.api.access import Editor, Here, Viewer
from fenlei.api.downloads import documents, documents_model, download
from fenlei.api.errors import documented
from fenlei.api.etag import tag
from fenlei.api.platform import Platform
from fenlei.api.repeats import CreatingRoute
from fenlei.api.wire.base import RunId
from fenlei.api.wire.graph_runs import GraphComparison, NodeOut, PreviewOut
from fenlei.api.wire.graphs import NodeId, Port, RevisionOut, RevisionPlaced, Sha256InPath
from fenlei.api.wire.models import ModelVersionOut
from fenlei.api.wire.pictures import Side
from fenlei.api.wire.projects import ProjectClone, ProjectOut
from fenlei.datasets.thumbnails import MEDIA_TYPE, thumbnail
from fenlei.projects.audit import audited, note
from fenlei.projects.graph_compare import compare_nodes
from fenlei.projects.graph_forks import fork_run, open_training
from fenlei.projects.graph_runs import graph_run
from fenlei.projects.graphs import opened
from fenlei.projects.node_outputs import check_has_picture, file_of_output, preview_of_output
from fenlei.projects.node_version import keep_model_of_node
from fenlei.projects.who import Who
from fenlei.store.tables import Project

router = APIRouter(tags=["graphs"], route_class=CreatingRoute)


@router.get("/runs/{run_id}/nodes", responses=documented(401, 403, 404, 409))
def run_nodes(run_id: RunId, who: Viewer, here: Here) -> list[NodeOut]:
    """What became of the nodes of a run of a graph, in the order of the graph; none before it began.

    The events of the run have each change as soon as it is there. The log of a node is that of the step of its id.
    """
    with here.store.reading() as work:
        graph_run(work, run_id)
        return [NodeOut.model_validate(row) for row in work.nodes.of(run_id)]


@router.get("/runs/{run_id}/graph", responses=documented(401, 403, 404, 409))
def graph_of_run(run_id: RunId, who: Viewer, here: Here) -> RevisionPlaced:
    """The graph that a run ran, with its nodes brought to the types that are here."""
    with here.store.reading() as work:
        revision = graph_run(work, run_id)[1]
    found = opened(revision)
    return RevisionPlaced.model_validate(
        {
            **{name: getattr(revision, name) for name in (*RevisionOut.model_fields, "project_id")},
            "graph": found.graph,
            "changed": found.changed,
            "unknown": found.unknown,
        }
    )


@router.get("/runs/{run_id}/nodes/compare/{other_id}", responses=documented(401, 403, 404, 409))
def compare_graph_runs(run_id: RunId, other_id: RunId, who: Viewer, here: Here) -> GraphComparison:
    """Two runs of graphs side by side, of one project or of two: what differs in each node, and in what came of it."""
    return GraphComparison.model_validate(compare_nodes(here.store, run_id, other_id))


@router.get(
    "/runs/{run_id}/nodes/{node}/outputs/{port}",
    response_class=Response,
    responses=documents_model(PreviewOut, said="Below 200 kB, whatever is behind it.") | documented(401, 403, 404, 409),
)
def preview_output(run_id: RunId, node: NodeId, port: Port, who: Viewer, here: Here) -> Response:
    """What there is to see of an output of a node: pictures, a map of features, a model's card, a confusion matrix."""
    found = preview_of_output(here.store, run_id, node, port, cache=here.cache, engine=here.engine)
    return Response(msgspec.json.encode(found), media_type="application/json")


@router.get(
    "/runs/{run_id}/nodes/{node}/outputs/{port}/file",
    response_class=Response,
    responses=documents("application/octet-stream", said="The file.") | documented(401, 403, 404, 409),
)
def output_file(run_id: RunId, node: NodeId, port: Port, who: Viewer, here: Here) -> Response:
    """An output of a node as a file: the model file, the report as JSON, the zip of an export, the list of pictures."""
    found = file_of_output(here.store, run_id, node, port)
    return download(here.store.blobs.stream(found.sha256), "application/octet-stream", found.name)


@router.get(
    "/runs/{run_id}/nodes/{node}/outputs/{port}/pictures/{sha256}",
    response_class=Response,
    responses=documents(MEDIA_TYPE, said="A small WebP, upright.", named=False) | documented(401, 403, 404, 409),
)
def output_thumbnail(
    run_id: RunId, node: NodeId, port: Port, sha256: Sha256InPath, who: Viewer, here: Here, side: Side = 256
) -> Response:
    """A picture of an output of a node, small; its preview names some. A browser may keep it for ever."""
    check_has_picture(here.store, run_id, node, port, sha256)
    headers = {"cache-control": "private, max-age=31536000, immutable"}
    return Response(thumbnail(here.store, here.cache, sha256, side), media_type=MEDIA_TYPE, headers=headers)


@router.post("/runs/{run_id}/nodes/{node}/model-version", status_code=201, responses=documented(401, 403, 404, 409))
def keep_model_of_run(run_id: RunId, node: NodeId, who: Editor, here: Here, response: Response) -> ModelVersionOut:
    """Make a model version of the model that a node has left behind. Asked again, the same version is answered."""
    store = audited(here.store, who, "run.keep-model", run_id, node=node)
    row = keep_model_of_node(store, run_id, node, who.user_id)
    tag(response, row.revision)
    return ModelVersionOut.model_validate(row)


@router.post("/runs/{run_id}/fork", status_code=201, responses=documented(401, 403, 404, 409))
def fork_graph_run(run_id: RunId, body: ProjectClone, who: Editor, here: Here, response: Response) -> ProjectOut:
    """Make a canvas project whose graph is the one that a run ran, whatever became of that since."""
    return _made(fork_run, "fork_of", run_id, body, who, here, response)


@router.post("/runs/{run_id}/canvas", status_code=201, responses=documented(401, 403, 404, 409))
def open_training_in_canvas(
    run_id: RunId, body: ProjectClone, who: Editor, here: Here, response: Response
) -> ProjectOut:
    """Make a canvas project of a training of an automated project: the graph that learns the very same model."""
    return _made(open_training, "canvas_of", run_id, body, who, here, response)


def _made(
    make: Callable[..., Project],
    word: str,
    run_id: str,
    body: ProjectClone,
    who: Who,
    here: Platform,
    response: Response,
) -> ProjectOut:
    row = make(here.store, run_id, body.name, who.user_id)
    note(here.store, who, "project.add", row.id, name=row.name, **{word: run_id})
    tag(response, row.revision)
    return ProjectOut.model_validate(row)
