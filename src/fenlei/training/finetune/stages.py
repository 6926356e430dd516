"""A network in stages, from the one that sees pixels to the one that gives features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Staged:
    """A torch module and its stages.

    Attributes:
        module: normalised float (n, 3, size, size) -> features (n, d).
        stages: the modules of each stage, the lowest first. What is in none of them counts to the lowest.
    """

    module: Any
    stages: tuple[tuple[Any, ...], ...]

    def parameters(self) -> list[list[Any]]:
        """The parameters of each stage, the lowest first; none is left out, none is there twice."""
        found: list[list[Any]] = []
        seen: set[int] = set()
        for stage in self.stages:
            own = [each for part in stage for each in part.parameters() if id(each) not in seen]
            seen.update(id(each) for each in own)
            found.append(own)
        rest = [each for each in self.module.parameters() if id(each) not in seen]
        return [[*rest, *found[0]], *found[1:]] if found else [rest]

    def cut(self, learned: int) -> tuple[Any, Any] | None:
        """The module in two: all below the highest `learned` stages, and these. They share its weights.

        Returns:
            Two modules, of which the second takes what the first gives; None where this network cannot be cut.
        """
        network = getattr(self.module, "network", None)
        if not _is_efficientnet(network) or not 0 < learned < len(self.stages):
            return None
        return _cut(network, sum(len(stage) for stage in self.stages[1 : len(self.stages) - learned]))


def staged(module: Any) -> Staged:
    """Find the stages of a module.

    Those of an EfficientNet are its stem, its blocks grouped by the width they give, and its last convolution. Of
    others, the longest list of layers in the module: what comes before it belongs to the first of them, what comes
    after it is a stage of its own.
    """
    network = getattr(module, "network", None)
    if _is_efficientnet(network):
        return Staged(module, _efficientnet(network))
    import torch

    lists = [(name, part) for name, part in module.named_modules() if isinstance(part, torch.nn.ModuleList)]
    if not lists:
        return Staged(module, ((module,),))
    name, layers = max(lists, key=lambda each: len(each[1]))
    after = _after(module, name, {id(each) for layer in layers for each in layer.parameters()})
    return Staged(module, (*((layer,) for layer in layers), *((after,) if after else ())))


def _after(module: Any, name: str, inside: set[int]) -> tuple[Any, ...]:
    """Modules that stand behind the list, in the order in which they were made: what holds them was made before."""
    parts = name.split(".")
    behind: list[Any] = []
    for depth in range(len(parts)):
        owner = module.get_submodule(".".join(parts[:depth]))
        children = dict(owner.named_children())
        place = list(children).index(parts[depth])
        behind += list(children.values())[place + 1 :]
    return tuple(part for part in behind if any(id(each) not in inside for each in part.parameters()))


def _is_efficientnet(network: Any) -> bool:
    return all(hasattr(network, name) for name in ("_conv_stem", "_bn0", "_blocks", "_conv_head", "_bn1"))


def _efficientnet(network: Any) -> tuple[tuple[Any, ...], ...]:
    stages: list[tuple[Any, ...]] = [(network._conv_stem, network._bn0)]
    width = None
    for block in network._blocks:
        given = block._block_args.output_filters
        if given == width:
            stages[-1] = (*stages[-1], block)
        else:
            stages.append((block,))
        width = given
    return (*stages, (network._conv_head, network._bn1))


def _cut(network: Any, blocks: int) -> tuple[Any, Any]:
    """Below: the stem and the first `blocks` blocks. Above: the others, the last convolution, the mean."""
    import torch

    def run(rows: Any, places: range) -> Any:
        rate = network._global_params.drop_connect_rate or 0.0
        for place in places:
            rows = network._blocks[place](rows, drop_connect_rate=rate * place / len(network._blocks))
        return rows

    class Below(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.parts = torch.nn.ModuleList([network._conv_stem, network._bn0, *network._blocks[:blocks]])

        def forward(self, picture: Any) -> Any:
            return run(network._swish(network._bn0(network._conv_stem(picture))), range(blocks))

    class Above(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.parts = torch.nn.ModuleList([*network._blocks[blocks:], network._conv_head, network._bn1])

        def forward(self, maps: Any) -> Any:
            maps = run(maps, range(blocks, len(network._blocks)))
            return network._swish(network._bn1(network._conv_head(maps))).mean((2, 3))

    return Below(), Above()
