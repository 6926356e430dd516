"""Progress of a run, told the way the other commands tell theirs."""

from __future__ import annotations

from collections.abc import Callable

from fenlei.cli.progress import Report


def shown(report: Report) -> Callable[[str, float], None]:
    """A listener for runs that speaks to a progress display, in hundredths."""

    def tell(stage: str, part: float) -> None:
        report(stage or "waiting", round(100 * part), 100)

    return tell
