"""`fenlei models upload` and `check`: models that were made elsewhere."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from fenlei.cli.options import AsJson
from fenlei.cli.remote.connection import NotThere, Server, Token, connect
from fenlei.cli.remote.showing import show_one, show_rows

DECLARED_HELP = "Of an ONNX classifier: a JSON file with labels, size, mean, std, outputs."
SAMPLE_HELP = (
    "A picture to try an ONNX classifier on, as PICTURE or LABEL=PICTURE; one that it calls otherwise refuses it."
)


def upload(
    path: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A model file, or an ONNX classifier.")],
    name: Annotated[str, typer.Option(help="Of the model; a new version of it where there is one.")],
    declaration: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help=DECLARED_HELP)] = None,
    sample: Annotated[list[str] | None, typer.Option(help=SAMPLE_HELP)] = None,
    note: Annotated[str, typer.Option(help="Whatever people want to know about the version.")] = "",
    tag: Annotated[list[str] | None, typer.Option(help="Of the version.")] = None,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Bring in a model that was made elsewhere; it is tried on the server before it is accepted."""
    said = None if declaration is None else _declared(declaration)
    samples = _samples(sample or [])
    with connect(server, token) as platform:
        made = platform.models.upload(path, name, declaration=said, samples=samples, note=note, tags=tag or [])
    show_one(made, as_json=as_json, sentence=f"Accepted as version {made.number} of {name} ({made.id}).")


def check(
    path: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="An ONNX classifier.")],
    declaration: Annotated[Path, typer.Option(exists=True, dir_okay=False, help=DECLARED_HELP)],
    sample: Annotated[list[str], typer.Option(help=SAMPLE_HELP)],
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Try an ONNX classifier on pictures, and keep nothing; tells what it says of each."""
    said, samples = _declared(declaration), _samples(sample)
    with connect(server, token) as platform:
        answers = platform.models.check(path, said, samples)
    rows: list[dict[str, Any]] = [
        {"picture": str(picture), "label": max(scores, key=scores.__getitem__), "scores": scores}
        for (picture, _), scores in zip(samples, answers, strict=True)
    ]
    show_rows(
        rows,
        [
            ("picture", lambda row: row["picture"]),
            ("label", lambda row: row["label"]),
            ("score", lambda row: f"{row['scores'][row['label']]:.4f}"),
        ],
        as_json=as_json,
        none="It was tried on drawn pictures alone.",
    )


def _samples(said: Sequence[str]) -> list[tuple[Path, str | None]]:
    found: list[tuple[Path, str | None]] = []
    for each in said:
        label, sign, name = each.rpartition("=")
        path, expected = (Path(name), label) if sign and not Path(each).exists() else (Path(each), None)
        if not path.is_file():
            raise NotThere(f"{path}: there is no such file. A sample is PICTURE or LABEL=PICTURE.")
        found.append((path, expected))
    return found


def _declared(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except ValueError as exc:
        raise NotThere(f"{path} is no JSON: {exc}.") from exc
    if not isinstance(found, dict):
        raise NotThere(f"{path} has no declaration in it; a JSON object with labels, size, mean, std and outputs is.")
    return found
