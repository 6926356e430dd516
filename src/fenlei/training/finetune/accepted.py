"""A tuned network as every other backbone: exported, held against torch on real pictures, and put on the shelf."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from fenlei.backbones import Backbone
from fenlei.backbones.export import network_of
from fenlei.backbones.shelf import TUNED, Shelf
from fenlei.backbones.source import Network
from fenlei.inference.open import open_engine
from fenlei.modelfile import Head, softmax
from fenlei.training.finetune.errors import NotAccepted, Worthless
from fenlei.training.finetune.pixels import Pixels
from fenlei.training.finetune.source import normaliser, planes
from fenlei.training.finetune.student import Student

TOLERANCE = 1e-3
"""How far a score of the exported network may be from torch's."""

COMPARED = 32
"""Pictures whose scores are compared."""

AT_A_TIME = 32


def exported(student: Student, name: str) -> Network:
    """The student's network without its head.

    Raises:
        BackboneError: it cannot be exported, or gives other features than in torch.
        Worthless: its weights are no numbers any more.
    """
    import torch

    if not all(bool(each.isfinite().all()) for each in student.module.parameters()):
        raise Worthless(f"{name} was fine-tuned, but its training went astray: weights of it are no numbers any more.")
    module = student.loaded.module.to("cpu").to(memory_format=torch.contiguous_format).eval()
    return network_of(msgspec.structs.replace(student.loaded, module=module), name)


def features_of(
    student: Student, network: Network, pixels: Pixels, rows: NDArray[np.int64], *, engine: str, name: str
) -> NDArray[np.float32]:
    """Features (len(rows), d) of pictures by the engine that will serve, once scores are known to be those of torch.

    Args:
        student: on the CPU, in float32.
        network: exported from it.
        pixels: the pictures.
        rows: which of them; torch scores the first few again.
        engine: see `fenlei.inference.open_engine`.
        name: for the error.

    Raises:
        NotAccepted: a score is farther from torch's than allowed.
        EngineError: the network cannot be run.
    """
    layer = student.head
    head = Head.linear(layer.weight, layer.bias)
    opened = open_engine(network.content, size=(network.size, network.size), kind=engine)
    try:
        order = [rows[start : start + AT_A_TIME] for start in range(0, len(rows), AT_A_TIME)]
        features = np.concatenate([opened.infer(batch) for batch in pixels.batches(order)])
    finally:
        opened.close()
    expected = softmax(head.raw(_by_torch(student, pixels, rows[:COMPARED])))
    worst = float(np.abs(softmax(head.raw(features[:COMPARED])) - expected).max(initial=0.0))
    if not worst <= TOLERANCE:
        raise NotAccepted(
            f"{name} was fine-tuned, but exported its scores differ from torch's by {worst:.1e}; at most "
            f"{TOLERANCE:.0e} is allowed."
        )
    return features


def _by_torch(student: Student, pixels: Pixels, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    import torch

    normalise = normaliser(student.loaded.normalisation, torch.device("cpu"))
    with torch.no_grad():
        features = [
            student.loaded.module(normalise(planes(batch, torch.device("cpu")))).numpy()
            for batch in pixels.batches([rows[place : place + 1] for place in range(len(rows))])
        ]
    return np.concatenate(features).astype(np.float32)


def shelved(network: Network, parent: Backbone, key: str, cache: Path) -> Backbone:
    """Put a tuned network on the shelf: an id of its own, the licence of the one it came from.

    Args:
        network: exported and compared.
        parent: what it was before.
        key: of the training, hex.
        cache: the workspace's cache folder.

    Raises:
        BackboneError: the shelf cannot be written.
    """
    origin = {"kind": TUNED, "parent": parent.id, "parent_digest": parent.digest, "training": key}
    network = msgspec.structs.replace(network, licence=parent.licence)
    return Shelf(cache).put(
        f"{parent.id}:tuned-{key[:12]}", f"{parent.title}, fine-tuned", network, origin, default=False
    )
