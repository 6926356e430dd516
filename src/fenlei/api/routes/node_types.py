"""Routes of what graphs are made of: node types, and what is wrong with a graph of them."""

from __future__ import annotations

from fastapi import APIRouter

from fenlei.api.access import Here, Viewer
from fenlei.api.errors import documented
from fenlei.api.wire.graphs import GraphChecked, GraphToCheck
from fenlei.api.wire.node_types import NodeTypesOut, node_types_out
from fenlei.api.wire.problems import ProblemOut
from fenlei.pipelines.registry import node_types
from fenlei.pipelines.upgrade import upgraded
from fenlei.projects.graphs import problems_of

router = APIRouter(tags=["graphs"])


@router.get("/node-types", responses=documented(401, 403))
def all_node_types(who: Viewer) -> NodeTypesOut:
    """The node types that are here, with their ports and the JSON Schema of their parameters."""
    return node_types_out(node_types())


@router.post("/graphs/check", responses=documented(401, 403))
def check_graph(body: GraphToCheck, who: Viewer, here: Here) -> GraphChecked:
    """Say what is wrong with a graph, and with the data that it names. Nothing is saved and nothing runs.

    A graph that was written for other node types is looked at as it would be read here; what would be done to its
    nodes for that is answered too.
    """
    brought = upgraded(body.graph.graph(), node_types())
    found = problems_of(here.store, brought.graph, here.import_roots)
    return GraphChecked(
        problems=[ProblemOut.model_validate(each) for each in found], changed=brought.changed, unknown=brought.unknown
    )
