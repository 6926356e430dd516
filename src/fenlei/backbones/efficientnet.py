"""Build an EfficientNet-Lite from its weights, without the parts of its package that print or download."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fenlei.backbones.errors import BackboneError
from fenlei.backbones.needs import need

DISTRIBUTION = "efficientnet-lite-pytorch"
CLASSIFIER = ("_fc.weight", "_fc.bias")
"""Tensors of the ImageNet classifier, which no backbone uses; a file may leave them out."""


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
    package = need("efficientnet_lite_pytorch", "export this backbone")
    network = package.EfficientNet.from_name(architecture, image_size=size)
    wanted = network.state_dict()
    tensors = {**{name: wanted[name] for name in CLASSIFIER}, **weights}
    odd = sorted(name for name, tensor in tensors.items() if name in wanted and tensor.shape != wanted[name].shape)
    missing, unknown = sorted(wanted.keys() - tensors.keys()), sorted(tensors.keys() - wanted.keys())
    # A classifier for other classes is no obstacle: it is not used.
    odd = [name for name in odd if name not in CLASSIFIER]
    if missing or unknown or odd:
        wrong = ", ".join((missing + unknown + odd)[:3])
        raise BackboneError(f"{whence} does not hold the weights of {architecture}: {wrong} do not fit.")
    tensors.update({name: wanted[name] for name in CLASSIFIER})
    network.load_state_dict(tensors)
    network.eval()

    class Features(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, picture: Any) -> Any:
            return self.network.extract_features(picture).mean((2, 3))

    return Features().eval()
