"""`fenlei tokens`: what machines sign in with on a platform."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from fenlei.cli.console import say
from fenlei.cli.options import AsJson
from fenlei.cli.remote.connection import Server, Token, connect
from fenlei.cli.remote.showing import show_one, show_rows

app = typer.Typer(no_args_is_help=True, help="Your tokens on a platform.")


@app.command("list")
def list_(server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """List the tokens that are not revoked."""
    with connect(server, token) as platform:
        show_rows(
            platform.tokens.list(),
            [
                ("name", lambda row: row.name),
                ("role", lambda row: row.role),
                ("begins with", lambda row: row.beginning),
                ("used", lambda row: row.used_at),
                ("ends", lambda row: row.expires_at),
                ("id", lambda row: row.id),
            ],
            as_json=as_json,
            none="There is no token.",
        )


@app.command("make")
def make(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    role: Annotated[str, typer.Option(help="viewer, labeller, editor or owner; at most your own.")] = "viewer",
    days: Annotated[int | None, typer.Option(min=1, max=36500, help="After which it ends; never without.")] = None,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Make a token; it is shown now and never again."""
    ends = None if days is None else datetime.now(UTC) + timedelta(days=days)
    with connect(server, token) as platform:
        made = platform.tokens.make(name, role, ends)
    show_one(made, as_json=as_json, sentence=made.secret or "")


@app.command("revoke")
def revoke(
    token_id: Annotated[str, typer.Argument(metavar="TOKEN_ID", help="Id of the token.")],
    server: Server = None,
    token: Token = None,
) -> None:
    """Make a token useless at once."""
    with connect(server, token) as platform:
        platform.tokens.revoke(token_id)
    say(f"{token_id} opens nothing any more.")
