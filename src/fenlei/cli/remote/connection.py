"""Which platform a command talks to, and as whom."""

from __future__ import annotations

from typing import Annotated

import typer

from fenlei.login import HERE, NotThere, connect, forget, named, remember

__all__ = ["HERE", "NotThere", "Server", "Token", "connect", "forget", "named", "remember"]

Server = Annotated[
    str | None,
    typer.Option(
        "--server", metavar="URL", help="Of the platform.  [default: FENLEI_SERVER, the last login, or this machine]"
    ),
]
Token = Annotated[
    str | None,
    typer.Option("--token", metavar="TOKEN", help="An API token.  [default: FENLEI_TOKEN, or that of the login]"),
]
