"""`fenlei models`: the models of a platform."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fenlei.cli.options import AsJson
from fenlei.cli.remote.connection import NotThere, Server, Token, connect, named
from fenlei.cli.remote.showing import show_one, show_rows

if TYPE_CHECKING:
    from fenlei.client.management import Platform

app = typer.Typer(no_args_is_help=True, help="Models of a platform.")

Version = Annotated[
    str, typer.Argument(metavar="VERSION", help="Id of a model version, or name of a model for its latest.")
]
Output = Annotated[Path, typer.Option("--output", "-o", help="The file to write.")]


@app.command("list")
def list_(server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """List the models, with their latest versions."""
    with connect(server, token) as platform:
        show_rows(
            platform.models.list(),
            [
                ("name", lambda row: row.name),
                ("latest", lambda row: row.latest.number if row.latest else None),
                ("version", lambda row: row.latest.id if row.latest else None),
            ],
            as_json=as_json,
            none="There is no model yet; `fenlei projects train` makes one.",
        )


@app.command("versions")
def versions(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Name or id.")],
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """List its versions, the latest first."""
    with connect(server, token) as platform:
        found = named(platform.models.list(), model, "model")
        show_rows(
            platform.models.versions(found.id),
            [
                ("number", lambda row: row.number),
                ("from", lambda row: row.origin),
                ("right on", lambda row: f"{row.metrics['accuracy']:.1%}" if row.metrics else None),
                ("stage", lambda row: row.stage),
                ("made", lambda row: row.created_at),
                ("id", lambda row: row.id),
            ],
            as_json=as_json,
            none="It has no version yet.",
        )


@app.command("download")
def download(version: Version, target: Output, server: Server = None, token: Token = None) -> None:
    """Save the model file."""
    with connect(server, token) as platform:
        typer.echo(platform.models.download(version_of(platform, version), target))


@app.command("export")
def export(version: Version, target: Output, server: Server = None, token: Token = None) -> None:
    """Save it as one ONNX network with a short program that needs no Fenlei."""
    with connect(server, token) as platform:
        typer.echo(platform.models.export(version_of(platform, version), target))


@app.command("upload")
def upload(
    path: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A model file, or an ONNX classifier.")],
    name: Annotated[str, typer.Option(help="Of the model.")],
    declaration: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Of an ONNX classifier: a JSON file.")
    ] = None,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Bring in a model that was made elsewhere; it is tried on the server before it is accepted."""
    said = None if declaration is None else _declared(declaration)
    with connect(server, token) as platform:
        made = platform.models.upload(path, name, declaration=said)
    show_one(made, as_json=as_json, sentence=f"Accepted as version {made.number} of {name} ({made.id}).")


def version_of(platform: Platform, wanted: str) -> str:
    """The id of a model version, by itself or by the name of its model."""
    if wanted.startswith("mv_"):
        return wanted
    found = named(platform.models.list(), wanted, "model")
    if found.latest is None:
        raise NotThere(f"The model {wanted!r} has no version yet.")
    return found.latest.id


def _declared(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except ValueError as exc:
        raise NotThere(f"{path} is no JSON: {exc}.") from exc
    if not isinstance(found, dict):
        raise NotThere(f"{path} has no declaration in it; a JSON object with labels, size, mean, std and outputs is.")
    return found
