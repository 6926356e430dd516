"""A model that runs without Fenlei: one network, its labels, a short program, and pictures that prove it."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from fenlei.backbones import by_digest
from fenlei.backbones.needs import version
from fenlei.modelfile import TOLERANCE, ModelFile, pack
from fenlei.serving.errors import BackboneMissing
from fenlei.serving.export.network import one_network
from fenlei.serving.export.proof import Proof, prove
from fenlei.serving.host import ModelHost

_EPOCH = (1980, 1, 1, 0, 0, 0)

README = """# {name}

A picture classifier with {count} classes, exported by Fenlei {version}. 图片分类模型，共 {count} 个类别。

    pip install numpy onnxruntime Pillow
    python run.py --self-test
    python run.py PICTURE.jpg

- `network.onnx`: input `picture`, uint8 (height, width, 3), upright RGB of any size; output `scores`, float32
  ({count}), in the order of `labels.json`, summing to one. Resize and normalisation are inside. Where the model has a
  rule for pictures of nothing it knows, output `strangeness`, float32 (1): above 1 it is such a picture.
  输入为任意尺寸、方向已校正的 RGB 图片，缩放与归一化都在网络内部。
  模型带有“不认识”规则时另有输出 `strangeness`，大于 1 表示不认识。
- `labels.json`: the class names. 类别名称。
- `run.py`: reads JPEG and PNG as the server does and prints scores. 读图并输出得分，不依赖 Fenlei。
- `parity/`: pictures with the scores they must get; `--self-test` compares. 自检图片及其应得的得分。
- `about.json`: where the model comes from. 模型来源。
"""


@dataclass(frozen=True)
class Exported:
    """An export, proved.

    Attributes:
        data: the zip. Equal models give equal bytes.
        proof: how it compares with the model it was made of.
    """

    data: bytes
    proof: Proof


def export(model: ModelFile, name: str, *, cache: Path, engine: str = "auto") -> Exported:
    """Make a zip that classifies pictures on any machine with ONNX Runtime, and prove that it does.

    Args:
        model: the model file.
        name: what to call it in sentences and in the README.
        cache: the workspace's cache; a backbone that the model refers to is looked for here.
        engine: what the model itself runs on for the proof; see `fenlei.inference.open_engine`.

    Raises:
        ExportError: the network cannot be joined, or the export scores otherwise than the model.
        ModelNotServable: the model itself does not run here as it should.
        BackboneError: the library `onnx` is missing.
    """
    tolerance = model.manifest.allowed
    # A network in eight bits is rounded otherwise by another engine; what is to be proved is the export.
    host = ModelHost(cache=cache, kind=engine if tolerance <= TOLERANCE else "onnxruntime")
    loaded = host.adopt(model, Path(name))
    try:
        parts: dict[str, bytes] = {
            "network.onnx": one_network(model, _network(model, cache)),
            "labels.json": _json(model.manifest.labels),
            "run.py": Path(__file__).with_name("runner.py").read_bytes(),
        }
        about = _about(model)
        proof, pictures = prove({**parts, "about.json": _json(about)}, loaded.predictor, model.parity, name, tolerance)
    finally:
        host.close()
    about["proof"] = {"pictures": proof.pictures, "farthest": round(proof.farthest, 9)}
    parts["about.json"] = _json(about)
    parts["README.md"] = README.format(name=name, count=len(model.manifest.labels), version=version("fenlei")).encode()
    return Exported(_zip({**parts, **pictures}), proof)


def _network(model: ModelFile, cache: Path) -> bytes:
    if model.network is not None:
        return model.network
    kept = by_digest(model.manifest.backbone.digest, cache)
    if kept is None:  # it was there a moment ago, when the model was loaded
        raise BackboneMissing(f"The backbone {model.manifest.backbone.id} is no longer in {cache}.")
    return kept.network.read_bytes()


def _about(model: ModelFile) -> dict[str, Any]:
    manifest = model.manifest
    return {
        "made_by": f"Fenlei {version('fenlei')}",
        "model_sha256": hashlib.sha256(pack(model)).hexdigest(),
        "input": msgspec.to_builtins(manifest.input),
        "backbone": {
            "id": manifest.backbone.id,
            "licence": manifest.backbone.licence,
            "sha256": manifest.backbone.digest,
        },
        "unknown": _rule(model),
        "decision": msgspec.to_builtins(manifest.decision),
        "dataset_digest": manifest.dataset_digest,
        "metrics": manifest.metrics,
        "tolerance": manifest.allowed,
    }


def _rule(model: ModelFile) -> dict[str, Any] | None:
    if model.unknown is None:
        return None
    return {"rule": model.unknown.rule, "false_rejects": model.unknown.false_rejects, "above": 1.0}


def _json(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def _zip(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in sorted(parts):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.external_attr = 0o644 << 16
            stored = name.endswith((".jpg", ".png"))
            info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            archive.writestr(info, parts[name], compresslevel=1)
    return out.getvalue()
