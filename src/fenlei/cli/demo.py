"""What `fenlei up --demo` shows: a prediction URL of handwritten digits, and a line that asks it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from fenlei.cli.console import complain, say, shell_quote
from fenlei.cli.progress import progress
from fenlei.contract.errors import FenleiError

if TYPE_CHECKING:
    from fenlei.app.up import Up


def show_demo(now: Up, folder: Path) -> None:
    """Make what is missing of the demo, and print its URL and a line that can be pasted.

    Args:
        now: the platform that answers already.
        folder: where the demo keeps its pictures and its key.
    """
    from fenlei.app.demo import Demo

    ending = now.platform.draining.is_set
    try:
        with progress() as report:
            shown = Demo(now.platform.store, now.front, folder, ending).make(now.base, report)
    except FenleiError as exc:
        if not ending():
            complain(str(exc))
        return
    say("The prediction URL:")
    typer.echo(shown.url)
    say("Ask it for the class of a picture; paste this into another terminal:")
    typer.echo(_curl(shown.picture, shown.url))


def _curl(picture: Path, url: str) -> str:
    """One line for a POSIX shell with base64 and curl, as macOS and Linux have them."""
    body = f'"{{\\"base64\\":\\"$(base64 < {shell_quote(picture)} | tr -d \'\\n\')\\"}}"'
    return f"curl -s -H 'Content-Type: application/json;charset=UTF-8' -d {body} {shell_quote(url)}"
