"""What is kept of tuned networks: which one on the shelf, the head that belongs to it; and of one that was judged, what
it says of pictures that it has not seen."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import msgspec
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from fenlei.backbones import Backbone, by_digest
from fenlei.modelfile import Dense
from fenlei.training.replacing import replacing
from fenlei.training.unknown import BOTH, PARTS, Unseen

FOLDER = "tuning"
"""Below the cache folder: what belongs to trainings."""

REFERRED = "referred"
"""Name of a file that says that a model file needs the network here."""

LOST = "lost"
"""Name of a file that says that it lost, and goes as soon as no training runs that may need it."""

SPOILED = "spoiled"
"""Name of a file that says what went wrong when a network was learned from the test part too."""


def folder_of(cache: Path, key: str) -> Path:
    """Where it is kept what belongs to a training."""
    return cache / FOLDER / key[:32]


def read_done(path: Path, cache: Path) -> tuple[Backbone, Dense] | None:
    """What was written; None where there is nothing whole, or the network is not on the shelf any more. It counts as
    used now."""
    with suppress(OSError, SafetensorError, msgspec.MsgspecError, KeyError, ValueError):
        arrays = load(path.read_bytes())
        backbone = by_digest(arrays["network"].tobytes().hex(), cache)
        if backbone is not None and arrays["weight"].shape[0] == backbone.width:
            with suppress(OSError):
                os.utime(path)
            return backbone, Dense(arrays["weight"], arrays["bias"])
    return None


def write_done(path: Path, backbone: Backbone, head: Dense) -> None:
    """Write it down, whole or not at all.

    Raises:
        TrainingError: the cache cannot be written.
    """
    network = np.frombuffer(bytes.fromhex(backbone.digest), np.uint8)
    with replacing(path) as out:
        out.write(save({"network": network, "weight": head.weight, "bias": head.bias}))


def read_unseen(path: Path) -> Unseen | None:
    """What `write_unseen` wrote; None where there is nothing whole."""
    with suppress(OSError, SafetensorError, KeyError, ValueError):
        arrays = load(path.read_bytes())
        seen = {name: (float(arrays[f"{name} seen"][0]), float(arrays[f"{name} seen"][1])) for name in PARTS[BOTH]}
        return Unseen(seen, {name: arrays[f"{name} measured"] for name in PARTS[BOTH]})
    return None


def write_unseen(path: Path, unseen: Unseen) -> None:
    """Write it down, whole or not at all.

    Raises:
        TrainingError: the cache cannot be written.
    """
    arrays = {f"{name} measured": measured for name, measured in unseen.measured.items()}
    arrays |= {f"{name} seen": np.array(typical) for name, typical in unseen.seen.items()}
    with replacing(path) as out:
        out.write(save(arrays))


def read_spoiled(folder: Path) -> str | None:
    """What `write_spoiled` wrote; None where nothing went wrong, as far as is known. It counts as used now."""
    with suppress(OSError, UnicodeDecodeError):
        path = folder / SPOILED
        said = path.read_text("utf-8")
        os.utime(path)
        return said or None
    return None


def write_spoiled(folder: Path, why: str) -> None:
    """Write it down, whole or not at all.

    Raises:
        TrainingError: the cache cannot be written.
    """
    with replacing(folder / SPOILED) as out:
        out.write(why.encode("utf-8"))
