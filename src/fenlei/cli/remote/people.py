"""`fenlei people`: who may do what on a platform, and who did what. For owners."""

from __future__ import annotations

from itertools import islice
from typing import Annotated

import typer

from fenlei.cli.console import say
from fenlei.cli.options import AsJson
from fenlei.cli.remote.connection import Server, Token, connect, named
from fenlei.cli.remote.showing import show_one, show_rows

app = typer.Typer(no_args_is_help=True, help="People of a platform.")

Name = Annotated[str, typer.Argument(metavar="PERSON", help="Name or id.")]
Role = Annotated[str | None, typer.Option(help="viewer, labeller, editor or owner.")]


@app.command("list")
def list_(server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """List everybody."""
    with connect(server, token) as platform:
        show_rows(
            platform.people.list(),
            [
                ("name", lambda row: row.name),
                ("role", lambda row: row.role),
                ("password", lambda row: "set" if row.password_set else "none"),
                ("disabled", lambda row: row.disabled_at),
                ("id", lambda row: row.id),
            ],
            as_json=as_json,
            none="There is nobody.",
        )


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Nobody else has it, in whatever case.")],
    role: Annotated[str, typer.Option(help="viewer, labeller, editor or owner.")] = "viewer",
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Add a person; prints a link that signs them in once, within a day, and lets them set a password."""
    with connect(server, token) as platform:
        added = platform.people.add(name, role)
        link = platform.people.sign_in_link(added.id)
    if not as_json:
        say(f"Added {added.name} ({added.role}). This signs them in once, within a day:")
    show_one({"user": added, "link": link}, as_json=as_json, sentence=link)


@app.command("change")
def change(
    person: Name,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    role: Role = None,
    disabled: Annotated[
        bool | None, typer.Option("--disable/--enable", help="Whether they are kept out; disabling signs them out.")
    ] = None,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Rename a person, change their role, keep them out or let them in again."""
    with connect(server, token) as platform:
        found = named(platform.people.list(), person, "person")
        now = platform.people.change(found.id, name=name, role=role, disabled=disabled, revision=found.revision)
    state = "disabled" if now.disabled_at else "let in"
    show_one(now, as_json=as_json, sentence=f"{now.name} is {now.role}, and {state}.")


@app.command("link")
def link(person: Name, server: Server = None, token: Token = None) -> None:
    """Print a link that signs a person in once, within a day: for whoever is new, or has forgotten the password."""
    with connect(server, token) as platform:
        typer.echo(platform.people.sign_in_link(named(platform.people.list(), person, "person").id))


@app.command("audit")
def audit(
    about: Annotated[str | None, typer.Option(metavar="ID", help="Only what was done to this.")] = None,
    by: Annotated[str | None, typer.Option(metavar="PERSON", help="Only what this person did; name or id.")] = None,
    most: Annotated[int, typer.Option("--most", min=1, help="So many of the latest.")] = 100,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """List the changes of the platform, the latest first: when, who, what."""
    with connect(server, token) as platform:
        user = None if by is None else named(platform.people.list(), by, "person").id
        show_rows(
            islice(platform.people.audit(object_id=about, user_id=user), most),
            [
                ("when", lambda row: row.at),
                ("who", lambda row: row.user_name),
                ("what", lambda row: row.action),
                ("to", lambda row: row.object_id),
            ],
            as_json=as_json,
            none="Nothing was changed.",
        )
