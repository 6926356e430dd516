"""`fenlei deployments`: names under which models answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fenlei.cli.console import out, say
from fenlei.cli.options import AsJson
from fenlei.cli.remote.connection import Server, Token, connect, named
from fenlei.cli.remote.models import Version, version_of
from fenlei.cli.remote.showing import show_one, show_rows

if TYPE_CHECKING:
    from fenlei.client.management import Platform

app = typer.Typer(no_args_is_help=True, help="Deployments of a platform.")

Name = Annotated[str, typer.Argument(metavar="DEPLOYMENT", help="Name or id.")]


@app.command("list")
def list_(server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """List the deployments."""
    with connect(server, token) as platform:
        show_rows(
            platform.deployments.list(),
            [
                ("name", lambda row: row.name),
                ("wanted", lambda row: row.state),
                ("stands", lambda row: row.condition.state if row.condition else None),
                ("open", lambda row: "yes" if row.open else "no"),
                ("model version", lambda row: row.model_version_id),
            ],
            as_json=as_json,
            none="There is no deployment yet; `fenlei deployments publish VERSION NAME` makes one.",
        )


@app.command("publish")
def publish(
    version: Version,
    name: Annotated[str, typer.Argument(help="Last segment of the URL: 1 to 64 of a-z 0-9 - _.")],
    open_: Annotated[bool | None, typer.Option("--open/--keyed", help="Whether no key is needed.")] = None,
    envelope: Annotated[str | None, typer.Option(help="plain or gateway.")] = None,
    status: Annotated[str | None, typer.Option(help="documented or rest.")] = None,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Let a model version answer under a name; the URL stays when another version follows."""
    with connect(server, token) as platform:
        made = platform.deployments.publish(
            version_of(platform, version), name, open_=open_, envelope=envelope, status_style=status
        )
    if not as_json:
        say("The prediction URL; its key is shown now and never again:" if made.key else "The prediction URL:")
    show_one(made, as_json=as_json, sentence=made.url)


@app.command("show")
def show(deployment: Name, server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """Show its URL, its keys, and a program that calls it."""
    with connect(server, token) as platform:
        page = platform.deployments.detail(_id(platform, deployment))
    if as_json:
        show_one(page, as_json=True, sentence="")
        return
    out.print(page.url, markup=False, soft_wrap=True)
    show_rows(
        page.keys,
        [("key", lambda row: f"{row.beginning}…"), ("name", lambda row: row.name), ("id", lambda row: row.id)],
        as_json=False,
        none="Anybody may call it."
        if page.deployment.open
        else "It has no key; make one with `fenlei deployments key`.",
    )
    if page.samples:
        out.print(page.samples[0].text, markup=False, soft_wrap=True)


@app.command("stop")
def stop(deployment: Name, server: Server = None, token: Token = None) -> None:
    """Answer 1100 from now on."""
    with connect(server, token) as platform:
        platform.deployments.stop(_id(platform, deployment))
    say(f"{deployment} is stopped.")


@app.command("start")
def start(deployment: Name, server: Server = None, token: Token = None) -> None:
    """Answer again."""
    with connect(server, token) as platform:
        platform.deployments.start(_id(platform, deployment))
    say(f"{deployment} answers.")


@app.command("rollback")
def rollback(
    deployment: Name,
    to: Annotated[str | None, typer.Option(metavar="VERSION", help="Id; without it, the one before.")] = None,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Let a version answer again that did before."""
    with connect(server, token) as platform:
        back = platform.deployments.roll_back(_id(platform, deployment), to)
    show_one(back, as_json=as_json, sentence=f"{back.model_version_id} answers for {back.name} again.")


@app.command("key")
def key(
    deployment: Name,
    name: Annotated[str, typer.Option(help="Such as who gets it.")] = "",
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Make another key; it is shown now and never again."""
    with connect(server, token) as platform:
        made = platform.deployments.make_key(_id(platform, deployment), name)
    show_one(made, as_json=as_json, sentence=made.url or "")


@app.command("revoke")
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="KEY", help="Id of the key.")],
    server: Server = None,
    token: Token = None,
) -> None:
    """Make a key useless at once."""
    with connect(server, token) as platform:
        platform.deployments.revoke_key(key_id)
    say(f"{key_id} opens nothing any more.")


@app.command("history")
def history(deployment: Name, server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """List what was done to it, the latest first."""
    with connect(server, token) as platform:
        show_rows(
            platform.deployments.history(_id(platform, deployment)),
            [
                ("when", lambda row: row.at),
                ("what", lambda row: row.action),
                ("model version", lambda row: row.model_version_id),
                ("by", lambda row: row.by),
            ],
            as_json=as_json,
            none="Nothing was done to it.",
        )


@app.command("delete")
def delete(deployment: Name, server: Server = None, token: Token = None) -> None:
    """Delete a deployment; its URL does not answer any more."""
    with connect(server, token) as platform:
        platform.deployments.delete(_id(platform, deployment))
    say(f"Deleted {deployment}.")


def _id(platform: Platform, wanted: str) -> str:
    return named(platform.deployments.list(), wanted, "deployment").id
