"""Train on each set below a folder, and print accuracy and seconds beside reference figures.

    python -m bench.training [--data ../shared/data/open] [--sets weather trashnet] [--markdown]

Each set has `train/` and `test/`; `test/` judges once. Features are computed anew for every row (the second run, from
the cache, has a column of its own); exporting the backbones is done before the clock starts.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from fenlei.backbones import open_backbone
from fenlei.inference.cores import usable_cores
from fenlei.training.finish import Trained
from fenlei.training.progress import Stage
from fenlei.training.train import train

DATA = Path(__file__).parents[3] / "shared" / "data" / "open"
BACKBONES = (("efficientnet-lite0", 224), ("efficientnet-lite2", 260))

REFERENCE = {
    ("sign_digits", "efficientnet-lite0"): 90.0,
    ("sign_digits", "efficientnet-lite2"): 91.1,
    ("trashnet", "efficientnet-lite0"): 84.0,
    ("trashnet", "efficientnet-lite2"): 83.6,
    ("weather", "efficientnet-lite0"): 94.0,
    ("weather", "efficientnet-lite2"): 95.5,
    ("receipts_tiny", "efficientnet-lite0"): 50.0,
}
"""Test accuracy in percent of logistic regression on the same backbone, as the sets' README gives it."""


class Row(NamedTuple):
    """One training, first run and second run."""

    name: str
    backbone: str
    first: Trained
    total: float
    warm: float


def measure(folder: Path, backbone: str | None, size: int | None, goal: str, exported: Path) -> Row:
    """Train twice with an empty feature cache that shares the exported backbones."""
    with tempfile.TemporaryDirectory() as name:
        cache = Path(name)
        (cache / "backbones").symlink_to(exported / "backbones")
        (cache / "compiled").symlink_to(exported / "compiled")
        started = time.perf_counter()
        first = train(folder, cache=cache, backbone=backbone, size=size, goal=goal)
        total = time.perf_counter() - started
        started = time.perf_counter()
        second = train(folder, cache=cache, backbone=backbone, size=size, goal=goal)
        warm = time.perf_counter() - started
    if second.computed or second.evaluation != first.evaluation:
        raise RuntimeError(f"{folder.name}: the second run was not the first one again")
    return Row(folder.name, backbone or f"goal {goal}", first, total, warm)


def show(rows: list[Row], *, markdown: bool) -> None:
    """Print the table."""
    heads = ("set", "backbone", "chosen", "train/test", "accuracy %", "95 %", "macro-F1", "log loss", "ECE",
             "embed s", "head s", "total s", "again s", "reference %")  # fmt: skip
    lines = []
    for row in rows:
        report, seen, seconds = row.first.report, row.first.evaluation, row.first.seconds
        low, high = seen.accuracy_interval
        recipe = report.recipe
        reference = REFERENCE.get((row.name, row.backbone))
        lines.append((
            row.name, row.backbone, f"{recipe.backbone.rpartition('-')[2]} {recipe.size} {recipe.policy}",
            f"{report.train_pictures}/{report.test_pictures}", f"{100 * seen.accuracy:.1f}",
            f"{100 * low:.1f}-{100 * high:.1f}", f"{100 * seen.macro_f1:.1f}", f"{seen.log_loss:.3f}",
            f"{seen.expected_calibration_error:.3f}", f"{seconds[Stage.EMBED]:.1f}", f"{seconds[Stage.FIT]:.1f}",
            f"{row.total:.1f}", f"{row.warm:.1f}", "" if reference is None else f"{reference:.1f}",
        ))  # fmt: skip
    if markdown:
        print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
        for line in lines:
            print("| " + " | ".join(line) + " |")
        return
    table = Table(*heads)
    for line in lines:
        table.add_row(*line)
    Console(width=180).print(table)


def main() -> int:
    """Measure and print; 1 where there is nothing to measure."""
    parser = argparse.ArgumentParser(prog="python -m bench.training", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of sets")
    parser.add_argument("--sets", nargs="*", help="only these")
    parser.add_argument("--goals", nargs="*", default=[], help="also let these goals choose: fast, balanced, accurate")
    parser.add_argument("--markdown", action="store_true", help="print a Markdown table")
    wishes = parser.parse_args()
    folders = [each for each in sorted(wishes.data.glob("*")) if (each / "train").is_dir()]
    folders = [each for each in folders if not wishes.sets or each.name in wishes.sets]
    if not folders:
        print(f"No set with train/ and test/ below {wishes.data}; name a folder of sets by --data.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as name:
        exported = Path(name)
        (exported / "compiled").mkdir()
        started = time.perf_counter()
        for backbone, size in BACKBONES:
            open_backbone(backbone, size=size, cache=exported)
        load = os.getloadavg()[0]
        print(f"{usable_cores()} cores, load {load:.1f}; backbones exported in {time.perf_counter() - started:.1f} s")
        rows = []
        for folder in folders:
            for backbone, size in BACKBONES:
                rows.append(measure(folder, backbone, size, "fast", exported))
            rows += [measure(folder, None, None, goal, exported) for goal in wishes.goals]
        show(rows, markdown=wishes.markdown)
    return 0


if __name__ == "__main__":
    sys.exit(main())
