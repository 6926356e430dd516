"""What is there already, as a node: so that one node alone can be carried out on it as in any graph."""

from __future__ import annotations

import msgspec

from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.kinds import LOOKS
from fenlei.pipelines.node import Family, NodeType, Port
from fenlei.pipelines.parameters import NoParams, Params
from fenlei.pipelines.reference import Reference
from fenlei.pipelines.words import Words

PORT = "given"
"""Of such a node."""


def given(reference: Reference, number: int) -> NodeType:
    """A node type that gives this reference and does nothing.

    Args:
        reference: to what is there.
        number: of no other such node type in the graph.
    """
    said = msgspec.json.encode(reference, order="deterministic").decode()

    def give(*, params: Params, ctx: NodeContext) -> Reference:
        return reference

    return NodeType(
        name=f"{PORT}.number_{number}",
        version=1,
        family=Family.DATA,
        icon="database",
        title=LOOKS[reference.kind].name,
        help=Words("What was there before.", "已有的内容。"),
        params=NoParams,
        inputs=(),
        outputs=(Port(PORT, reference.kind),),
        function=give,
        several=False,
        outside=lambda params, ctx: said,
        remembered=False,
    )
