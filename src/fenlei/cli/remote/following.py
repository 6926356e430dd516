"""What happens in a run, shown the way the other commands show theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from fenlei.cli.console import printable, say
from fenlei.cli.leaderboard import print_line
from fenlei.cli.progress import Report

if TYPE_CHECKING:
    from fenlei.client.management.records import Event


def shown(report: Report) -> Callable[[str, float], None]:
    """A listener for runs that speaks to a progress display, in hundredths."""

    def tell(stage: str, part: float) -> None:
        report(stage or "waiting", round(100 * part), 100)

    return tell


def happening(report: Report, *, quiet: bool) -> Callable[[Event], None]:
    """A listener for the events of runs: the time left goes to a progress display, candidates and
    nodes that have ended are lines.

    Args:
        report: the display.
        quiet: no lines.
    """
    from fenlei.client.management.records import Candidate

    def tell(event: Event) -> None:
        if event.kind == "progress":
            _tell_time(report, event.data)
        elif event.kind == "candidate" and not quiet:
            print_line(msgspec.convert(event.data, Candidate))
        elif event.kind == "node" and not quiet:
            _tell_node(event.data)

    return tell


def _tell_node(data: dict[str, Any]) -> None:
    """A line of a node that has ended, as `fenlei run` has it."""
    state, memory = data.get("state"), data.get("memory")
    if state in ("waiting", "running"):
        return
    if state == "done":
        said = f"done in {data.get('seconds', 0.0):.1f} s" + ("" if memory is None else f", {memory / 1e6:,.0f} MB")
    else:
        said = "there already" if state == "cached" else f"{state}: {printable(str(data.get('why', '')))}"
    say(f"{printable(str(data.get('node')))}: {said}")


def _tell_time(report: Report, data: dict[str, Any]) -> None:
    left, part = data.get("time_left"), float(data.get("fraction", 0.0))
    if left is not None and part < 1:
        report.time(float(left) * part / (1 - part), float(left))
