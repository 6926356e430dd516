"""Where words go: results to stdout, everything else to stderr, colour only where a person looks."""

from __future__ import annotations

import os
import sys

from rich.console import Console

from fenlei.contract.printable import printable

__all__ = ["complain", "err", "out", "printable", "say", "shell_quote"]

_FILE_WIDTH = 200
"""Columns where no terminal says how many it has: a table in a log or a pipe is not folded to 80."""

out = Console(highlight=False, width=None if sys.stdout and sys.stdout.isatty() else _FILE_WIDTH)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def complain(sentence: str) -> None:
    """Say what went wrong, on stderr, as one sentence."""
    err.print("error:", style="bold red", end=" ")
    err.print("\n".join(printable(line) for line in sentence.split("\n")), markup=False)


def say(sentence: str, style: str | None = None) -> None:
    """Tell the person something that is no result, on stderr."""
    err.print(sentence, markup=False, style=style)


def shell_quote(text: str | os.PathLike[str]) -> str:
    """The text as one word of a POSIX shell."""
    import shlex

    return shlex.quote(os.fspath(text))
