"""Backbones whose weights are a local safetensors file of an architecture that the catalogue knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fenlei.backbones import efficientnet
from fenlei.backbones.catalogue import CATALOGUE, BackboneInfo
from fenlei.backbones.digests import file_digest, folder_digest, literal
from fenlei.backbones.errors import BackboneError
from fenlei.backbones.export import network_of
from fenlei.backbones.needs import need, version
from fenlei.backbones.package import PackageSource
from fenlei.backbones.preprocessing import beside
from fenlei.backbones.source import Loaded, Network, Report


class SafetensorsSource:
    """A state dict in a file, recognised by its tensors; fine-tuned EfficientNet-Lite weights, for one."""

    online = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = f"file:{path.stem}"
        self.title = path.stem

    def default_size(self) -> None:
        """The architecture or the JSON file beside it says it; `make` looks."""

    def check_size(self, size: int) -> None:
        """Known only when the architecture is."""

    def origin(self) -> dict[str, str] | None:
        """The content of the file and of the JSON file beside it."""
        return {
            "kind": "safetensors",
            "sha256": file_digest(self.path),
            "beside": folder_digest(self.path.parent, [literal(f"{self.path.stem}.json")]),
            efficientnet.DISTRIBUTION: version(efficientnet.DISTRIBUTION) or "",
        }

    def make(self, size: int | None, report: Report) -> Network:
        """Recognise, then export."""
        return network_of(self.load(size, report), self.id)

    def load(self, size: int | None, report: Report) -> Loaded:
        """Recognise the architecture, and put the tensors into it."""
        torch = need("torch", f"export {self.id}")
        weights = self._weights()
        info = recognise(weights, str(self.path))
        said = beside(self.path, info.normalisation)
        side = size or said.size or info.sizes[0]
        PackageSource(info).check_size(side)
        report(f"loading {self.title} ({info.title}) at {side} pixels", 0, 0)
        return Loaded(
            module=efficientnet.build(info.architecture, weights, side, str(self.path)),
            normalisation=said.normalisation,
            size=side,
            licence=said.licence or "not stated",
            made_with={
                "torch": str(torch.__version__),
                "architecture": info.architecture,
                "normalisation": said.whence,
            },
        )

    def _weights(self) -> dict[str, Any]:
        library = need("safetensors.torch", f"read {self.path}")
        errors = need("safetensors", f"read {self.path}")
        try:
            weights: dict[str, Any] = library.load_file(self.path)
        except (OSError, errors.SafetensorError) as exc:
            raise BackboneError(f"{self.path} is not a whole safetensors file: {exc}") from exc
        return weights


def recognise(weights: dict[str, Any], whence: str) -> BackboneInfo:
    """The entry of the catalogue that these tensors belong to, by the number of their blocks and their shapes.

    Raises:
        BackboneError: to none; the sentence shows the first names found and those that are known.
    """
    for info in CATALOGUE.values():
        if efficientnet.fits(info.architecture, weights):
            return info
    found = ", ".join(sorted(weights)[:3]) or "nothing"
    raise BackboneError(
        f"{whence} holds weights of no known architecture (found {found}, …). Known are "
        f"{', '.join(info.title for info in CATALOGUE.values())} as `efficientnet_lite_pytorch` names their tensors "
        "(_conv_stem.weight, …). For others give an ONNX file, or a folder with config.json and model.safetensors."
    )
