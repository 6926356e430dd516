"""How soon a model is there again with a picture more, or a class more: seconds against the first training.

    python -m bench.training.since [--sets weather] [--goal balanced] [--most 20]

Each set is trained on without a budget from an empty cache of features, once without its last picture and once without
its last class; what is missing is then added, and training goes on from the model that there was (`--since`), in the
same cache. `passes` counts pictures that ran through a network, altered copies as pictures of their own. Old and new
are compared on the same test pictures. Networks are exported and compiled before any clock starts.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from bench.training.__main__ import DATA
from bench.training.budgets import cache_beside, print_row
from fenlei.backbones import open_backbone
from fenlei.imaging import Policy
from fenlei.inference.cores import usable_cores
from fenlei.training.earlier import Earlier, read_earlier
from fenlei.training.finish import Trained
from fenlei.training.plan import LADDERS
from fenlei.training.progress import Watch
from fenlei.training.train import train
from fenlei.training.view import one
from fenlei.training.workshop import Workshop

SETS = ("sign_digits", "trashnet", "weather")
HEADS = (
    "set", "added", "pictures", "first s", "passes", "again s", "passes", "share of the first", "winner before",
    "winner now", "judged by both", "accuracy before", "now",
)  # fmt: skip


class Run(NamedTuple):
    """One training."""

    trained: Trained
    seconds: float


def trained(folder: Path, cache: Path, goal: str, since: Earlier | None = None) -> Run:
    """Train without a budget, and take the time."""
    started = time.perf_counter()
    found = train(folder, cache=cache, goal=goal, since=since)
    return Run(found, time.perf_counter() - started)


def copied(folder: Path, place: Path, most: int | None) -> Path:
    """Both parts of a set, at most so many pictures of each class in each."""
    for part in ("train", "test"):
        for label in sorted(each for each in (folder / part).iterdir() if each.is_dir()):
            (place / part / label.name).mkdir(parents=True)
            for picture in sorted(label.iterdir())[:most]:
                shutil.copy(picture, place / part / label.name)
    return place


def measured(folder: Path, away: list[Path], cache: Path, goal: str) -> tuple[Run, Run]:
    """Train without some files or folders, put them back, and go on.

    Args:
        folder: the set, which is whole again afterwards.
        away: what is missing at first.
        cache: an empty one.
        goal: of both trainings.
    """
    aside = folder.with_name(f"{folder.name} aside")
    for each in away:
        there = aside / each.relative_to(folder)
        there.parent.mkdir(parents=True, exist_ok=True)
        each.rename(there)
    first = trained(folder, cache, goal)
    for each in away:
        (aside / each.relative_to(folder)).rename(each)
    return first, trained(folder, cache, goal, read_earlier(first.trained.model))


def row_of(name: str, added: str, first: Run, again: Run) -> tuple[str, ...]:
    """One row of the table."""
    report, since = again.trained.report, again.trained.report.since
    if since is None or since.old is None or since.new is None:
        raise SystemExit(f"{name}: nothing was held out for both models.")
    winners = [
        f"{run.trained.report.recipe.head}, {run.trained.report.recipe.backbone} {run.trained.report.recipe.size}"
        for run in (first, again)
    ]
    return (
        name, added, str(report.train_pictures + report.test_pictures), f"{first.seconds:.1f}",
        str(first.trained.computed), f"{again.seconds:.1f}", str(again.trained.computed),
        f"{100 * again.seconds / first.seconds:.0f} %", *winners, str(since.judged), f"{100 * since.old:.1f}",
        f"{100 * since.new:.1f}",
    )  # fmt: skip


def main() -> int:
    """Measure and print a Markdown table; 1 where there is nothing to measure."""
    parser = argparse.ArgumentParser(prog="python -m bench.training.since", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of sets")
    parser.add_argument("--sets", nargs="*", default=SETS, help="only these")
    parser.add_argument("--goal", default="balanced", choices=sorted(LADDERS))
    parser.add_argument("--most", type=int, help="pictures of each class in each part, for a quick look")
    wishes = parser.parse_args()
    folders = [each for name in wishes.sets if ((each := wishes.data / name) / "train").is_dir()]
    if not folders:
        print(f"None of these sets is below {wishes.data}; name a folder of sets by --data.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as name:
        exported = Path(name) / "exported"
        (exported / "compiled").mkdir(parents=True)
        with Workshop(exported, Watch()) as workshop:
            for view in dict.fromkeys(part for each in LADDERS[wishes.goal] for part in each.parts):
                open_backbone(view.backbones[0], size=view.size, cache=exported)
                workshop.engine(one(view.backbones[0], view.size, Policy.SQUASH))
        print(f"{usable_cores()} cores, load {os.getloadavg()[0]:.1f}, goal {wishes.goal}\n")
        print_row(HEADS)
        print_row(["---"] * len(HEADS))
        for folder in folders:
            whole = copied(folder, Path(name) / folder.name, wishes.most)
            label = max(each.name for each in (whole / "train").iterdir())
            picture = max((whole / "train" / label).iterdir())
            absent = {"a picture": [picture], f"class {label}": [whole / "train" / label, whole / "test" / label]}
            for number, (added, away) in enumerate(absent.items()):
                cache = cache_beside(exported, Path(name) / f"{folder.name} cache {number}")
                print_row(row_of(folder.name, added, *measured(whole, away, cache, wishes.goal)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
