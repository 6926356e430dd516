"""What the rooms log while they work on a run is in the run's log too: the sentence and its fields, no traceback."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

_OURS = "fenlei.runs"
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class TakesLines(Protocol):
    """A run, as far as it is needed here."""

    def log(self, text: str) -> None: ...


class _Handler(logging.Handler):
    def __init__(self, run: TakesLines) -> None:
        super().__init__(logging.INFO)
        self._run = run

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(_OURS):
            return
        fields = [f"{name}={value}" for name, value in vars(record).items() if name not in _STANDARD]
        self._run.log(" ".join([record.getMessage(), *fields]))


@contextmanager
def kept_in(run: TakesLines) -> Iterator[None]:
    """Inside the block, log records of Fenlei's rooms go into the run's log as well."""
    handler = _Handler(run)
    logger = logging.getLogger("fenlei")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
