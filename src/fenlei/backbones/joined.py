"""Two backbones side by side as one network: one input, and the features of all in one row.

Unlike networks see unlike things, so a head on both is often better than on either. As one network they cost one
decode and one resize, and nothing that serves, exports or caches has to know that they are two.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fenlei.backbones.errors import BackboneError
from fenlei.backbones.export import tidy
from fenlei.backbones.needs import need
from fenlei.backbones.shelf import Backbone, Shelf
from fenlei.backbones.source import Network

SIGN = "+"
"""Between the ids of the parts."""


def join(parts: Sequence[Backbone], cache: Path) -> Backbone:
    """Have the network of several backbones ready in the cache folder.

    Args:
        parts: at least two, of one input size; their features stand in this order.
        cache: the workspace's cache folder.

    Raises:
        BackboneError: the sizes differ, a file cannot be read, or the networks are written in operator sets that do
            not go together.
    """
    sizes = sorted({part.size for part in parts})
    if len(parts) < 2 or len(sizes) > 1:
        raise BackboneError(
            f"Backbones of one input size can be joined; these have {', '.join(map(str, sizes))} pixels."
        )
    identity = SIGN.join(part.id for part in parts)
    origin = {"joined": " ".join(part.digest for part in parts)}
    shelf = Shelf(cache)
    found = shelf.find(identity, sizes[0], origin)
    if found is not None:
        return found
    network = Network(
        content=_joined(parts, identity),
        size=sizes[0],
        width=sum(part.width for part in parts),
        licence=" AND ".join(dict.fromkeys(part.licence for part in parts)),
        made_with={"parts": ", ".join(f"{part.id} {part.digest[:12]}" for part in parts)},
    )
    return shelf.put(identity, " + ".join(part.title for part in parts), network, origin, default=False)


def _joined(parts: Sequence[Backbone], identity: str) -> bytes:
    onnx = need("onnx", "join backbones")
    helper = onnx.helper
    models = []
    for number, part in enumerate(parts):
        try:
            models.append(onnx.compose.add_prefix(onnx.load_from_string(part.network.read_bytes()), f"part{number}/"))
        except OSError as exc:
            raise BackboneError(f"{part.network} cannot be read: {exc.strerror or exc}.") from exc
    sets = _operator_sets(models, identity)
    nodes, constants, sparse, outputs = [], [], [], []
    for model in models:
        ours = {tensor.name for tensor in model.graph.initializer}
        fed = next(value.name for value in model.graph.input if value.name not in ours)
        nodes += [helper.make_node("Identity", ["pixels"], [fed]), *model.graph.node]
        constants += model.graph.initializer
        sparse += model.graph.sparse_initializer
        outputs.append(model.graph.output[0].name)
    nodes.append(helper.make_node("Concat", outputs, ["features"], axis=1))
    size, width = parts[0].size, sum(part.width for part in parts)
    graph = helper.make_graph(
        nodes,
        "joined",
        [helper.make_tensor_value_info("pixels", onnx.TensorProto.UINT8, ["n", size, size, 3])],
        [helper.make_tensor_value_info("features", onnx.TensorProto.FLOAT, ["n", width])],
        constants,
        sparse_initializer=sparse,
    )
    whole = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid(domain, version) for domain, version in sorted(sets.items())],
        ir_version=max(model.ir_version for model in models),
    )
    for model in models:
        whole.functions.extend(model.functions)
    return tidy(whole.SerializeToString(deterministic=True))


def _operator_sets(models: Sequence[Any], identity: str) -> dict[str, int]:
    sets: dict[str, int] = {}
    for model in models:
        for each in model.opset_import:
            domain = "" if each.domain == "ai.onnx" else each.domain
            if sets.setdefault(domain, each.version) != each.version:
                raise BackboneError(
                    f"The parts of {identity} are written in operator sets {sets[domain]} and {each.version} of ONNX; "
                    "only networks of one set can be joined."
                )
    return sets
