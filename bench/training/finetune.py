"""What fine-tuning brings on this machine, and what it costs: the last stages, or all of them at a smaller size.

    python -m bench.training.finetune [--sets weather trashnet] [--recipes last-3 whole-160] [--pictures 240]

On the training part of each set: all folds but one are learned from, and the one that is left judges, as in a search.
The test part is not looked at. A step is a picture forward, backward and its share of the optimizer, in milliseconds of
the clock and of the processor, of which two cores give two in one.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from msgspec.structs import replace
from tests.support.learning import learn_head

from bench.training.__main__ import DATA
from fenlei.backbones import load_backbone
from fenlei.datasets import scan
from fenlei.imaging import Policy
from fenlei.modelfile import softmax
from fenlei.training.calibration import fit_temperature
from fenlei.training.evaluation import log_loss
from fenlei.training.finetune import loop
from fenlei.training.finetune.choice import LAST_STAGES, WHOLE
from fenlei.training.finetune.pace import measured
from fenlei.training.finetune.settings import TuneSettings
from fenlei.training.finetune.student import Student, make_student
from fenlei.training.finetune.training import divided, tune
from fenlei.training.folds import draw_folds
from fenlei.training.head import prepare_lesson
from fenlei.training.look import read_all
from fenlei.training.progress import Watch
from fenlei.training.view import one
from fenlei.training.workshop import Workshop

RECIPES: dict[str, tuple[int, TuneSettings]] = {
    "last-3": (224, replace(LAST_STAGES, stages=3)),
    "last-4": (224, LAST_STAGES),
    "last-6": (224, replace(LAST_STAGES, stages=6)),
    "whole-128": (128, WHOLE),
    "whole-160": (160, WHOLE),
    "whole-224": (224, WHOLE),
}
"""Side of the input, and settings. `last-3`: the three highest stages, on what the others give, kept."""


@contextlib.contextmanager
def giving_back() -> Iterator[None]:
    """In place of `kept_memory`: glibc does as it always does."""
    yield


def measure(
    folder: Path, name: str, backbone: str, epochs: int | None, most: int | None, cache: Path
) -> tuple[str, ...]:
    """One row of the table."""
    size, settings = RECIPES[name]
    settings = settings if epochs is None else replace(settings, epochs=epochs)
    found = scan(folder / "train")
    pictures, _ = read_all(found, Watch())
    if most is not None:
        pictures = [pictures[row] for row in np.random.default_rng(0).permutation(len(pictures))[:most]]
    truth = np.array([found.labels.index(each.item.label) for each in pictures], np.int64)
    groups, classes = np.arange(len(truth)), len(found.labels)
    folds = draw_folds(truth, groups, 0)
    _, inside, outside = folds.parts()[0]
    rows, judging = np.flatnonzero(inside), np.flatnonzero(outside)
    with Workshop(cache, Watch()) as workshop:
        view = one(backbone, size, Policy.SQUASH)
        features = workshop.features(view, pictures).features
        whole = learn_head(features[rows], truth[rows], groups[rows], classes, seed=0)
        before = whole.head.raw(features[judging])
        learned, watched = divided(rows, truth, groups, 0)
        linear = learn_head(features[learned], truth[learned], groups[learned], classes, seed=0)
        spec = workshop.spec(view)

        def load() -> Student:
            return make_student(load_backbone(backbone, size=size, cache=cache), linear.head, settings)

        pace = measured(load(), pictures, classes, settings, spec)
        fresh = load()
        usual, loop.kept_memory = loop.kept_memory, giving_back  # type: ignore[attr-defined]
        slow = measured(fresh, pictures, classes, settings, spec)
        loop.kept_memory = usual  # type: ignore[attr-defined]
        started = time.perf_counter()
        tuned = tune(
            load(), pictures, truth, classes, prepare_lesson(features, truth, classes).per_class, settings, spec,
            learned=learned, watched=watched, judging=judging, epochs=settings.epochs, checkpoint=None,
            engine="openvino", name=backbone,
        )  # fmt: skip
        took = time.perf_counter() - started
    figures = []
    for logits in (before, tuned.logits):
        scores = softmax(logits / fit_temperature(logits, truth[judging]))
        figures += [
            f"{100 * np.mean(scores.argmax(1) == truth[judging]):.1f}",
            f"{log_loss(scores, truth[judging]):.3f}",
        ]
    course = tuned.course
    return (
        folder.name, backbone.rpartition("-")[2], name, f"{len(rows)}/{len(judging)}", f"{1000 * pace.learning:.0f}",
        f"{1000 * pace.processor:.0f}", f"{1000 * slow.processor:.0f}", f"{1000 * pace.preparing:.0f}",
        f"{course.epochs}/{len(course.losses) - 1}",
        f"{took:.0f}", *figures,
    )  # fmt: skip


def main() -> int:
    """Measure and print a Markdown table; 1 where there is nothing to measure."""
    parser = argparse.ArgumentParser(prog="python -m bench.training.finetune", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of sets")
    parser.add_argument("--sets", nargs="*", help="only these")
    parser.add_argument("--recipes", nargs="*", default=list(RECIPES), choices=list(RECIPES))
    parser.add_argument("--backbone", default="efficientnet-lite0")
    parser.add_argument("--pictures", type=int, help="of each set, drawn at random")
    parser.add_argument("--epochs", type=int, help="at most")
    wishes = parser.parse_args()
    folders = [each for each in sorted(wishes.data.glob("*")) if (each / "train").is_dir()]
    folders = [each for each in folders if not wishes.sets or each.name in wishes.sets]
    if not folders:
        print(f"No set with train/ below {wishes.data}; name a folder of sets by --data.", file=sys.stderr)
        return 1
    heads = ("set", "backbone", "recipe", "learned/judging", "step ms", "step CPU ms", "without kept memory",
             "preparing ms", "best/run epochs", "s", "head: accuracy %", "log loss", "tuned: accuracy %",
             "log loss")  # fmt: skip
    print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads), flush=True)
    with tempfile.TemporaryDirectory() as name:
        for folder in folders:
            for recipe in wishes.recipes:
                row = measure(folder, recipe, wishes.backbone, wishes.epochs, wishes.pictures, Path(name))
                print("| " + " | ".join(row) + " |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
