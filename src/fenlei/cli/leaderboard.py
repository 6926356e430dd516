"""The leaderboard in the terminal: a line for each candidate as it comes, and the best of them at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rich.table import Table

from fenlei.cli.console import err, out, printable

SHOWN = 12
"""Candidates in the table; the report and --json have all."""


class Candidate(Protocol):
    """A line of it, of this machine or of a platform; see `CandidateResult`."""

    @property
    def backbone(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def policy(self) -> str: ...
    @property
    def head(self) -> str: ...
    @property
    def copies(self) -> str: ...
    @property
    def aim(self) -> str: ...
    @property
    def score(self) -> float | None: ...
    @property
    def score_interval(self) -> tuple[float, float] | None: ...
    @property
    def log_loss(self) -> float | None: ...
    @property
    def milliseconds(self) -> float | None: ...
    @property
    def bytes(self) -> int | None: ...
    @property
    def seconds(self) -> float | None: ...
    @property
    def chosen(self) -> bool: ...
    @property
    def left_out(self) -> str | None: ...


def print_line(result: Candidate) -> None:
    """One candidate, as soon as it was tried."""
    err.print(f"  {line_of(result)}", markup=False, soft_wrap=True)


def print_board(results: Sequence[Candidate]) -> None:
    """The best candidates, the chosen one marked."""
    tried = [each for each in results if each.log_loss is not None]
    tried.sort(key=lambda each: (not each.chosen, each.log_loss))
    table = Table(box=None, pad_edge=False, title=None)
    table.add_column("tried in cross-validation")
    for heading in (tried[0].aim if tried else "score", "95 % interval", "log loss", "ms a picture", "MB", "seconds"):
        table.add_column(heading, justify="right")
    for each in tried[:SHOWN]:
        low, high = each.score_interval or (0.0, 1.0)
        table.add_row(
            ("* " if each.chosen else "  ") + _what(each),
            f"{each.score or 0:.1%}",
            f"{low:.1%} to {high:.1%}",
            f"{each.log_loss:.3f}",
            "" if each.milliseconds is None else f"{each.milliseconds:.1f}",
            "" if each.bytes is None else f"{each.bytes / 1e6:.0f}",
            "" if each.seconds is None else f"{each.seconds:.1f}",
        )
    out.print(table)
    if len(tried) > SHOWN:
        out.print(f"  … and {len(tried) - SHOWN} more; the report and --json have all.")


def _what(result: Candidate) -> str:
    copies = "" if result.copies == "none" else f", {result.copies} copies"
    return printable(f"{result.backbone} {result.size} px {result.policy}, {result.head}{copies}")


def line_of(result: Candidate) -> str:
    """A candidate in one line."""
    if result.score is None or result.score_interval is None:
        return f"{_what(result)}: {result.left_out or 'tried'}"
    low, high = result.score_interval
    costs = [
        "" if result.milliseconds is None else f", {result.milliseconds:.1f} ms a picture",
        "" if result.bytes is None else f", {result.bytes / 1e6:.0f} MB",
        "" if result.seconds is None else f", tried in {result.seconds:.1f} s",
    ]
    best = "  <- the best so far" if result.chosen else ""
    return f"{result.score:.1%} ({low:.1%} to {high:.1%})  {_what(result)}{''.join(costs)}{best}"
