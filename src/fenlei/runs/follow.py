"""What happens in a run, read as it goes on: for a stream that can be taken up again after the last id it has seen."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from fenlei.store import Store, Work
from fenlei.store.tables import Event

OVER = frozenset({"done", "failed", "cancelled"})
"""States from which a run does not come back."""


@dataclass(frozen=True)
class News:
    """Events in order, and whether no more will come after them."""

    events: list[Event]
    over: bool

    @property
    def last(self) -> int | None:
        """The id to go on after."""
        return self.events[-1].id if self.events else None


def events_after(work: Work, run_id: str, after: int = 0, limit: int = 200) -> list[Event]:
    """Events of a run with a greater id, in order; at most `limit`."""
    return list(work.events.after(run_id, after, limit))


def news(store: Store, run_id: str, after: int = 0, limit: int = 200) -> News:
    """One look, in one short transaction.

    Args:
        store: where the run is.
        run_id: which.
        after: the last event id that is known; 0 for none.
        limit: events at most.

    Raises:
        NotFound: there is no such run.
    """
    with store.reading() as work:
        # The state first: when it says that the run is over, all its events are there.
        over = work.runs.get(run_id).state in OVER
        events = events_after(work, run_id, after, limit)
    return News(events, over and len(events) < limit)


def follow(
    store: Store, run_id: str, after: int = 0, *, limit: int = 200, pause: float = 0.25, patience: float = 15.0
) -> Iterator[list[Event]]:
    """Events as they come, in batches, until the run is over. No transaction is open while it waits.

    Args:
        store: where the run is.
        run_id: which.
        after: the last event id that is known; 0 for none.
        limit: events in a batch at most.
        pause: seconds between two looks.
        patience: seconds of silence after which an empty batch says that it still waits.

    Raises:
        NotFound: there is no such run, or it was deleted meanwhile.
    """
    silent_since = time.monotonic()
    while True:
        found = news(store, run_id, after, limit)
        if found.last is not None:
            after = found.last
            yield found.events
            silent_since = time.monotonic()
        if found.over:
            return
        if time.monotonic() - silent_since >= patience:
            yield []
            silent_since = time.monotonic()
        if len(found.events) < limit:
            time.sleep(pause)
