"""A network with a linear head, as one module from pictures to logits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fenlei.backbones import Loaded
from fenlei.backbones.errors import BackboneError
from fenlei.modelfile import Dense, Head
from fenlei.training.finetune.settings import TuneSettings
from fenlei.training.finetune.stages import staged


@dataclass(frozen=True)
class Student:
    """What is trained.

    Attributes:
        loaded: the backbone; its module shares the weights that are trained.
        below: the stages that are not learned, as a module of their own; None where all run each time.
        module: has `network` and `head`; from what `below` gives, or from normalised pictures, to logits.
        stages: parameters of the learned stages, the lowest first.
    """

    loaded: Loaded
    below: Any | None
    module: Any
    stages: list[list[Any]]

    @property
    def head(self) -> Dense:
        """What the head is now."""
        linear = self.module.head
        return Dense(
            np.ascontiguousarray(linear.weight.detach().float().cpu().numpy().T),
            np.array(linear.bias.detach().float().cpu().numpy()),
        )


def make_student(loaded: Loaded, head: Head, settings: TuneSettings) -> Student:
    """Put a head that was learned on a network's features behind that network.

    Args:
        loaded: the network.
        head: of one linear layer; its temperature goes into it.
        settings: how many stages are learned, and whether what is below them is kept.

    Raises:
        BackboneError: the network cannot be cut where that is wanted.
        ValueError: the head is more than one linear layer.
    """
    import torch

    if not head.plain:
        raise ValueError("only a linear head can be learned together with its network")
    layer = head.voters[0].layers[0]
    if not isinstance(layer, Dense):
        raise TypeError("a plain head is one dense layer")
    whole = staged(loaded.module)
    parameters = whole.parameters()
    count = min(settings.stages or len(parameters), len(parameters))
    for parameter in loaded.module.parameters():
        parameter.requires_grad_(False)
    for parameter in (each for stage in parameters[-count:] for each in stage):
        parameter.requires_grad_(True)
    below, network, shape = None, loaded.module, layer.weight.shape
    if settings.kept:
        parts = whole.cut(count)
        if parts is None:
            raise BackboneError("This network cannot be cut into stages, so what the lower ones give cannot be kept.")
        below, network = parts

    class Together(torch.nn.Module):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.network = network
            self.head = torch.nn.Linear(*shape)

        def forward(self, rows: Any) -> Any:
            return self.head(self.network(rows))

    module = Together()
    with torch.no_grad():
        module.head.weight.copy_(_tensor(layer.weight.T / head.temperature))
        module.head.bias.copy_(_tensor(layer.bias / head.temperature))
    return Student(loaded, below, module.eval(), parameters[-count:])


def _tensor(array: NDArray[np.float32]) -> Any:
    import torch

    return torch.from_numpy(np.ascontiguousarray(array, np.float32))
