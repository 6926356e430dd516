"""Which graph a command is about: a file, or a template on a folder of pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.table import Table

from fenlei.cli.console import out, say
from fenlei.contract.errors import FenleiError

if TYPE_CHECKING:
    from fenlei.model.graphs import Workbench
    from fenlei.pipelines.graph import Graph


def graph_of(
    bench: Workbench, graph: Path | None, template: str | None, data: Path | None, publish: str | None
) -> Graph:
    """The graph that was named, brought to the node types that are here.

    Raises:
        FenleiError: none was named, or two, or it cannot be read.
    """
    if (graph is None) == (template is None):
        raise FenleiError("Name a graph's file, or a template by --template; `fenlei run --templates` lists them.")
    if template is None:
        if data is not None or publish is not None:
            raise FenleiError("--data and --publish go with --template; a graph's file says both by itself.")
    elif data is None:
        raise FenleiError("A template needs pictures: name a folder of class folders, or a zip of these, by --data.")
    if graph is None:
        return _drawn(str(template), Path(data or ""), publish)
    opened = bench.read(graph)
    for node, sentence in opened.changed.items():
        say(f"{node}: {sentence}")
    return opened.graph


def _drawn(name: str, data: Path, publish: str | None) -> Graph:
    from fenlei.pipelines.graph import Node
    from fenlei.pipelines.templates.shelf import template

    return template(name).graph(Node(id="pictures", type="data.folder", params={"path": str(data)}), publish=publish)


def list_templates() -> None:
    """Every template: its name and when it is the right one."""
    from fenlei.pipelines.templates.shelf import TEMPLATES

    table = Table.grid(padding=(0, 2))
    for each in TEMPLATES.values():
        table.add_row(each.name, each.help.en)
    out.print(table)


def write(path: Path, text: bytes, what: str) -> None:
    """Write a graph or a script; `-` is standard output.

    Raises:
        FenleiError: it cannot be written.
    """
    if str(path) == "-":
        typer.echo(text.decode(), nl=False)
        return
    try:
        path.write_bytes(text)
    except OSError as exc:
        raise FenleiError(f"{path} cannot be written: {exc.strerror or exc}.") from exc
    say(f"{path} has {what}.")
