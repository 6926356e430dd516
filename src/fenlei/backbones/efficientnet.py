"""Build an EfficientNet-Lite from its weights, without the parts of its package that print or download."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fenlei.backbones.errors import BackboneError
from fenlei.backbones.needs import need

DISTRIBUTION = "efficientnet-lite-pytorch"
CLASSIFIER = ("_fc.weight", "_fc.bias")
"""Tensors of the ImageNet classifier, which no backbone uses; a file may leave them out or hold
them for other classes."""


def build(architecture: str, weights: Mapping[str, Any], size: int, whence: str) -> Any:
    """A torch module: normalised float (n, 3, size, size) -> features (n, d), mean over the last map.

    The package pads each convolution as TensorFlow does, by amounts that depend on the input's size, so a module
    serves one size only.

    Args:
        architecture: its name in the package.
        weights: name of each tensor and the tensor.
        size: side of the square input in pixels.
        whence: where the weights come from, for the error.

    Raises:
        BackboneError: torch or the package is missing, or these weights belong to something else.
    """
    torch = need("torch", "export this backbone")
    network = _network(architecture, size)
    wanted = network.state_dict()
    if wrong := _misfits(wanted, weights):
        raise BackboneError(f"{whence} does not hold the weights of {architecture}: {', '.join(wrong[:3])} do not fit.")
    network.load_state_dict({**weights, **{name: wanted[name] for name in CLASSIFIER}})
    network.eval()

    class Features(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, picture: Any) -> Any:
            return self.network.extract_features(picture).mean((2, 3))

    return Features().eval()


def fits(architecture: str, weights: Mapping[str, Any]) -> bool:
    """Whether these tensors are those of the architecture."""
    return not _misfits(_network(architecture, 224).state_dict(), weights)


def _network(architecture: str, size: int) -> Any:
    package = need("efficientnet_lite_pytorch", "export this backbone")
    return package.EfficientNet.from_name(architecture, image_size=size)


def _misfits(wanted: Mapping[str, Any], weights: Mapping[str, Any]) -> list[str]:
    """Names that are missing, unknown, or of another shape. The classifier does not count: it is not used."""
    shapes = {name: tuple(tensor.shape) for name, tensor in wanted.items() if name not in CLASSIFIER}
    found = {name: tuple(tensor.shape) for name, tensor in weights.items() if name not in CLASSIFIER}
    return sorted(name for name in shapes.keys() | found.keys() if shapes.get(name) != found.get(name))
