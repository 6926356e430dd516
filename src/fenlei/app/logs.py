"""Logs on standard error: JSON for machines, lines for a terminal. Event names are constants; fields carry the rest.

Rooms log through the standard library with `extra=`; here it gets its form. Neither a picture nor a key is ever
handed to a logger, and tracebacks are written without the values of variables.
"""

from __future__ import annotations

import logging
import sys
from typing import Literal

import structlog


def set_up_logs(form: Literal["auto", "json", "pretty"]) -> None:
    """Send every log line of this process to standard error. Calling it again changes the form."""
    pretty = form == "pretty" or (form == "auto" and bool(sys.stderr) and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.ExtraAdder(),
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if pretty
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("fenlei").setLevel(logging.INFO)
