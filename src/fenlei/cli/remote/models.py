"""`fenlei models`: the models of a platform."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fenlei.cli.console import out, printable, say
from fenlei.cli.options import AsJson
from fenlei.cli.remote import bringing
from fenlei.cli.remote.connection import NotThere, Server, Token, connect, named
from fenlei.cli.remote.showing import show_one, show_rows

if TYPE_CHECKING:
    from fenlei.client.management import Platform

app = typer.Typer(no_args_is_help=True, help="Models of a platform.")
app.command("upload")(bringing.upload)
app.command("check")(bringing.check)

Name = Annotated[str, typer.Argument(metavar="MODEL", help="Name or id.")]
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
def versions(model: Name, server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
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
                ("tags", lambda row: ", ".join(row.tags)),
                ("made", lambda row: row.created_at),
                ("id", lambda row: row.id),
            ],
            as_json=as_json,
            none="It has no version yet.",
        )


@app.command("show")
def show(version: Version, server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """Show a version: what it is worth, what is said of it, and where it came from."""
    with connect(server, token) as platform:
        found = platform.models.version(version_of(platform, version))
    if as_json:
        show_one(found, as_json=True, sentence="")
        return
    lineage = found.lineage
    data = lineage.get("dataset") or {}
    told = {
        "labels": ", ".join(found.labels),
        "right on": f"{found.metrics['accuracy']:.1%} of held-out pictures" if found.metrics else None,
        "stage": found.stage,
        "tags": ", ".join(found.tags),
        "note": found.note,
        "data": f"{data['name']}, version {data['version']} ({data['digest']})" if data else None,
        "pipeline": lineage.get("pipeline"),
        "seed": lineage.get("seed"),
        "made by": f"Fenlei {lineage['fenlei']}" if lineage.get("fenlei") else None,
    }
    out.print(f"{found.id}: version {found.number}, from {found.origin}", markup=False, soft_wrap=True)
    for what, value in told.items():
        if value not in {None, ""}:
            out.print(f"  {what}: {printable(str(value))}", markup=False, soft_wrap=True)


@app.command("describe")
def describe(
    version: Version,
    note: Annotated[str | None, typer.Option(help="Whatever people want to know about it.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="All its tags, anew; an empty one takes them off.")] = None,
    stage: Annotated[str | None, typer.Option(help="candidate, production, retired, or empty.")] = None,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Say something else about a version; what is not named stays."""
    tags = None if tag is None else [each for each in tag if each]
    with connect(server, token) as platform:
        said = platform.models.describe(version_of(platform, version), note=note, tags=tags, stage=stage)
    words = ", ".join(filter(None, [said.stage, *said.tags, said.note])) or "nothing"
    show_one(said, as_json=as_json, sentence=f"Of version {said.number} it is said: {printable(words)}.")


@app.command("rename")
def rename(
    model: Name,
    name: Annotated[str, typer.Argument(metavar="NAME", help="No other model has it.")],
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Give a model another name. Deployments keep theirs."""
    with connect(server, token) as platform:
        changed = platform.models.change(named(platform.models.list(), model, "model").id, name=name)
    show_one(changed, as_json=as_json, sentence=f"It is called {changed.name} now.")


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


@app.command("report")
def report(version: Version, target: Output, server: Server = None, token: Token = None) -> None:
    """Save the report of its training as one page."""
    with connect(server, token) as platform:
        typer.echo(platform.models.save_report(version_of(platform, version), target))


@app.command("explain")
def explain(
    version: Version,
    picture: Annotated[Path, typer.Argument(metavar="PICTURE", help="A picture file.")],
    target: Output,
    label: Annotated[
        str | None, typer.Option("--class", metavar="CLASS", help="Explain this class.  [default: what it is called]")
    ] = None,
    server: Server = None,
    token: Token = None,
) -> None:
    """Draw which parts of a picture speak for a class, and which against it."""
    with connect(server, token) as platform:
        found = platform.models.explain(version_of(platform, version), picture, label)
    target.write_bytes(base64.b64decode(found.map))
    out.print(f"{printable(found.label)}: {found.scores[found.label]:.1%}", markup=False, soft_wrap=True)


@app.command("delete")
def delete(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Name or id; the id of a version deletes that alone.")],
    everything: Annotated[bool, typer.Option("--everything", help="Although it has versions.")] = False,
    server: Server = None,
    token: Token = None,
) -> None:
    """Delete a model, or one version. None of them may answer for a deployment."""
    with connect(server, token) as platform:
        if model.startswith("mv_"):
            platform.models.delete_version(model)
        else:
            platform.models.delete(named(platform.models.list(), model, "model").id, everything=everything)
    say(f"Deleted {model}.")


def version_of(platform: Platform, wanted: str) -> str:
    """The id of a model version, by itself or by the name of its model."""
    if wanted.startswith("mv_"):
        return wanted
    found = named(platform.models.list(), wanted, "model")
    if found.latest is None:
        raise NotThere(f"The model {wanted!r} has no version yet.")
    return found.latest.id
