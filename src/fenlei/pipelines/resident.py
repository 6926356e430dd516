"""How far the memory of this process rises while something works."""

from __future__ import annotations

import re
import threading
from contextlib import suppress
from pathlib import Path

_STATUS, _REFS = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_FORGET_PEAK = b"5"
"""What Linux takes for: let the highest from now on be what it is now. See `proc_pid_clear_refs(5)`."""
_HIGHEST = re.compile(rb"^VmHWM:\s*(\d+) kB", re.MULTILINE)


class _Rise:
    """Of one piece of work: what there was when it began, and the most since."""

    def __init__(self, start: int) -> None:
        self.start = self.most = start


class Resident:
    """Follows pieces of work in this process, side by side as they are; reads a line of `/proc` at each end.

    Linux remembers the highest that a process came to. Whenever a piece begins, that is noted for all that are at work,
    and begun anew. Where it cannot be begun anew, only what exceeds all that was before is seen.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._working: set[_Rise] = set()

    def begin(self) -> _Rise | None:
        """A piece of work begins; None where the system does not tell."""
        with self._lock:
            self._note(_highest())
            with suppress(OSError):
                _REFS.write_bytes(_FORGET_PEAK)
            start = _highest()
            if start is None:
                return None
            rise = _Rise(start)
            self._working.add(rise)
            return rise

    def end(self, rise: _Rise | None) -> int | None:
        """Bytes by which memory rose at its highest since it began; 0 where it did not rise."""
        if rise is None:
            return None
        with self._lock:
            self._note(_highest())
            self._working.discard(rise)
            return rise.most - rise.start

    def _note(self, highest: int | None) -> None:
        for each in self._working:
            each.most = max(each.most, highest or 0)


MEMORY = Resident()
"""Of this process."""


def _highest() -> int | None:
    """The most that the process has held since that was last forgotten, in bytes."""
    try:
        found = _HIGHEST.search(_STATUS.read_bytes())
    except OSError:
        return None
    return None if found is None else int(found[1]) * 1024
