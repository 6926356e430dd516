"""`fenlei login` and `fenlei logout`."""

from __future__ import annotations

import socket
from typing import Annotated

import typer

from fenlei.cli.console import say
from fenlei.cli.remote.connection import HERE, NotThere, Token, forget, remember


def login(
    where: Annotated[str, typer.Argument(metavar="LINK|URL", help="A sign-in link, or the platform's address.")] = HERE,
    token: Token = None,
    name: Annotated[str, typer.Option(help="User, where a password is asked for.")] = "owner",
) -> None:
    """Sign in at a platform, so that later commands reach it: by the link that `fenlei up` prints, by a token, or by a
    password, which is asked for. A token is made for this machine and kept in the workspace."""
    from fenlei.client.management import Platform
    from fenlei.settings import Settings

    settings = Settings.at(None)
    if token is not None:
        with Platform(where, token) as platform:
            me, secret = platform.people.me(), token
            url = platform.url
    else:
        if "#link=" in where:
            entered = Platform.by_link(where)
        else:
            entered = Platform.by_password(where, name, typer.prompt("Password", hide_input=True, err=True))
        with entered as platform:
            me, url = platform.people.me(), platform.url
            made = platform.tokens.make(f"fenlei login on {socket.gethostname()}"[:200], me.role)
            if made.secret is None:
                raise NotThere(f"{url} made a token and did not show it; make one on the console.")
            secret = made.secret
    kept = remember(settings, url, secret)
    say(f"Signed in at {url} as {me.name} ({me.role}). The token is kept in {kept}.")


def logout(
    server: Annotated[str, typer.Argument(metavar="URL", help="The platform's address.")] = HERE,
) -> None:
    """Forget the token of a platform on this machine. To make it useless everywhere, revoke it on the platform."""
    from fenlei.settings import Settings

    say(f"Signed out of {server}." if forget(Settings.at(None), server) else f"Nobody was signed in at {server}.")
