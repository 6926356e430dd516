"""Backbones that are a local ONNX file, in Fenlei's own shape or as most people export them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fenlei.backbones.another_size import USUAL_STEP, another_size
from fenlei.backbones.catalogue import IMAGENET
from fenlei.backbones.digests import file_digest, folder_digest, literal
from fenlei.backbones.errors import BackboneError
from fenlei.backbones.needs import need, version
from fenlei.backbones.onnx_wrap import Port, find_ports, wrap
from fenlei.backbones.preprocessing import Preprocessing, beside
from fenlei.backbones.shelf import WORTH_A_TRY
from fenlei.backbones.source import Loaded, Network, Report
from fenlei.backbones.transformers_folder import check_plausible
from fenlei.inference import EngineError, EngineMissing, open_engine

TOLERANCE = 1e-3
"""How far two engines may be apart on a foreign network, in units of the largest feature where that is above 1."""


class OnnxFileSource:
    """An ONNX file somebody made.

    Two kinds are taken. Fenlei's own: one input uint8 (n, h, w, 3), one output float (n, d). And the usual one:
    one float input (n, 3, h, w) with normalised pictures, whose normalisation stands in `NAME.json` beside the file
    (see `preprocessing.beside`; ImageNet's when absent), and one output (n, d), (n, d, h, w) or (n, t, d).
    """

    online = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = f"file:{path.stem}"
        self.title = path.stem

    def default_size(self) -> None:
        """The file says it; `make` reads it."""

    def check_size(self, size: int) -> None:
        """Any plausible size may be asked for; the file decides."""
        check_plausible(size, self.id)

    def origin(self) -> dict[str, str] | None:
        """The content of the file, of the JSON file beside it, and of files whose names say they hold its weights."""
        name = literal(self.path.stem)
        return {
            "kind": "onnx",
            "sha256": file_digest(self.path),
            "beside": folder_digest(self.path.parent, [f"{name}.json", f"{name}*data*"]),
        }

    def make(self, size: int | None, report: Report) -> Network:
        """Read, wrap if needed, and run on both engines."""
        onnx = need("onnx", f"read {self.path}")
        report(f"reading {self.title}", 0, 0)
        said = beside(self.path, IMAGENET)
        model, outside = _load(onnx, self.path)
        picture, features = find_ports(onnx, model, str(self.path))
        side = _side(picture, size, said, self.path)
        if picture.kind == "uint8":
            whole = model.SerializeToString(deterministic=True) if outside else self.path.read_bytes()
            content, whence = whole, "inside the file"
        else:
            content, whence = wrap(onnx, model, picture, features, said, side), said.whence
            report(f"{self.title}: normalisation from {whence}", 0, 0)
        other = another_size(side, USUAL_STEP) if picture.sides == (None, None) else None
        return Network(
            content=content,
            size=side,
            width=_run(content, side, str(self.path)),
            licence=said.licence or "not stated",
            made_with={
                "onnx": version("onnx") or "",
                "normalisation": whence,
                **({} if other is None else {WORTH_A_TRY: str(other)}),
            },
        )

    def load(self, size: int | None, report: Report) -> Loaded:
        """There is nothing that torch could hold."""
        raise BackboneError(
            f"{self.path} is an ONNX network: it can be run and learned on, but not be trained further. Fine-tuning "
            "needs its torch weights: a backbone of the catalogue, a .safetensors file, or a folder with config.json "
            "and model.safetensors."
        )


def _load(onnx: Any, path: Path) -> tuple[Any, bool]:
    """The network with its shapes worked out, and whether its weights lay in other files."""
    try:
        model = onnx.load(path, load_external_data=False)
        outside = any(onnx.external_data_helper.uses_external_data(tensor) for tensor in model.graph.initializer)
        if outside:
            onnx.load_external_data_for_model(model, str(path.parent))
        onnx.checker.check_model(model)
        return onnx.shape_inference.infer_shapes(model), outside
    except Exception as exc:
        line = next((line.strip() for line in str(exc).splitlines() if line.strip()), type(exc).__name__)
        raise BackboneError(f"{path} is not a whole ONNX file: {line}") from exc


def _side(picture: Port, size: int | None, said: Preprocessing, path: Path) -> int:
    height, width = picture.sides
    if None not in {height, width} and height != width:
        raise BackboneError(f"{path} takes pictures of height {height} and width {width}; only squares are supported.")
    fixed = height if height is not None else width
    side = size or said.size or fixed
    if side is None:
        raise BackboneError(
            f'{path} takes any size. Say which: ask for a size, or write {{"size": 224}} into '
            f"{path.with_suffix('.json').name} beside it."
        )
    if fixed not in {None, side}:
        raise BackboneError(f"{path} is made for pictures of {fixed} pixels, and was asked for at {side}.")
    return side


def _run(content: bytes, side: int, name: str) -> int:
    """Run the network on both engines, as far as they are here; they must agree. Returns the number of features."""
    pictures = np.random.default_rng(7).integers(0, 256, (2, side, side, 3)).astype(np.uint8)
    results: list[NDArray[np.float32]] = []
    missing: EngineMissing | None = None
    for kind in ("openvino", "onnxruntime"):
        try:
            engine = open_engine(content, size=(side, side), kind=kind, streams=1)
            try:
                results.append(engine.infer(pictures))
            finally:
                engine.close()
        except EngineMissing as exc:
            missing = exc
        except EngineError as exc:
            raise BackboneError(f"{name} does not run: {exc}") from exc
    if not results:
        raise BackboneError(f"{name} does not run: {missing}") from missing
    one, other = results[0], results[-1]
    if not np.isfinite(one).all():
        raise BackboneError(f"{name} gives features that are not numbers for a picture of noise.")
    worst = float(np.abs(one - other).max()) / max(1.0, float(np.abs(one).max()))
    if not worst <= TOLERANCE:
        raise BackboneError(f"{name} gives features that differ by {worst:.1e} between OpenVINO and ONNX Runtime.")
    return int(one.shape[1])
