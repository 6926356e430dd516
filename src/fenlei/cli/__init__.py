"""The command line: one file per command; what goes wrong is one sentence and an exit code, never a traceback.

Exit codes: 0 done · 1 it cannot be done, and why · 2 the command's words are wrong · 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from fenlei import __version__
from fenlei.cli import (
    backbones,
    backup,
    doctor,
    evaluate,
    explain,
    export,
    gc,
    predict,
    rebuild,
    report,
    restore,
    run,
    serve,
    train,
    up,
    worker,
)
from fenlei.cli.console import complain, say
from fenlei.cli.remote import (
    datasets,
    deployments,
    graphs,
    imports,
    labels,
    login,
    models,
    people,
    pictures,
    projects,
    runs,
    tokens,
    versions,
)
from fenlei.contract.errors import FenleiError

STOPPED = 130
"""The exit code after Ctrl-C."""
STOPPED_SENTENCE = "Stopped. Nothing was half-written."

app = typer.Typer(
    name="fenlei",
    help="Fenlei (分类): a folder of pictures becomes a prediction URL.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("up")(up.up)
app.command("train")(train.train)
app.command("serve")(serve.serve)
app.command("predict")(predict.predict)
app.command("evaluate")(evaluate.evaluate)
app.command("rebuild")(rebuild.rebuild)
app.command("run")(run.run)
app.command("explain")(explain.explain)
app.command("report")(report.report)
app.command("export")(export.export)
app.command("doctor")(doctor.doctor)
app.command("backup")(backup.backup)
app.command("restore")(restore.restore)
app.command("gc")(gc.gc)
app.command("worker")(worker.worker)
app.command("run-job", hidden=True)(worker.run_job)
app.add_typer(backbones.app, name="backbones")
app.command("login")(login.login)
app.command("logout")(login.logout)
for noun in (
    datasets,
    imports,
    pictures,
    labels,
    versions,
    projects,
    graphs,
    runs,
    models,
    deployments,
    people,
    tokens,
):
    app.add_typer(noun.app, name=noun.__name__.rpartition(".")[2])


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"fenlei {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Learn from a folder of pictures, and answer."""


def main() -> None:
    """Run the command line and turn every failure into a sentence and an exit code."""
    try:
        app()
    except SystemExit as exc:
        if exc.code == STOPPED:  # typer turns Ctrl-C into this exit and says nothing
            say(STOPPED_SENTENCE)
        raise
    except FenleiError as exc:
        complain(str(exc))
        sys.exit(1)
    except OSError as exc:
        complain(f"{exc.filename or 'The system'}: {exc.strerror or exc}.")
        sys.exit(1)
    except Exception as exc:
        if was_stopped(exc):
            say(STOPPED_SENTENCE)
            sys.exit(STOPPED)
        complain(
            f"Fenlei failed on its own account ({type(exc).__name__}: {exc}). This is a bug; "
            "`python -X dev -m fenlei …` shows where."
        )
        if sys.flags.dev_mode:
            raise
        sys.exit(1)


def was_stopped(error: BaseException) -> bool:
    """Whether Ctrl-C is behind an error: a compiled module that it meets while loading reports a failed import."""
    behind: BaseException | None = error
    while behind is not None:
        if isinstance(behind, KeyboardInterrupt):
            return True
        behind = behind.__cause__ or behind.__context__
    return False
