"""Which maps say best where a model looks, and what they cost.

    python -m bench.training.maps [--sets weather trashnet] [--pictures 16]

A linear head on EfficientNet-Lite0 at 224 is learned from the training part of each set; pictures of the test part are
explained for the class they are called. The warmest places of a map are covered first (deletion), or shown alone
(insertion), a tenth of the picture at a time, with the picture's mean colour or a blurred picture in place of the rest
(Petsiuk et al. 2018, "RISE"). The figure is the mean score of the class while they are shown, less that while they are
covered: chance is about 0, more is better.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import fenlei
from bench.training.__main__ import DATA
from fenlei.imaging import prepare_for_training
from fenlei.inference import open_engine
from fenlei.modelfile import read
from fenlei.serving.explain import NoMap
from fenlei.serving.occlusion import covered, heat_of
from fenlei.training.gradient import GradientMap

CELLS = 14
SIDE = 224
PARTS = np.arange(1, 10) / 10

Map = Callable[[NDArray[np.uint8], int], NDArray[np.float32]]
Scores = Callable[[NDArray[np.uint8]], NDArray[np.float64]]


def told(scores: Scores, pixels: NDArray[np.uint8], heat: NDArray[np.float32], label: int) -> float:
    """The figure of one map of one picture."""
    step = SIDE // CELLS
    order = np.argsort(-heat.reshape(CELLS, step, CELLS, step).mean((1, 3)).ravel(), kind="stable")
    small = Image.fromarray(pixels).resize((8, 8), Image.Resampling.BOX)
    blurred = np.asarray(small.resize((SIDE, SIDE), Image.Resampling.BILINEAR))
    plain = np.broadcast_to(pixels.mean((0, 1)).round().astype(np.uint8), pixels.shape)
    gained = []
    for rest in (plain, blurred):
        for part in PARTS:
            warm = np.zeros(CELLS * CELLS, bool)
            warm[order[: round(part * CELLS * CELLS)]] = True
            mask = warm.reshape(CELLS, CELLS).repeat(step, 0).repeat(step, 1)[..., None]
            both = scores(np.stack([np.where(mask, pixels, rest), np.where(mask, rest, pixels)]))[:, label]
            gained.append(both[0] - both[1])
    return float(np.mean(gained))


def compare(name: str, count: int, workspace: Path) -> None:
    """Print the figures of one set."""
    path = workspace / f"{name}.fenlei"
    with fenlei.train(DATA / name / "train", backbone="efficientnet-lite0", size=SIDE, policy="squash") as model:
        model.save(path)
    file = read(path)
    assert file.network is not None
    engine = open_engine(file.network, size=(SIDE, SIDE), streams=1)
    head, network = file.head, file.network

    def occlusion(pixels: NDArray[np.uint8], label: int) -> NDArray[np.float32]:
        under = np.concatenate([head.logits(engine.infer(batch)) for batch in covered(pixels)])
        return heat_of(head.logits(engine.infer(pixels[None]))[0], under, label, (SIDE, SIDE))

    maps: dict[str, Map] = {
        "chance": lambda pixels, label: np.random.default_rng(label).normal(size=(SIDE, SIDE)).astype(np.float32),
        "occlusion": occlusion,
    }
    for side, where in ((7, "7 places"), (14, "14 places"), (28, "28 places")):
        maps[f"gradient, {where}"] = GradientMap(network, head, engine, "Lite0", side)
    found: dict[str, list[tuple[float, float, float]]] = {kind: [] for kind in maps}
    files = sorted(each for each in (DATA / name / "test").rglob("*") if each.suffix in {".jpg", ".jpeg", ".png"})
    for each in files[:: max(1, len(files) // count)][:count]:
        pixels = prepare_for_training(each.read_bytes(), file.manifest.input)
        label = int(head.scores(engine.infer(pixels[None]))[0].argmax())
        for kind, draw in maps.items():
            clock, processor = time.perf_counter(), time.process_time()
            try:
                heat = draw(pixels, label)
            except NoMap as exc:
                print(f"{kind}: {each.name}: {exc}")
                continue
            spent = time.perf_counter() - clock, time.process_time() - processor
            found[kind].append((told(lambda rows: head.scores(engine.infer(rows)), pixels, heat, label), *spent))
    engine.close()
    print(
        f"\n{name}, {count} pictures\n| map | shown less covered | ± | clock s | processor s |\n|---|---|---|---|---|"
    )
    for kind, rows in found.items():
        figure, clock, processor = np.mean(rows, axis=0)
        error = np.std([row[0] for row in rows], ddof=1) / np.sqrt(len(rows))
        print(f"| {kind} | {figure:.3f} | {error:.3f} | {clock:.2f} | {processor:.2f} |", flush=True)


def main() -> None:
    """Parse the words and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", default=["weather", "trashnet"])
    parser.add_argument("--pictures", type=int, default=16)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name in chosen.sets:
            compare(name, chosen.pictures, Path(folder))


if __name__ == "__main__":
    main()
