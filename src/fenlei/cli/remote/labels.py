"""`fenlei labels`: the classes of a data set."""

from __future__ import annotations

from typing import Annotated

import typer

from fenlei.cli.options import AsJson
from fenlei.cli.remote.choosing import class_of, dataset_of
from fenlei.cli.remote.connection import Server, Token, connect
from fenlei.cli.remote.showing import show_one, show_rows

app = typer.Typer(no_args_is_help=True, help="Classes of a data set. `fenlei datasets undo` takes changes back.")

Dataset = Annotated[str, typer.Argument(metavar="DATASET", help="Name or id.")]
Class = Annotated[str, typer.Argument(metavar="CLASS", help="Name or id.")]


@app.command("list")
def list_(dataset: Dataset, server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """List the classes in their order."""
    with connect(server, token) as platform:
        show_rows(
            platform.labels.list(dataset_of(platform, dataset).id),
            [("class", lambda row: row.name), ("id", lambda row: row.id)],
            as_json=as_json,
            none="It has no class yet; make one with `fenlei labels add DATASET CLASS`.",
        )


@app.command("add")
def add(
    dataset: Dataset,
    name: Annotated[str, typer.Argument(help="No other class of it has it.")],
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Declare a class, behind the others."""
    with connect(server, token) as platform:
        made = platform.labels.add(dataset_of(platform, dataset).id, name)
    show_one(made, as_json=as_json, sentence=f"Declared the class {made.name} ({made.id}).")


@app.command("rename")
def rename(
    dataset: Dataset,
    label: Class,
    name: Annotated[str, typer.Argument(help="No other class of it has it.")],
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Give a class another name."""
    with connect(server, token) as platform:
        found = dataset_of(platform, dataset).id
        renamed = platform.labels.rename(found, class_of(platform, found, label), name)
    show_one(renamed, as_json=as_json, sentence=f"{label} is called {renamed.name} now.")


@app.command("merge")
def merge(
    dataset: Dataset,
    into: Annotated[str, typer.Argument(metavar="INTO", help="The class that stays, by name or id.")],
    labels: Annotated[list[str], typer.Argument(metavar="CLASS...", help="Those that go.")],
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Make several classes one: their pictures get the class that stays."""
    with connect(server, token) as platform:
        found = dataset_of(platform, dataset).id
        going = [class_of(platform, found, each) for each in labels]
        outcome = platform.labels.merge(found, going, class_of(platform, found, into))
    show_one(outcome, as_json=as_json, sentence=f"{outcome.pictures} pictures are {into} now.")


@app.command("order")
def order(
    dataset: Dataset,
    labels: Annotated[list[str], typer.Argument(metavar="CLASS...", help="Every class, by name or id.")],
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Put the classes in another order. Models that are trained from then on have it."""
    with connect(server, token) as platform:
        found = dataset_of(platform, dataset).id
        outcome = platform.labels.order(found, [class_of(platform, found, each) for each in labels])
    show_one(outcome, as_json=as_json, sentence=f"The order is {', '.join(labels)}.")


@app.command("delete")
def delete(dataset: Dataset, label: Class, server: Server = None, token: Token = None) -> None:
    """Delete a class. Its pictures stay, without a class."""
    with connect(server, token) as platform:
        found = dataset_of(platform, dataset).id
        platform.labels.delete(found, class_of(platform, found, label))
    typer.echo(f"Deleted the class {label}.")
