"""What a training tells of the time left, beside the clock.

    python -m bench.training.progress [DIR] [--budget 10m] [--goal balanced] [--every 20]

Trains once on a set with an empty cache and writes down what it tells. At the end each word is held against what came
true. From the middle on, and until two seconds before the end, the told time left must be within 20 % of it; the last
lines say by how much it was off at most, and when it was last beyond 20 %. DIR has class folders, or `train/` and
`test/` of such; without it, the set `weather` beside the checkout.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from bench.training.__main__ import DATA
from fenlei.cli.durations import seconds
from fenlei.inference.cores import usable_cores
from fenlei.training.finish import Trained
from fenlei.training.progress import Stage
from fenlei.training.report import CandidateResult
from fenlei.training.timetable import Outlook
from fenlei.training.train import train

ALLOWED = 0.2
"""Share of what came true by which the told time left may be off."""

LAST = 2.0
"""Seconds before the end in which a share says nothing."""


class Word(NamedTuple):
    """What was told at a second of the clock, and how many candidates had been tried."""

    clock: float
    stage: Stage
    tried: int
    outlook: Outlook


class Log:
    """Writes down what a training tells."""

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.words: list[Word] = []
        self.models: list[float] = []
        self._stage = Stage.READ
        self._tried = 0

    @property
    def clock(self) -> float:
        return time.perf_counter() - self.began

    def progress(self, stage: Stage, done: int, total: int) -> None:
        self._stage = stage

    def heard(self, result: CandidateResult) -> None:
        self._tried += 1

    def better(self, trained: Trained) -> None:
        self.models.append(self.clock)

    def outlook(self, outlook: Outlook) -> None:
        self.words.append(Word(self.clock, self._stage, self._tried, outlook))


def show(log: Log, whole: float, every: float) -> float:
    """Print the log, a line every so many seconds; returns the worst share of the second half that counts."""
    print(f"{'clock s':>8} {'tried':>6} {'told left s':>12} {'came true s':>12} {'off %':>7}  stage")
    seconds_off, next_line = 0.0, 0.0
    largest, beyond = (0.0, 0.0, 0.0), None
    for word in log.words:
        true = whole - word.clock
        off = abs(word.outlook.left - true)
        share = off / max(true, 1e-9)
        if word.clock >= whole / 2:
            seconds_off = max(seconds_off, off)
            if true >= LAST:
                largest = max(largest, (share, true, off))
                beyond = true if share > ALLOWED else beyond
        if word.clock >= next_line or word is log.words[-1]:
            next_line = word.clock + every
            figures = f"{word.clock:8.1f} {word.tried:6d} {word.outlook.left:12.1f} {true:12.1f} {100 * share:7.1f}"
            print(f"{figures}  {word.stage}")
    print(f"from the middle on: off by {seconds_off:.1f} s at most")
    share, true, off = largest
    print(f"until {LAST:g} s before the end off by {100 * share:.1f} % at most: by {off:.1f} s, {true:.1f} s before it")
    last = "never" if beyond is None else f"last {beyond:.1f} s before the end"
    print(f"beyond {100 * ALLOWED:.0f} %: {last}")
    return largest[0]


def main() -> int:
    """Measure and print; 1 where what was told did not come true, or there is nothing to measure."""
    parser = argparse.ArgumentParser(prog="python -m bench.training.progress", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=DATA / "weather", help="class folders")
    parser.add_argument("--budget", default="10m", help="30s, 10m, 2h")
    parser.add_argument("--goal", default="balanced", help="fast, balanced or accurate")
    parser.add_argument("--every", type=float, default=20.0, help="seconds between two lines")
    wishes = parser.parse_args()
    if not wishes.folder.is_dir():
        print(f"There is no folder {wishes.folder}; name one.", file=sys.stderr)
        return 1
    print(f"{wishes.folder.name}, budget {wishes.budget}; {usable_cores()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as cache:
        log = Log()
        trained = train(
            wishes.folder,
            cache=Path(cache),
            goal=wishes.goal,
            budget=seconds(wishes.budget),
            progress=log.progress,
            heard=log.heard,
            better=log.better,
            outlook=log.outlook,
        )
        whole = log.clock
    worst = show(log, whole, wishes.every)
    moments = ", ".join(f"{each:.1f}" for each in log.models)
    print(f"{whole:.1f} s in all, {trained.evaluation.accuracy:.1%} right; publishable models at {moments} s")
    return 0 if worst <= ALLOWED else 1


if __name__ == "__main__":
    sys.exit(main())
