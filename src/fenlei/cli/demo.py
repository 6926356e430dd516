"""`fenlei demo`: from nothing to a working URL, on real handwritten digits. `make run` calls it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fenlei.cli.console import say, shell_quote
from fenlei.cli.options import Workspace
from fenlei.cli.progress import progress
from fenlei.cli.serve import announce
from fenlei.cli.train import summarise

if TYPE_CHECKING:
    from fenlei.app import Ready

HOST = "127.0.0.1"
NAME = "digits"


def demo(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on; `make run PORT=N`.")] = 8000,
    workspace: Workspace = None,
) -> None:
    """Train on real handwritten digits, serve them, and print a curl line that works."""
    from fenlei.app import PortTaken, ServedModel, serve
    from fenlei.app.server import bind
    from fenlei.datasets.digits import write_digits
    from fenlei.settings import Settings

    settings = Settings.at(workspace)
    try:
        bind(HOST, port).close()
    except PortTaken as exc:
        raise PortTaken(f"{exc} With make: `make run PORT={port + 1}`.") from exc
    place = settings.workspace / "demo"
    model = place / f"{NAME}.fenlei"
    pictures = write_digits(place / NAME)
    if not _is_whole(model):
        say(f"Learning from {pictures}: the handwritten digits that scikit-learn carries.")
        _learn(pictures, model, settings.workspace)

    def ready(now: Ready) -> None:
        say("The prediction URL:")
        announce(now)
        say("Ask it for the class of a picture; paste this into another terminal:")
        typer.echo(_curl(sorted((pictures / "3").iterdir())[0], now.addresses[0].url))
        say("Ctrl-C ends it.")

    serve([ServedModel(model, NAME)], settings, host=HOST, port=port, on_ready=ready)


def _curl(picture: Path, url: str) -> str:
    """One line for a POSIX shell with base64 and curl, as macOS and Linux have them."""
    body = f'"{{\\"base64\\":\\"$(base64 < {shell_quote(picture)} | tr -d \'\\n\')\\"}}"'
    return f"curl -s -H 'Content-Type: application/json;charset=UTF-8' -d {body} {shell_quote(url)}"


def _is_whole(path: Path) -> bool:
    """Whether the model of an earlier run is there and readable; anything else is made again."""
    from fenlei.modelfile import ModelFileError, read

    try:
        read(path)
    except ModelFileError:
        return False
    return True


def _learn(pictures: Path, target: Path, workspace: Path) -> None:
    from fenlei.model import train

    with progress() as report:
        model = train(pictures, goal="fast", workspace=workspace, progress=report)
    with model:
        model.save(target)
        summarise(model.report)
