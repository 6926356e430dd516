"""Put wrong labels into each set below a folder, and print how many of them the list of suspects brings to light.

    python -m bench.training.suspects [--data ../shared/data/open] [--sets weather trashnet] [--seeds 3] [--budget 120]

One label in twenty of `train/` becomes another class, drawn by a seed; then the pictures are trained on as they lie
there. `test/` takes no part. A row without flips says how many suspects the set has as it comes.
"""

from __future__ import annotations

import argparse
import math
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from bench.training.__main__ import DATA
from fenlei.training.report import Report
from fenlei.training.train import train

FLIPPED, WITHIN = 0.05, 0.1
LEAST = 4


def flipped_copy(source: Path, target: Path, share: float, seed: int) -> set[str]:
    """Copy class folders, and put a share of the pictures into a wrong one; the names of those."""
    shutil.copytree(source, target)
    rng = np.random.default_rng(seed)
    classes = sorted(each.name for each in target.iterdir() if each.is_dir())
    # Of a class that would have hardly any pictures left nothing is taken.
    pictures = sorted(path for path in target.rglob("*") if path.is_file() and len([*path.parent.iterdir()]) >= LEAST)
    total = sum(path.is_file() for path in target.rglob("*"))
    moved = set()
    for number in rng.choice(len(pictures), round(share * total), replace=False):
        path = pictures[number]
        other = str(rng.choice([name for name in classes if name != path.parent.name]))
        path.rename(target / other / f"from_{path.parent.name}_{path.name}")
        moved.add(f"{other}/from_{path.parent.name}_{path.name}")
    return moved


def row(name: str, seed: int, report: Report, flips: set[str], seconds: float) -> tuple[str, ...]:
    """One line of the table."""
    counts = report.suspect_counts
    if counts is None:
        raise RuntimeError("nobody looked for suspects")
    first = {each.name for each in report.suspects[: math.ceil(WITHIN * counts.looked_at)]}
    anywhere = {each.name for each in report.suspects}
    found = len(first & flips)
    return (
        name,
        str(seed) if flips else "none",
        str(counts.looked_at),
        str(len(flips)),
        f"{found} ({found / len(flips):.0%})" if flips else "",
        f"{len(anywhere & flips)}" if flips else "",
        str(counts.pictures),
        str(counts.labels),
        str(counts.twins),
        str(counts.outliers),
        f"{report.evaluation.accuracy:.1%}",
        f"{seconds:.1f}",
    )


def main() -> None:
    """Train on every set with every seed, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--sets", nargs="*")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--goal", default="fast")
    parser.add_argument("--budget", type=float, help="seconds for each; none: a fixed number of candidates")
    wishes = parser.parse_args()
    table = Table("set", "seed", "pictures", "flips", "in first 10 %", "in list", "suspects", "labels", "twins",
                  "outliers", "right", "s", box=None)  # fmt: skip
    sets = wishes.sets or sorted(each.name for each in wishes.data.iterdir() if (each / "train").is_dir())
    with tempfile.TemporaryDirectory() as folder:
        for name in sets:
            for seed in range(wishes.seeds + 1):  # 0 is the set as it comes
                target = Path(folder) / name / str(seed)
                source = wishes.data / name / "train"
                flips = flipped_copy(source, target, FLIPPED if seed else 0.0, seed)
                started = time.perf_counter()
                report = train(target, cache=Path(folder) / "cache", goal=wishes.goal, budget=wishes.budget).report
                table.add_row(*row(name, seed, report, flips, time.perf_counter() - started))
                print(f"{name} {seed}: {report.recipe.head}", flush=True)
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
