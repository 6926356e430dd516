"""How soon a first model is there: seconds until its file is packed, against one pass of all pictures.

    python -m bench.training.first [--sets weather] [--times 5]

A pass is every picture once through decode and the default network, with nothing cached; measured alone, just before
each training in the same process, with what the cache and the search for duplicates need of each picture (`pass s`),
and without it (`bare s`: decode and network and nothing else). `own s` is that pass as it ran in the training itself,
from the network's opening to the last picture. Networks are exported and compiled before any clock starts. Medians.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import tempfile
import time
from collections import deque
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np

from bench.training.__main__ import DATA
from bench.training.budgets import cache_beside, halves_of, pass_seconds, print_row
from bench.training.plain import Halves
from fenlei.backbones import open_backbone
from fenlei.imaging import Policy, prepare_for_training
from fenlei.inference.cores import usable_cores
from fenlei.inference.embedding import embed
from fenlei.modelfile import pack
from fenlei.training.finish import Trained
from fenlei.training.progress import Cancelled, Stage, Watch
from fenlei.training.train import train
from fenlei.training.view import one
from fenlei.training.workshop import Workshop

HEADS = ("set", "pictures", "own s", "pass s", "bare s", "first model s", "x its own", "x a pass", "x a bare one")
VIEW = one("efficientnet-lite0", 224, Policy.SQUASH)
BUDGET = 120.0


def bare_seconds(halves: Halves, cache: Path) -> float:
    """All pictures through decode and the default network, and nothing else."""
    sources = [each.item.read for each in (*halves.train, *halves.test)]
    started = time.perf_counter()
    with Workshop(cache, Watch()) as workshop:
        prepare = partial(prepare_for_training, spec=workshop.spec(VIEW))
        deque(embed(sources, prepare, workshop.engine(VIEW)), maxlen=0)
        return time.perf_counter() - started


def first_seconds(folder: Path, cache: Path) -> tuple[float, float]:
    """A search until its first model is packed, then it is called off: seconds until then, and those of its pass."""
    read, passed, found = 0.0, 0.0, 0.0

    def progress(stage: Stage, done: int, total: int) -> None:
        nonlocal read, passed
        if stage is Stage.READ:
            read = time.perf_counter()
        if stage is Stage.EMBED and done == total and not passed:
            passed = time.perf_counter() - read

    def better(trained: Trained) -> None:
        nonlocal found
        pack(trained.model)
        found = time.perf_counter() - started

    gc.collect()  # what the search before this one left behind is not this one's
    started = time.perf_counter()
    with suppress(Cancelled):
        train(folder, cache=cache, budget=BUDGET, better=better, progress=progress, cancelled=lambda: bool(found))
    return found, passed


def main() -> int:
    """Measure and print a Markdown table; 1 where there is nothing to measure."""
    parser = argparse.ArgumentParser(prog="python -m bench.training.first", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of sets")
    parser.add_argument("--sets", nargs="*", help="only these")
    parser.add_argument("--times", type=int, default=5)
    wishes = parser.parse_args()
    folders = [each for each in sorted(wishes.data.glob("*")) if (each / "train").is_dir()]
    folders = [each for each in folders if not wishes.sets or each.name in wishes.sets]
    if not folders:
        print(f"No set with train/ and test/ below {wishes.data}; name a folder of sets by --data.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as name:
        exported = Path(name) / "exported"
        (exported / "compiled").mkdir(parents=True)
        for side in (160, 224, 288):
            open_backbone("efficientnet-lite0", size=side, cache=exported)
        for side in (260, 288):
            open_backbone("efficientnet-lite2", size=side, cache=exported)
        with Workshop(exported, Watch()) as workshop:
            workshop.engine(VIEW)
        print(f"{usable_cores()} cores, load {os.getloadavg()[0]:.1f}, {wishes.times} times each\n")
        print_row(HEADS)
        print_row(["---"] * len(HEADS))
        for folder in folders:
            halves, rows = halves_of(folder), []
            for time_ in range(wishes.times):
                places = [cache_beside(exported, Path(name) / f"{folder.name} {time_} {each}") for each in range(3)]
                rows.append((pass_seconds(halves, places[0]), bare_seconds(halves, places[1]),
                             *first_seconds(folder, places[2])))  # fmt: skip
            whole, bare, first, own = np.median(np.array(rows), axis=0)
            ratios = np.median([(row[2] / row[3], row[2] / row[0], row[2] / row[1]) for row in rows], axis=0)
            pictures = len(halves.train) + len(halves.test)
            print_row((folder.name, str(pictures), *(f"{each:.2f}" for each in (own, whole, bare, first, *ratios))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
