"""`fenlei deployments`: names under which models answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fenlei.cli.console import out, say
from fenlei.cli.options import AsJson
from fenlei.cli.remote.connection import NotThere, Server, Token, connect, named
from fenlei.cli.remote.models import Version, version_of
from fenlei.cli.remote.showing import show_one, show_rows

if TYPE_CHECKING:
    from fenlei.client.management import Platform
    from fenlei.client.management.model_records import Published

app = typer.Typer(no_args_is_help=True, help="Deployments of a platform.")

Name = Annotated[str, typer.Argument(metavar="DEPLOYMENT", help="Name or id.")]
Open = Annotated[bool | None, typer.Option("--open/--keyed", help="Whether no key is needed.")]
Envelope = Annotated[str | None, typer.Option(help="plain or gateway.")]
Status = Annotated[str | None, typer.Option(help="documented or rest.")]
UnknownAs = Annotated[
    str | None,
    typer.Option(metavar="CLASS", help="Answer pictures of nothing known with this class; '' for none."),
]
Decide = Annotated[
    bool | None,
    typer.Option(
        "--decide/--no-decide",
        help="Whether the model's thresholds have a say in the answer; those by precision need --unknown-as.",
    ),
]


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
    open_: Open = None,
    envelope: Envelope = None,
    status: Status = None,
    unknown_as: UnknownAs = None,
    decide: Decide = None,
    instead: Annotated[
        bool, typer.Option("--instead", help="Although the model of another project answers there now.")
    ] = False,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Let a model version answer under a name; the URL stays when another version follows."""
    with connect(server, token) as platform:
        wanted, deployments = version_of(platform, version), platform.deployments
        if instead:
            made = deployments.publish_to(
                _id(platform, name),
                wanted,
                open_=open_,
                envelope=envelope,
                status_style=status,
                unknown_as=unknown_as,
                decide=decide,
            )
        else:
            made = deployments.publish(
                wanted,
                name,
                open_=open_,
                envelope=envelope,
                status_style=status,
                unknown_as=unknown_as,
                decide=decide,
            )
    _show_url(made, as_json=as_json)


@app.command("change")
def change(
    deployment: Name,
    open_: Open = None,
    envelope: Envelope = None,
    status: Status = None,
    unknown_as: UnknownAs = None,
    decide: Decide = None,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Change how it is called and answers; what is not named stays, and so does the model."""
    with connect(server, token) as platform:
        made = platform.deployments.change(
            _id(platform, deployment),
            open_=open_,
            envelope=envelope,
            status_style=status,
            unknown_as=unknown_as,
            decide=decide,
        )
    _show_url(made, as_json=as_json)


@app.command("show")
def show(
    deployment: Name,
    language: Annotated[str, typer.Option(help="Of the program: curl, python, java, javascript, go or php.")] = "curl",
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Show its URL, its keys, what may be sent to it, and a program that calls it."""
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
    limits = page.limits
    out.print(
        f"{limits['method']} {limits['content_type']}; a {' or '.join(limits['formats'])} file of at most "
        f"{limits['max_file_bytes']} bytes, sides of {limits['min_side']} to {limits['max_side']} pixels, the longer "
        f"at most {limits['max_ratio']:g} times the shorter.",
        markup=False,
        soft_wrap=True,
    )
    program = next((each for each in page.samples if each.language == language.lower()), None)
    if program is None:
        known = ", ".join(each.language for each in page.samples)
        raise NotThere(f"There is no program in {language!r}; there are {known}.")
    out.print(program.text, markup=False, soft_wrap=True)


@app.command("try")
def try_(
    deployment: Name,
    picture: Annotated[
        Path | None,
        typer.Argument(exists=True, dir_okay=False, help="Without it, a picture that travels with the model."),
    ] = None,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Send a picture through its public door, without a key; exits with 1 when that does not answer as it should."""
    with connect(server, token) as platform:
        tried = platform.deployments.try_out(_id(platform, deployment), picture)
    answer = tried.answer.get("data", tried.answer)
    predicted = answer.get("predictResult")
    said = f"{answer['code']} {answer.get('message', '')}" if predicted is None else predicted["prediction"]
    agrees = {None: "", True: "; the scores are those it had when it was made", False: "; the scores are other ones"}
    show_one(tried, as_json=as_json, sentence=f"{said}, in {tried.seconds:.3f} s{agrees[tried.agrees]}.")
    if predicted is None or tried.agrees is False:
        raise typer.Exit(1)


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


def _show_url(made: Published, *, as_json: bool) -> None:
    if not as_json:
        say("The prediction URL; its key is shown now and never again:" if made.key else "The prediction URL:")
    show_one(made, as_json=as_json, sentence=made.url)


def _id(platform: Platform, wanted: str) -> str:
    return named(platform.deployments.list(), wanted, "deployment").id
