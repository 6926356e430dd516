"""`fenlei predict URL_OR_MODEL PICTURE…`: the class of many pictures, by a model file or over HTTP."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from fenlei.cli.console import out, printable
from fenlei.cli.options import AsJson, Workspace
from fenlei.cli.pictures import find_pictures
from fenlei.cli.progress import Report, progress
from fenlei.contract.errors import FenleiError

if TYPE_CHECKING:
    from fenlei.client import Prediction

Row = tuple[Path, "Prediction | FenleiError"]


def predict(
    source: Annotated[
        str, typer.Argument(metavar="URL_OR_MODEL", help="A prediction URL (key included), or a model file.")
    ],
    pictures: Annotated[
        list[str],
        typer.Argument(metavar="PICTURE…", help="Files, folders (all pictures below), or patterns like '*.jpg'."),
    ],
    key: Annotated[str | None, typer.Option(help="App key, where the URL has none.")] = None,
    top: Annotated[int, typer.Option(min=1, help="Classes to show per picture in the table.")] = 1,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV on stdout, one column per class.")] = False,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Requests at a time, with a URL.")] = 8,
    unknown_as: Annotated[
        str | None,
        typer.Option(metavar="CLASS", help="With a model file: answer pictures of nothing known with this class."),
    ] = None,
    decide: Annotated[
        bool,
        typer.Option(
            "--decide",
            help="With a model file: let its thresholds have a say in the answer; those by precision need "
            "--unknown-as.",
        ),
    ] = False,
    workspace: Workspace = None,
) -> None:
    """Classify pictures. Exit code 1 when any of them has no answer; the others are printed all the same."""
    if as_json and as_csv:
        raise typer.BadParameter("--json and --csv exclude each other.")
    over_http = source.startswith(("http://", "https://"))
    if over_http and (unknown_as is not None or decide):
        raise typer.BadParameter("--unknown-as and --decide are the deployment's to say where a URL is asked.")
    files = find_pictures(pictures)
    with progress(quiet=not (sys.stderr and sys.stderr.isatty())) as report:
        if over_http:
            rows = list(_over_http(source, key, files, concurrency, report))
        else:
            rows = list(_by_model(Path(source), files, workspace, report, unknown_as, decide))
    if as_json:
        _print_json(rows)
    elif as_csv:
        _print_csv(rows)
    else:
        _print_table(rows, top)
    if any(isinstance(answer, FenleiError) for _, answer in rows):
        raise typer.Exit(1)


def _over_http(url: str, key: str | None, files: Sequence[Path], concurrency: int, report: Report) -> Iterator[Row]:
    from fenlei.client import Client

    with Client(url, key, language="en") as client:
        answers = client.predict_many(files, concurrency=concurrency)
        for done, (path, answer) in enumerate(zip(files, answers, strict=True), 1):
            report("classifying", done, len(files))
            yield path, answer


def _by_model(
    path: Path, files: Sequence[Path], workspace: Path | None, report: Report, unknown_as: str | None, decide: bool
) -> Iterator[Row]:
    from fenlei.model import load
    from fenlei.settings import Settings

    with load(path, workspace=Settings.at(workspace).workspace) as model:
        answers = model.predict_each(
            files,
            progress=lambda done, total: report("classifying", done, total),
            unknown_as=unknown_as,
            decide=decide,
        )
        yield from zip(files, answers, strict=True)


def _print_json(rows: Sequence[Row]) -> None:
    found: list[dict[str, Any]] = []
    for path, answer in rows:
        if isinstance(answer, FenleiError):
            code = getattr(answer, "code", None)
            failed = {"picture": _text(path), "error": _text(answer)}
            found.append(failed if code is None else {**failed, "code": code})
        else:
            said: dict[str, Any] = {
                "picture": _text(path),
                "label": answer.label,
                "score": answer.score,
                "scores": answer.scores,
            }
            if answer.unknown is not None:
                said |= {"unknown": answer.unknown, "strangeness": answer.strangeness}
            found.append(said)
    typer.echo(msgspec.json.format(msgspec.json.encode(found), indent=2))


def _print_csv(rows: Sequence[Row]) -> None:
    labels = next((list(answer.scores) for _, answer in rows if not isinstance(answer, FenleiError)), [])
    told = _tells_unknown(rows)
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(["picture", "label", "score", "error", *(["unknown"] if told else []), *labels])
    for path, answer in rows:
        if isinstance(answer, FenleiError):
            table.writerow([_text(path), "", "", _text(answer), *[""] * (len(labels) + told)])
        else:
            unknown = [str(bool(answer.unknown)).lower()] if told else []
            table.writerow([_text(path), answer.label, answer.score, "", *unknown, *answer.scores.values()])


def _print_table(rows: Sequence[Row], top: int) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("picture", overflow="fold")
    table.add_column("class")
    table.add_column("score", justify="right")
    if _tells_unknown(rows):
        table.add_column("")
    for path, answer in rows:
        if isinstance(answer, FenleiError):
            table.add_row(escape(printable(str(path))), f"[red]{escape(printable(str(answer)))}[/red]", "")
            continue
        ranked = sorted(answer.scores.items(), key=lambda entry: -entry[1])
        # The server's own choice stays first: it was made on scores that were not rounded yet.
        ranked = [(answer.label, answer.score), *[entry for entry in ranked if entry[0] != answer.label]]
        for number, (label, score) in enumerate(ranked[:top]):
            cells = ["" if number else escape(printable(str(path))), escape(printable(label)), f"{score:.4f}"]
            if answer.unknown is not None:
                cells.append("unknown" if answer.unknown and not number else "")
            table.add_row(*cells)
    out.print(table)


def _tells_unknown(rows: Sequence[Row]) -> bool:
    return any(not isinstance(answer, FenleiError) and answer.unknown is not None for _, answer in rows)


def _text(value: object) -> str:
    """As JSON and every file can hold it: bytes of a file's name that are no UTF-8 become escapes."""
    return str(value).encode("utf-8", "backslashreplace").decode("utf-8")
