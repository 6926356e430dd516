"""`fenlei export MODEL`: take a model away, to machines without Fenlei."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from fenlei.cli.console import say
from fenlei.cli.options import AsJson, Workspace
from fenlei.contract.errors import FenleiError


def export(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Zip to write.  [default: MODEL's name + .zip, in the current folder]"),
    ] = None,
    as_json: AsJson = False,
    workspace: Workspace = None,
) -> None:
    """Write a zip that classifies pictures anywhere: one ONNX network, its labels, a short program, a self-test.

    The network takes raw RGB of any size. It is proved before it is written: its scores differ from the model's by at
    most 0.001 on every picture it is tried on; of a network in eight bits, by at most what its file allows.
    """
    import msgspec

    from fenlei.modelfile import read
    from fenlei.serving.export import export as make
    from fenlei.settings import Settings

    settings = Settings.at(workspace)
    target = output or Path(f"{model.name.removesuffix('.fenlei')}.zip")
    if target.is_dir():
        raise FenleiError(f"{target} is a folder; --output needs the name of a file.")
    if target.exists() and (not target.is_file() or target.samefile(model)):
        raise FenleiError(f"{target} cannot be replaced by an export; name another file by --output.")
    exported = make(read(model), model.name.removesuffix(".fenlei"), cache=settings.cache, engine=settings.engine)
    _write(target, exported.data)
    proof = exported.proof
    if as_json:
        told = {
            "file": str(target),
            "bytes": len(exported.data),
            "pictures": proof.pictures,
            "farthest": proof.farthest,
        }
        typer.echo(msgspec.json.encode(told))
        return
    say(f"{target}  {len(exported.data) / 1e6:.1f} MB", style="bold")
    say(f"Proved on {proof.pictures} pictures: no score is farther than {proof.farthest:.6f} from the model's.")
    say("Unpack it anywhere, then:  pip install numpy onnxruntime Pillow && python run.py --self-test")


def _write(target: Path, data: bytes) -> None:
    """Write the file so that it is there whole or not at all."""
    target = target.resolve()
    descriptor, beside = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        Path(beside).chmod(0o644)
        Path(beside).replace(target)
    except BaseException:  # KeyboardInterrupt too: half a file must not stay
        Path(beside).unlink(missing_ok=True)
        raise
