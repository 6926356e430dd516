"""`fenlei backbones list|fetch`: which feature networks are here, and how to get others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich.markup import escape
from rich.table import Table

from fenlei.cli.console import out, say
from fenlei.cli.options import AsJson, Workspace
from fenlei.cli.progress import progress

if TYPE_CHECKING:
    from fenlei.backbones import Backbone, Report

app = typer.Typer(help="Feature networks: list them, fetch them.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list")
def list_(as_json: AsJson = False, workspace: Workspace = None) -> None:
    """Show the backbones of the catalogue and those in the cache: licence, size, and whether they are ready."""
    from fenlei.backbones import CATALOGUE, available, kept
    from fenlei.settings import Settings

    cache = Settings.at(workspace).cache
    rows: list[dict[str, Any]] = [
        {
            "id": info.id,
            "licence": info.licence,
            "sizes": list(info.sizes),
            "parameters": info.parameters,
            "file_bytes": info.file_bytes,
            "state": state.said,
            "usable": state.usable,
            "remedy": state.remedy,
        }
        for info, state in available(cache)
    ]
    rows += [
        {
            "id": backbone.id,
            "licence": backbone.licence,
            "sizes": [backbone.size],
            "parameters": None,
            "file_bytes": backbone.network.stat().st_size,
            "state": f"ready at {backbone.size} pixels",
            "usable": True,
            "remedy": "",
        }
        for backbone in kept(cache)
        if backbone.id not in CATALOGUE
    ]
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(rows), indent=2))
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("name", "licence", "sizes", "parameters", "file", "state"):
        table.add_column(heading, justify="right" if heading in {"parameters", "file"} else "left", overflow="fold")
    for row in rows:
        table.add_row(
            escape(row["id"]),
            escape(row["licence"]),
            " ".join(map(str, row["sizes"])),
            f"{row['parameters'] / 1e6:.1f} M" if row["parameters"] else "",
            f"{row['file_bytes'] / 1e6:.1f} MB",
            escape(f"{row['state']} → {row['remedy']}" if row["remedy"] else row["state"]),
        )
    out.print(table)


@app.command("fetch")
def fetch(
    names: Annotated[
        list[str],
        typer.Argument(metavar="NAME…", help="Names of the catalogue, files, or Hugging Face hub ids as hf:org/name."),
    ],
    size: Annotated[
        list[int] | None,
        typer.Option(
            min=32,
            max=1024,
            help="Input size in pixels; may be given several times.  [default: its own; of a hub another one too]",
        ),
    ] = None,
    as_json: AsJson = False,
    workspace: Workspace = None,
) -> None:
    """Make backbones ready in the workspace's cache, so that later training and serving need no network.

    A name on a hub is looked up again, even when the cache holds it: its main branch may have moved on. It is made
    ready at two input sizes, its own and one of about half the work, and a search tries both; `--size` makes it ready
    at that one only.
    """
    from fenlei.backbones import fetched
    from fenlei.settings import Settings

    cache = Settings.at(workspace).cache
    sides: list[int | None] = [*dict.fromkeys(size or ())] or [None]
    ready: list[Backbone] = []
    for name in names:
        found: list[Backbone] = []
        with progress(quiet=as_json) as report:
            for side in sides:
                found += _have_ready(name, side, cache, report)
        ready += found
        if as_json:
            continue
        for each in found:
            mega = each.network.stat().st_size / 1e6
            out.print(
                f"{each.id} at {each.size} px: {each.licence}, {each.width} features, {mega:.1f} MB, "
                f"sha256 {each.digest[:16]}…",
                markup=False,
                soft_wrap=True,
            )
        sizes = fetched(cache).get(name)
        if not size and sizes is not None and sizes.refused is not None:
            say(f"A search tries it at {sizes.own} pixels only: {sizes.why}")
    if as_json:
        typer.echo(
            msgspec.json.format(
                msgspec.json.encode([{**msgspec.to_builtins(b), "network": str(b.network)} for b in ready]), indent=2
            )
        )


def _have_ready(name: str, size: int | None, cache: Path, report: Report) -> list[Backbone]:
    """The backbone, or, where it cannot be fetched again, what the cache has of it."""
    from fenlei.backbones import BackboneError, fetch, fetched, open_backbone

    try:
        return fetch(name, size=size, cache=cache, report=report)
    except BackboneError as exc:
        try:
            found = [open_backbone(name, size=size, cache=cache, allow_network=False)]
            if size is None and (sizes := fetched(cache).get(name)) is not None:
                found += [open_backbone(name, size=each, cache=cache, allow_network=False) for each in sizes.others]
        except BackboneError:
            raise exc from None
        say(f"{exc} The copy in the cache stays as it is.")
        return found
