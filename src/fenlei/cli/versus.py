"""How two models side by side are told in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from fenlei.cli.console import out, printable

if TYPE_CHECKING:
    from fenlei.model.compare import Versus
    from fenlei.training.since import Since

SHOWN_CLASSES = 20


def print_versus(found: Versus, old: str, new: str) -> None:
    """Say which is better, by how much and how surely, and class by class.

    Args:
        found: the comparison.
        old: name of the old model.
        new: name of the new one.
    """
    one, other = printable(old), printable(new)
    pictures = "1 picture" if found.pictures == 1 else f"{found.pictures} pictures"
    for name, share, interval in ((one, found.old, found.old_interval), (other, found.new, found.new_interval)):
        _say(f"{name}: right on {share:.1%} of {pictures} (95 % interval {interval[0]:.1%} to {interval[1]:.1%}).")
    _verdict(found, one, other)
    if found.left_out:
        _say(f"{found.left_out} pictures were left out: one of the two has learned from them.")
    for name, learned in ((one, found.learned_old), (other, found.learned_new)):
        if learned:
            _say(f"Careful: {name} has learned from {learned} of these pictures and knows them by heart.")
    if found.unknown_to_one:
        _say(f"{found.unknown_to_one} pictures are of classes that only one of them knows; they were not judged here.")
    table = Table(box=None, pad_edge=False)
    table.add_column("class")
    for heading in ("found by old", "by new", "pictures"):
        table.add_column(heading, justify="right")
    for row in found.per_class[:SHOWN_CLASSES]:
        table.add_row(escape(printable(row.label)), f"{row.old:.1%}", f"{row.new:.1%}", str(row.pictures))
    out.print(table)
    if len(found.per_class) > SHOWN_CLASSES:
        _say(f"… and {len(found.per_class) - SHOWN_CLASSES} more classes; --json names all.")


def print_since(found: Since) -> None:
    """Say what has changed since the model that training went on from."""
    classes = f"; new classes: {printable(', '.join(found.new_classes))}" if found.new_classes else ""
    _say(f"Since the model before: {found.new_pictures} pictures are new, {found.gone_pictures} are gone{classes}.")
    if found.old is None or found.new is None:
        _say("No picture was held out for both, so the two cannot be compared.")
        return
    pictures = "the picture" if found.judged == 1 else f"the {found.judged} pictures"
    _say(f"On {pictures} held out for both: right on {found.old:.1%} before, {found.new:.1%} now.")
    _verdict(found, "the model before", "the new model")


def _verdict(found: Versus | Since, one: str, other: str) -> None:
    if found.difference_interval is None or found.difference is None:
        return
    low, high = found.difference_interval
    if low > 0:
        verdict = f"{other} is better beyond noise"
    elif high < 0:
        verdict = f"{other} is worse beyond noise"
    else:
        verdict = "No difference beyond noise"
    out.print(
        f"{verdict}: {100 * found.difference:+.1f} points (95 % interval {100 * low:+.1f} to {100 * high:+.1f}); "
        f"{found.only_new} right only by {other}, {found.only_old} only by {one}.",
        style="bold",
        markup=False,
        soft_wrap=True,
    )


def _say(sentence: str) -> None:
    out.print(sentence, markup=False, soft_wrap=True)
