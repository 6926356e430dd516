"""What nobody needs any more goes: at the start of the platform, and every day it runs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from fenlei.datasets.sweep import sweep_uploads
from fenlei.projects.parked import sweep_parked
from fenlei.store import Store, now
from fenlei.store.gc import WRITING

log = logging.getLogger(__name__)

EVERY_SECONDS = 24 * 3600.0


class Housekeeping:
    """A thread that tidies up. What cannot be done now is done another time."""

    def __init__(self, store: Store, uploads: Path, every: float = EVERY_SECONDS) -> None:
        """Nothing is done before `start`.

        Args:
            store: of the platform.
            uploads: where sent files are laid down.
            every: seconds between two rounds.
        """
        self._every = every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fenlei-housekeeping", daemon=True)
        self._duties: dict[str, Callable[[], object]] = {
            "files of imports": lambda: sweep_uploads(store, uploads),
            "model files": lambda: sweep_parked(uploads),
            "half-written blobs": lambda: store.blobs.sweep(now() - WRITING),
        }

    def start(self) -> None:
        """Begin with the first round."""
        self._thread.start()

    def close(self) -> None:
        """Begin nothing more, and wait for what is under way."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            for what, duty in self._duties.items():
                if self._stop.is_set():
                    return
                try:
                    duty()
                except Exception as exc:  # noqa: BLE001 (whatever it is, tidying is not worth a server)
                    log.warning("not_swept", extra={"what": what, "error": str(exc)})
            self._stop.wait(self._every)
