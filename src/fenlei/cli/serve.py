"""`fenlei serve MODEL…`: answer the prediction contract over HTTP until told to stop."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fenlei.cli.console import say
from fenlei.cli.options import Workspace
from fenlei.contract.wire import Envelope, StatusStyle

if TYPE_CHECKING:
    from fenlei.app import Ready


def serve(
    models: Annotated[list[Path], typer.Argument(metavar="MODEL…", help="Model files.")],
    name: Annotated[
        list[str] | None,
        typer.Option(help="Last part of the URL; once per model.  [default: the file's name]"),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 lets other machines in.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8000,
    key: Annotated[str | None, typer.Option(help="App key callers must send.  [default: one is made]")] = None,
    is_open: Annotated[bool, typer.Option("--open", help="Ask callers for no key.")] = False,
    envelope: Annotated[
        Envelope, typer.Option(help="plain: the document's answer. gateway: inside the original gateway's object.")
    ] = Envelope.PLAIN,
    status: Annotated[
        StatusStyle, typer.Option(help="documented: HTTP 200 for every documented code. rest: a status that fits.")
    ] = StatusStyle.DOCUMENTED,
    unknown_as: Annotated[
        str | None,
        typer.Option(
            metavar="CLASS",
            help="Answer pictures of nothing known with this class of the model.  [default: like any other]",
        ),
    ] = None,
    decide: Annotated[
        bool,
        typer.Option(
            "--decide",
            help="Let the model's thresholds have a say in which class is answered; those by precision need "
            "--unknown-as.",
        ),
    ] = False,
    workspace: Workspace = None,
) -> None:
    """Serve models: POST a base64 picture, get a class. Ctrl-C or SIGTERM ends it when what is in flight is done."""
    if key is not None and is_open:
        raise typer.BadParameter("--key and --open exclude each other.")
    if name and len(name) != len(models):
        raise typer.BadParameter(
            f"--name was given {len(name)} times for {len(models)} models; give it once per model, or not at all."
        )

    from fenlei.app import ServedModel, serve
    from fenlei.settings import Settings

    served = [ServedModel(path, name[number] if name else None) for number, path in enumerate(models)]
    serve(
        served,
        Settings.at(workspace),
        host=host,
        port=port,
        key=key,
        open_=is_open,
        envelope=envelope,
        status=status,
        unknown_as=unknown_as,
        decide=decide,
        on_ready=announce,
    )


def announce(ready: Ready) -> None:
    """Print the complete URLs, on stdout and alone, so that a script can take them; the rest goes to stderr."""
    for address in ready.addresses:
        typer.echo(address.url)
    if ready.key_made:
        say("The key in the URL was made for this run and is shown this once; --key keeps one of yours.")
    elif ready.key is None:
        say("Open: whoever reaches this address gets answers.")
