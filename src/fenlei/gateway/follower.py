"""Follow the database: what was published on another server, or changed by other means, is done here in a second."""

from __future__ import annotations

import logging
import threading
import time

from fenlei.gateway.front import LocalFront

log = logging.getLogger(__name__)

EVERY_SECONDS = 0.5
TIDY_EVERY_SECONDS = 3600.0


class Follower:
    """A thread that looks at the database. While that is out of reach, what is served goes on being served."""

    def __init__(self, front: LocalFront, every: float = EVERY_SECONDS) -> None:
        """Nothing is looked at before `start`.

        Args:
            front: is kept as the database wants it.
            every: seconds between two looks.
        """
        self._front = front
        self._every = every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fenlei-follower", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Stop looking."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        reached = True
        tidied = float("-inf")
        while not self._stop.wait(self._every):
            try:
                self._front.follow_all()
                if time.monotonic() - tidied > TIDY_EVERY_SECONDS:
                    self._front.tidy()
                    tidied = time.monotonic()
            except Exception as exc:  # noqa: BLE001 (a database may fail in any way; the next look may find it well)
                if reached:
                    log.error("database_out_of_reach", extra={"error": str(exc)})
                reached = False
            else:
                if not reached:
                    log.info("database_within_reach")
                reached = True
