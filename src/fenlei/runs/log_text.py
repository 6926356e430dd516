"""The log of a run as text."""

from __future__ import annotations

from collections.abc import Iterator

from fenlei.store import Store
from fenlei.store.tables import Event

_PAGE = 1000


def log_text(store: Store, run_id: str, step: str | None = None) -> Iterator[str]:
    """The log of a run, or of one of its steps, line by line with time and step. It is read in pages: a long log takes
    no memory, and no transaction is open between them.

    Args:
        store: where the run is.
        run_id: which.
        step: only of this step.

    Raises:
        NotFound: there is no such run; at once, not at the first line.
    """
    with store.reading() as work:
        work.runs.get(run_id)
    return _lines(store, run_id, step)


def _lines(store: Store, run_id: str, step: str | None) -> Iterator[str]:
    after = 0
    while True:
        with store.reading() as work:
            events = work.events.after(run_id, after, _PAGE, kinds=("log", "state"), step=step)
        for event in events:
            yield f"{event.at:%Y-%m-%dT%H:%M:%S}.{event.at.microsecond // 1000:03d}Z {_said(event)}\n"
        if len(events) < _PAGE:
            return
        after = events[-1].id


def _said(event: Event) -> str:
    if event.kind == "log":
        return f"[{event.step}] {event.data['text']}" if event.step else event.data["text"]
    more = [f"{name}: {value}" for name, value in event.data.items() if name != "state"]
    return f"== {event.data['state']}" + (f" ({', '.join(more)})" if more else "")
