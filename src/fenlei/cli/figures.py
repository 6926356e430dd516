"""How figures are told in the terminal: the headline, the classes, the confusions, what was left aside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from fenlei.cli.console import out, printable

if TYPE_CHECKING:
    from fenlei.training.evaluation import Evaluation
    from fenlei.training.honesty_figures import DecisionFigures, StrangerFigures, UnknownFigures
    from fenlei.training.sentence import Sentence

SHOWN_SKIPPED = 20
"""Skipped files named in the terminal; the report and --json name all."""

SHOWN_CONFUSIONS = 5


def print_headline(figures: Evaluation, origin: str = "") -> None:
    """Say how often the model was right, with the interval that belongs to it.

    Args:
        figures: what was found.
        origin: words that say where the pictures come from, put behind their number.
    """
    low, high = figures.accuracy_interval
    judged = "1 picture" if figures.pictures == 1 else f"{figures.pictures} pictures"
    out.print(
        f"Right on {figures.accuracy:.1%} of {judged}{origin} "
        f"(95 % interval {low:.1%} to {high:.1%}). Macro-F1 {figures.macro_f1:.3f}, "
        f"log loss {figures.log_loss:.3f}, calibration error {figures.expected_calibration_error:.3f}.",
        style="bold",
        markup=False,
        soft_wrap=True,
    )


def print_classes(figures: Evaluation, learned: Sequence[int] | None = None) -> None:
    """One row per class.

    Args:
        figures: what was found.
        learned: pictures of each class that were learned from, in class order.
    """
    table = Table(box=None, pad_edge=False)
    table.add_column("class")
    for heading in ("precision", "recall", "F1", "pictures", *([] if learned is None else ["learned from"])):
        table.add_column(heading, justify="right")
    for number, row in enumerate(figures.per_class):
        cells = [
            escape(printable(row.label)),
            f"{row.precision:.3f}",
            f"{row.recall:.3f}",
            f"{row.f1:.3f}",
            str(row.support),
        ]
        table.add_row(*cells, *([] if learned is None else [str(learned[number])]))
    out.print(table)


def print_confusions(figures: Evaluation) -> None:
    """The pairs of classes that were mistaken most often."""
    labels = [printable(row.label) for row in figures.per_class]
    pairs = [
        (count, labels[truth], labels[called])
        for truth, row in enumerate(figures.confusion)
        for called, count in enumerate(row)
        if count and truth != called
    ]
    pairs.sort(key=lambda pair: (-pair[0], pair[1:]))
    if pairs:
        words = ", ".join(f"{truth} called {called} {count}×" for count, truth, called in pairs[:SHOWN_CONFUSIONS])
        out.print(f"Most often confused: {words}.", markup=False, soft_wrap=True)


def print_strangers(figures: StrangerFigures | None) -> None:
    """How many known pictures the rule for unknown ones turns away, and how many strange ones it finds."""
    if figures is None:
        return
    words = f"Called unknown: {figures.rejected} of {figures.known} pictures of classes that the model knows"
    if figures.strange:
        words += f", {figures.found} of {figures.strange} of classes that it does not"
    if figures.auroc is not None:
        words += f"; AUROC {figures.auroc:.3f}"
    out.print(f"{words}.", markup=False, soft_wrap=True)


def print_unknown(figures: UnknownFigures | None, why_not: Sentence | None) -> None:
    """Which rule tells pictures of nothing known, how it was set, and what it did; or why there is none."""
    if figures is None:
        if why_not is not None:
            out.print(why_not.en, markup=False, soft_wrap=True)
        return
    how = "that folds held out"
    if figures.tuned:
        how = "that the fine-tuned network did not learn from"
    if figures.tuned and figures.carried:
        how = "by a network that was fine-tuned without them, and carried over"
    out.print(
        f"Pictures of nothing it knows: told by {figures.rule}, its threshold set on "
        f"{figures.threshold_pictures} pictures {how}. Of {figures.test_pictures} test pictures of known classes it "
        f"calls {figures.test_rejected} unknown; {figures.false_rejects:.1%} was asked for.",
        markup=False,
        soft_wrap=True,
    )


def print_decision(figures: DecisionFigures | None) -> None:
    """What answers are like where the thresholds are switched on."""
    if figures is None:
        return
    share = f"{figures.right / figures.answered:.1%} of them right" if figures.answered else "none of them"
    out.print(
        f"With its thresholds (by {figures.method}{figures.asked and ' ' + figures.asked}): "
        f"{figures.answered} of {figures.pictures} pictures reach one, {share}.",
        markup=False,
        soft_wrap=True,
    )


def print_skipped(files: Sequence[tuple[str, str]]) -> None:
    """Every file left aside with its reason; long lists are cut, and say so."""
    if not files:
        return
    out.print("1 file was skipped:" if len(files) == 1 else f"{len(files)} files were skipped:")
    for name, reason in files[:SHOWN_SKIPPED]:
        out.print(f"  {printable(name)}: {printable(reason)}", markup=False, soft_wrap=True)
    if len(files) > SHOWN_SKIPPED:
        out.print(f"  … and {len(files) - SHOWN_SKIPPED} more; the report and --json name all.")
