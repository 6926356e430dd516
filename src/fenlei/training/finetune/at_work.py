"""Who is at work in the cache: what lost for one training may be the best of another, which opens it at its end.

Every training holds the lock of one file, together with all others, for as long as it runs. Who has it alone knows that
no other training runs, and may remove what lost; the others leave it to the last one.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import TracebackType

from fenlei.training.errors import TrainingError
from fenlei.training.finetune.kept import FOLDER
from fenlei.training.locking import alone_at_once, lock_together, open_to_lock, unlock

LOCK = "at-work"
"""Name of the file whose lock they hold."""


class AtWork(AbstractContextManager["AtWork"]):
    """One training, from its beginning to its end, or to that of its process.

    It begins when nobody removes anything, which takes no longer than to remove some files.

    Args:
        cache: the workspace's cache folder; `tuning/` is below it.

    Raises:
        TrainingError: the cache cannot be written.
    """

    def __init__(self, cache: Path) -> None:
        path = cache / FOLDER / LOCK
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = open_to_lock(path)
            lock_together(self._file)
        except OSError as exc:
            raise TrainingError(f"The cache {path.parent} cannot be written: {exc.strerror or exc}.") from exc

    def ends_alone(self) -> bool:
        """Be done with all networks, and tell whether no other training is at work; where none is, none begins before
        this one is over."""
        return alone_at_once(self._file)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # closing would not do for a process that was forked meanwhile; Windows locked nothing
            unlock(self._file)
        self._file.close()
