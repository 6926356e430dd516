"""`fenlei pictures`: the pictures of a data set, one or thousands at a time."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from fenlei.cli.console import say
from fenlei.cli.options import AsJson
from fenlei.cli.remote.choosing import (
    All,
    Ids,
    InClass,
    InPart,
    WithFinding,
    WithoutClass,
    WithText,
    chosen,
    class_of,
    conditions,
    dataset_of,
)
from fenlei.cli.remote.connection import Server, Token, connect
from fenlei.cli.remote.showing import show_one, show_rows

app = typer.Typer(no_args_is_help=True, help="Pictures of a data set. `fenlei datasets undo` takes changes back.")

Dataset = Annotated[str, typer.Argument(metavar="DATASET", help="Name or id.")]
Removed = Annotated[bool, typer.Option("--removed", help="The removed ones instead.")]


@app.command("list")
def list_(
    dataset: Dataset,
    in_class: InClass = None,
    without_class: WithoutClass = False,
    part: InPart = None,
    check: WithFinding = None,
    text: WithText = None,
    removed: Removed = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """List pictures, the oldest first."""
    with connect(server, token) as platform:
        found = dataset_of(platform, dataset)
        classes = {each.id: each.name for each in platform.labels.list(found.id)}
        wanted = conditions(
            platform, found.id, in_class=in_class, without_class=without_class, part=part, check=check, text=text
        )
        rows = list(islice(platform.pictures.list(found.id, removed=removed, **wanted), limit + 1))
    show_rows(
        rows[:limit],
        [
            ("id", lambda row: row.id),
            ("name", lambda row: row.name),
            ("class", lambda row: classes.get(row.label_id)),
            ("part", lambda row: row.split),
            ("size", lambda row: f"{row.width} × {row.height}"),
        ],
        as_json=as_json,
        none="There are no such pictures.",
    )
    if len(rows) > limit:
        say(f"There are more; --limit shows more than {limit}.")


@app.command("label")
def label(
    dataset: Dataset,
    to: Annotated[str, typer.Argument(metavar="CLASS", help="The class they get; '' for none.")],
    ids: Ids = None,
    in_class: InClass = None,
    without_class: WithoutClass = False,
    part: InPart = None,
    check: WithFinding = None,
    text: WithText = None,
    everything: All = False,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Give pictures a class, or none."""
    with connect(server, token) as platform:
        found = dataset_of(platform, dataset).id
        wanted = conditions(
            platform, found, in_class=in_class, without_class=without_class, part=part, check=check, text=text
        )
        which = chosen(ids, wanted, everything)
        outcome = platform.pictures.label(found, which, class_of(platform, found, to) if to else None)
    show_one(outcome, as_json=as_json, sentence=f"{outcome.pictures} pictures have another class now.")


@app.command("part")
def part_(
    dataset: Dataset,
    to: Annotated[str, typer.Argument(metavar="PART", help="train, validation, test, or none.")],
    ids: Ids = None,
    in_class: InClass = None,
    without_class: WithoutClass = False,
    part: InPart = None,
    check: WithFinding = None,
    text: WithText = None,
    everything: All = False,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Put pictures into a part, or out of any; `fenlei datasets split` does it for all."""
    with connect(server, token) as platform:
        found = dataset_of(platform, dataset).id
        wanted = conditions(
            platform, found, in_class=in_class, without_class=without_class, part=part, check=check, text=text
        )
        outcome = platform.pictures.put_into(found, chosen(ids, wanted, everything), None if to == "none" else to)
    show_one(outcome, as_json=as_json, sentence=f"{outcome.pictures} pictures are in another part now.")


@app.command("move")
def move(
    dataset: Dataset,
    to: Annotated[str, typer.Argument(metavar="OTHER", help="Name or id of the data set they go to.")],
    ids: Ids = None,
    in_class: InClass = None,
    without_class: WithoutClass = False,
    part: InPart = None,
    check: WithFinding = None,
    text: WithText = None,
    everything: All = False,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Move pictures to another data set; they keep their class by its name."""
    with connect(server, token) as platform:
        found = dataset_of(platform, dataset).id
        wanted = conditions(
            platform, found, in_class=in_class, without_class=without_class, part=part, check=check, text=text
        )
        moved = platform.pictures.move(found, chosen(ids, wanted, everything), dataset_of(platform, to).id)
    sentence = f"{moved.pictures} pictures moved, {moved.renamed} of them under another name"
    show_one(moved, as_json=as_json, sentence=f"{sentence}; {moved.already_there} were there already.")


@app.command("remove")
def remove(
    dataset: Dataset,
    ids: Ids = None,
    in_class: InClass = None,
    without_class: WithoutClass = False,
    part: InPart = None,
    check: WithFinding = None,
    text: WithText = None,
    everything: All = False,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Take pictures out of a data set; `restore` puts them back."""
    with connect(server, token) as platform:
        found = dataset_of(platform, dataset).id
        wanted = conditions(
            platform, found, in_class=in_class, without_class=without_class, part=part, check=check, text=text
        )
        outcome = platform.pictures.remove(found, chosen(ids, wanted, everything))
    show_one(outcome, as_json=as_json, sentence=f"{outcome.pictures} pictures removed.")


@app.command("restore")
def restore(
    dataset: Dataset,
    ids: Ids = None,
    text: WithText = None,
    everything: All = False,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Put removed pictures back."""
    with connect(server, token) as platform:
        found = dataset_of(platform, dataset).id
        outcome = platform.pictures.restore(found, chosen(ids, {} if text is None else {"text": text}, everything))
    show_one(outcome, as_json=as_json, sentence=f"{outcome.pictures} pictures are there again.")


@app.command("rename")
def rename(
    picture: Annotated[int, typer.Argument(metavar="PICTURE", help="Its id.")],
    name: Annotated[str, typer.Argument(help="No other picture of the data set has it.")],
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Give a picture another name."""
    with connect(server, token) as platform:
        outcome = platform.pictures.rename(picture, name)
    show_one(outcome, as_json=as_json, sentence=f"It is called {name} now.")


@app.command("save")
def save(
    picture: Annotated[int, typer.Argument(metavar="PICTURE", help="Its id.")],
    target: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")],
    side: Annotated[
        int | None, typer.Option(min=1, max=512, help="Save it small, as WebP: pixels of the longer side.")
    ] = None,
    server: Server = None,
    token: Token = None,
) -> None:
    """Save a picture as it came, or small."""
    with connect(server, token) as platform:
        if side is None:
            platform.pictures.save(picture, target)
        else:
            platform.pictures.save_thumbnail(picture, target, side=side)
    say(f"Wrote {target}.")
