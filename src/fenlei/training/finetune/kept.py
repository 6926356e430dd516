"""Tuned networks that are done: which network on the shelf, and the head that belongs to it."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

import msgspec
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from fenlei.backbones import Backbone, by_digest
from fenlei.modelfile import Dense
from fenlei.training.errors import TrainingError


def read_done(path: Path, cache: Path) -> tuple[Backbone, Dense] | None:
    """What was written; None where there is nothing whole, or the network is not on the shelf any more."""
    with suppress(OSError, SafetensorError, msgspec.MsgspecError, KeyError, ValueError):
        arrays = load(path.read_bytes())
        backbone = by_digest(arrays["network"].tobytes().hex(), cache)
        if backbone is not None and arrays["weight"].shape[0] == backbone.width:
            return backbone, Dense(arrays["weight"], arrays["bias"])
    return None


def write_done(path: Path, backbone: Backbone, head: Dense) -> None:
    """Write it down, whole or not at all.

    Raises:
        TrainingError: the cache cannot be written.
    """
    network = np.frombuffer(bytes.fromhex(backbone.digest), np.uint8)
    data = save({"network": network, "weight": head.weight, "bias": head.bias})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as out:
                out.write(data)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as exc:
        raise TrainingError(f"The cache {path.parent} cannot be written: {exc.strerror or exc}.") from exc
