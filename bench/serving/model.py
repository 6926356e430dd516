"""The model under measurement: EfficientNet-Lite0 at 224 pixels with a head of random numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tests.support import drawing

from fenlei.backbones import open_backbone
from fenlei.imaging import InputSpec, prepare
from fenlei.inference import open_engine
from fenlei.modelfile import BackboneRef, Head, Manifest, ModelFile, ParityPicture, write

CLASSES = 10
PARITY = 20


def write_model(path: Path, cache: Path) -> Path:
    """Write the model file with as many parity pictures as a trained one has; exports the backbone on first use."""
    backbone = open_backbone("efficientnet-lite0", cache=cache)
    rng = np.random.default_rng(0)
    weight = rng.normal(0, 0.05, (backbone.width, CLASSES)).astype(np.float32)
    head = Head.linear(weight, np.zeros(CLASSES, np.float32))
    spec = InputSpec(height=backbone.size, width=backbone.size)
    pictures = [drawing.jpeg(640, 427, seed=number) for number in range(PARITY)]
    engine = open_engine(backbone.network, size=(backbone.size, backbone.size), cache=cache / "compiled")
    try:
        scores = head.scores(engine.infer(np.stack([prepare(picture, spec) for picture in pictures])))
    finally:
        engine.close()
    manifest = Manifest(
        labels=[f"class_{number}" for number in range(CLASSES)],
        input=spec,
        backbone=BackboneRef(
            id=backbone.id,
            digest=backbone.digest,
            licence=backbone.licence,
            size=backbone.size,
            width=backbone.width,
        ),
    )
    parity = [ParityPicture(picture, row) for picture, row in zip(pictures, scores, strict=True)]
    write(path, ModelFile(manifest, head, backbone.network.read_bytes(), parity=parity))
    return path
