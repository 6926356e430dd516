"""By what a node's result is found again: type, version, parameters and inputs, and what else it depends on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec

from fenlei.pipelines.node import NodeType
from fenlei.pipelines.parameters import Params
from fenlei.pipelines.reference import Reference


def key_of(node_type: NodeType, params: Params, inputs: Mapping[str, Reference], outside: str = "") -> str:
    """SHA-256, hex. Parameters that are not said count as their defaults; where a node stands, and in which graph,
    does not count.

    Args:
        node_type: of the node.
        params: of the node.
        inputs: by the names of its ports; those that are not joined are absent.
        outside: what else it depends on; see `NodeType.outside`.
    """
    said = [
        node_type.name,
        node_type.version,
        params.model_dump(mode="json"),
        {name: msgspec.to_builtins(each) for name, each in inputs.items()},
        outside,
    ]
    return hashlib.sha256(msgspec.json.encode(said, order="deterministic")).hexdigest()
