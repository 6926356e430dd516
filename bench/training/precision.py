"""A step of fine-tuning in float32 and in bfloat16 on this CPU: milliseconds a picture, all stages learning.

    python -m bench.training.precision [--times 3]

Both in one process, in turn; the quickest of several steps, the best of several times. What speaks for bfloat16 on a
GPU need not hold for cores: operators that have no fast form of it there are computed in a slow one.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from lightning_fabric import Fabric
from PIL import Image

from bench.training.budgets import print_row
from fenlei.backbones import load_backbone
from fenlei.datasets.fingerprint import file_digest
from fenlei.datasets.found import Item
from fenlei.imaging import Policy
from fenlei.inference.cores import usable_cores
from fenlei.modelfile import Head
from fenlei.training.finetune import pace
from fenlei.training.finetune.choice import WHOLE
from fenlei.training.finetune.student import make_student
from fenlei.training.look import Picture
from fenlei.training.plan import input_spec

SIZES = (160, 224, 288)
PRECISIONS = ("32-true", "bf16-mixed")
CLASSES, PICTURES, WIDTH = 8, 16, 1280


def noise() -> list[Picture]:
    """Pictures of nothing."""
    chance, pictures = np.random.default_rng(0), []
    for number in range(PICTURES):
        out = io.BytesIO()
        Image.fromarray(chance.integers(0, 255, (320, 320, 3), np.uint8)).save(out, "PNG")
        data = out.getvalue()
        pictures.append(Picture(Item(f"{number}.png", "noise", None, partial(bytes, data)), file_digest(data)))
    return pictures


def step(size: int, precision: str, pictures: list[Picture], cache: Path) -> float:
    """Milliseconds a picture."""
    head = Head.linear(np.zeros((WIDTH, CLASSES), np.float32), np.zeros(CLASSES, np.float32))
    student = make_student(load_backbone("efficientnet-lite0", size=size, cache=cache), head, WHOLE)
    with patch.object(pace, "open_fabric", partial(fabric_of, precision)):
        pace_here = pace.measured(student, pictures, CLASSES, WHOLE, input_spec(size, Policy.SQUASH))
    return 1000 * pace_here.learning


def fabric_of(precision: Any, device: str) -> Fabric:
    """In place of `device.open_fabric`."""
    return Fabric(accelerator=device, devices=1, precision=precision)


def main() -> int:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(prog="python -m bench.training.precision", description=__doc__)
    parser.add_argument("--times", type=int, default=3)
    wishes = parser.parse_args()
    pictures = noise()
    print(f"{usable_cores()} cores, load {os.getloadavg()[0]:.1f}, the best of {wishes.times}\n")
    print_row(("side", "float32 ms", "bfloat16 ms", "bfloat16 / float32"))
    print_row(["---"] * 4)
    with tempfile.TemporaryDirectory() as name:
        for size in SIZES:
            rows = [[step(size, each, pictures, Path(name)) for each in PRECISIONS] for _ in range(wishes.times)]
            whole, half = np.min(rows, axis=0)
            print_row((str(size), f"{whole:.1f}", f"{half:.1f}", f"{half / whole:.2f}"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
