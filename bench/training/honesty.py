"""Whether a model means what it says: scores before and after calibration, and pictures of nothing it knows.

    python -m bench.training.honesty [--sets weather] [--budget 120]

Each set's `train/` is learned, its `test/` judges, and the test parts of the other sets are what the model does not
know.
`ECE` is the expected calibration error in ten bins, of the scores as the head gives them and as they are shipped.
`AUROC` is the chance that a picture of another set is stranger than one of the own test part.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import fenlei
from bench.training.__main__ import DATA
from fenlei.datasets import scan
from fenlei.training.auroc import auroc

MOST = 120
"""Pictures of another set that are shown to a model."""

HEADS = ("set", "winner", "calibration", "ECE as learned", "ECE shipped", "log loss as learned", "log loss shipped",
         "rule", "known rejected, 5 % asked", "AUROC against the other sets")  # fmt: skip


def strangeness(model: fenlei.Model, files: Sequence[Path]) -> np.ndarray:
    """How strange each picture is; 1 is the threshold."""
    answers = model.predict(list(files))
    return np.array([each.strangeness for each in answers if each.strangeness is not None])


def test_files(folder: Path) -> list[Path]:
    """Files of a test part, at most `MOST` of them, spread over it."""
    files = [folder / "test" / each.name for each in scan(folder / "test").items]
    return files[:: max(1, len(files) // MOST)]


def measure(folder: Path, others: Sequence[Path], budget: float | None, house: Path) -> tuple[str, ...]:
    """One row of the table."""
    with fenlei.train(folder, goal="balanced", budget=budget, workspace=house) as model:
        report = model.report
        made = report.calibration
        cells = [
            folder.name, f"{report.recipe.head}, {report.recipe.size}", "" if made is None else made.method,
            *(["", "", "", ""] if made is None else [
                f"{made.error_before:.3f}", f"{made.error_after:.3f}",
                f"{made.log_loss_before:.3f}", f"{made.log_loss_after:.3f}",
            ]),
        ]  # fmt: skip
        rule = model.manifest.unknown
        if rule is None:
            return (*cells, "none", "", "")
        known = strangeness(model, [folder / "test" / each.name for each in scan(folder / "test").items])
        found = [f"{each.name} {auroc(known, strangeness(model, test_files(each))):.3f}" for each in others]
        return (*cells, rule.rule, f"{100 * np.mean(known > 1):.1f} %", ", ".join(found))


def main() -> int:
    """Measure and print a Markdown table; 1 where there is nothing to measure."""
    parser = argparse.ArgumentParser(prog="python -m bench.training.honesty", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of sets")
    parser.add_argument("--sets", nargs="*", help="only these are learned")
    parser.add_argument("--budget", type=float, help="seconds for each; none: a fixed number of candidates")
    wishes = parser.parse_args()
    folders = [each for each in sorted(wishes.data.glob("*")) if (each / "train").is_dir()]
    if not folders:
        print(f"No set with train/ and test/ below {wishes.data}; name a folder of sets by --data.", file=sys.stderr)
        return 1
    print("| " + " | ".join(HEADS) + " |\n|" + "---|" * len(HEADS), flush=True)
    with tempfile.TemporaryDirectory() as name:
        for folder in folders:
            if not wishes.sets or folder.name in wishes.sets:
                others = [each for each in folders if each != folder]
                print("| " + " | ".join(measure(folder, others, wishes.budget, Path(name))) + " |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
