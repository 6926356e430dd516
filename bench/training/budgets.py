"""What a budget buys: each set at 15 s, 2 min and 10 min, each from nothing, beside what others would do.

    python -m bench.training.budgets [--sets weather] [--budgets 15 120 600] [--no-others] [--told FILE]

A pass is all pictures once through decode and the default network, measured just before the first search of a set with
nothing cached; exporting and compiling the backbones is done before any clock starts. `than less` is the accuracy
against that of the budget before, with its 95 % interval, by the same test pictures; it has got worse beyond noise
where all of the interval is below zero. `test/` judges once a row and no choice sees it. The last two columns are what
others would do with the same pictures, once a set: accuracy and macro-F1 in percent, and seconds.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench.training.__main__ import DATA
from bench.training.plain import Figures, Halves, by_scikit_learn, by_torch
from bench.training.progress import Log, show
from fenlei.backbones import open_backbone
from fenlei.datasets import scan
from fenlei.imaging import Policy
from fenlei.inference.cores import usable_cores
from fenlei.modelfile import pack
from fenlei.training.better import interval_of_gain
from fenlei.training.finish import Trained
from fenlei.training.look import read_all
from fenlei.training.picture_list import FILE, read_list
from fenlei.training.progress import Watch
from fenlei.training.train import train
from fenlei.training.view import one
from fenlei.training.workshop import Workshop

BUDGETS = (15.0, 120.0, 600.0)
SIDES = {"efficientnet-lite0": (160, 224, 288), "efficientnet-lite2": (260, 288, 320)}
HEADS = ("set", "budget s", "accuracy %", "95 %", "macro-F1", "than less", "first model s", "× a pass", "used s",
         "winner")  # fmt: skip
OTHERS = ("scikit-learn", "torch, plain")


class Run(NamedTuple):
    """One search."""

    trained: Trained
    first: float
    used: float
    log: Log


def halves_of(folder: Path) -> Halves:
    """Both parts of a set."""
    found = [scan(folder / part) for part in ("train", "test")]
    parts = [read_all(each, Watch())[0] for each in found]
    labels = found[0].labels
    truths = [np.array([labels.index(picture.item.label) for picture in part], np.int64) for part in parts]
    return Halves(parts[0], truths[0], parts[1], truths[1], labels)


def cache_beside(exported: Path, place: Path) -> Path:
    """An empty cache that has the exported and compiled networks."""
    place.mkdir()
    for name in ("backbones", "compiled"):
        (place / name).symlink_to(exported / name)
    return place


def pass_seconds(halves: Halves, cache: Path) -> float:
    """All pictures through decode and the default network, with nothing cached."""
    pictures = [*halves.train, *halves.test]
    started = time.perf_counter()
    with Workshop(cache, Watch()) as workshop:
        workshop.features(one("efficientnet-lite0", 224, Policy.SQUASH), pictures)
    return time.perf_counter() - started


def searched(folder: Path, budget: float, goal: str, cache: Path) -> Run:
    """One search, from an empty cache of features; a model counts when its file is made."""
    firsts: list[float] = []
    log = Log()

    def better(found: Trained) -> None:
        pack(found.model)
        firsts.append(time.perf_counter() - started)

    started = time.perf_counter()
    trained = train(
        folder,
        cache=cache,
        goal=goal,
        budget=budget,
        better=better,
        progress=log.progress,
        heard=log.heard,
        outlook=log.outlook,
    )
    pack(trained.model)
    used = time.perf_counter() - started
    return Run(trained, firsts[0] if firsts else used, used, log)


def against(more: Trained, less: Trained) -> str:
    """By how many points the accuracy differs, picture by picture of the test part."""
    rights = []
    for each in (more, less):
        listed = read_list(each.model.report[FILE])
        rights.append({row.digest: row.called == row.label for row in listed if row.part == "test"})
    gains = np.array([float(rights[0][name]) - float(rights[1][name]) for name in sorted(rights[0])])
    low, high = interval_of_gain(gains, np.arange(len(gains)))
    return f"{100 * gains.mean():+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"


def line_of(name: str, budget: float, run: Run, before: Run | None, one_pass: float) -> tuple[str, ...]:
    """One row of the table."""
    seen, recipe = run.trained.evaluation, run.trained.report.recipe
    low, high = seen.accuracy_interval
    return (
        name, f"{budget:g}", f"{100 * seen.accuracy:.1f}", f"{100 * low:.1f}-{100 * high:.1f}",
        f"{100 * seen.macro_f1:.1f}", "" if before is None else against(run.trained, before.trained),
        f"{run.first:.1f}", f"{run.first / one_pass:.2f}", f"{run.used:.0f}",
        f"{recipe.head}, {recipe.backbone.partition(':')[0].removeprefix('efficientnet-')} {recipe.size}",
    )  # fmt: skip


def cell_of(figures: Figures) -> str:
    """What others would do, in one column."""
    return f"{100 * figures.accuracy:.1f}, {100 * figures.macro_f1:.1f}, {figures.seconds:.0f} s"


def print_row(cells: Sequence[str]) -> None:
    """As a line of Markdown."""
    print("| " + " | ".join(cells) + " |", flush=True)


def main() -> int:
    """Measure and print a Markdown table; 1 where there is nothing to measure."""
    parser = argparse.ArgumentParser(prog="python -m bench.training.budgets", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of sets")
    parser.add_argument("--sets", nargs="*", help="only these")
    parser.add_argument("--budgets", nargs="*", type=float, default=list(BUDGETS), help="seconds, rising")
    parser.add_argument("--goal", default="balanced")
    parser.add_argument("--no-others", action="store_true", help="leave scikit-learn and torch out")
    parser.add_argument("--told", type=Path, help="a file to write what each search told of the time left")
    wishes = parser.parse_args()
    folders = [each for each in sorted(wishes.data.glob("*")) if (each / "train").is_dir()]
    folders = [each for each in folders if not wishes.sets or each.name in wishes.sets]
    if not folders:
        print(f"No set with train/ and test/ below {wishes.data}; name a folder of sets by --data.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as name:
        exported = Path(name) / "exported"
        (exported / "compiled").mkdir(parents=True)
        with Workshop(exported, Watch()) as workshop:
            for backbone, sides in SIDES.items():
                for side in sides:
                    open_backbone(backbone, size=side, cache=exported)
                    workshop.engine(one(backbone, side, Policy.SQUASH))
        print(f"{usable_cores()} cores, load {os.getloadavg()[0]:.1f}, goal {wishes.goal}\n")
        heads = HEADS if wishes.no_others else HEADS + OTHERS
        print_row(heads)
        print("|" + "---|" * len(heads))
        for folder in folders:
            halves, before = halves_of(folder), None
            others: list[str] = []
            if not wishes.no_others:
                place = cache_beside(exported, Path(name) / f"{folder.name} others")
                others = [cell_of(each(halves, place)) for each in (by_scikit_learn, by_torch)]
            for budget in wishes.budgets:
                # Just before the search it is held against: a machine is not as fast as it was ten minutes ago.
                one_pass = pass_seconds(halves, cache_beside(exported, Path(name) / f"{folder.name} {budget:g} pass"))
                place = cache_beside(exported, Path(name) / f"{folder.name} {budget:g}")
                run = searched(folder, budget, wishes.goal, place)
                print_row([*line_of(folder.name if before is None else "", budget, run, before, one_pass), *others])
                before, others = run, [""] * len(others)
                if wishes.told is not None:
                    with wishes.told.open("a") as out, redirect_stdout(out):
                        print(f"\n{folder.name}, budget {budget:g} s")
                        show(run.log, run.used, budget / 30)
    return 0


if __name__ == "__main__":
    sys.exit(main())
