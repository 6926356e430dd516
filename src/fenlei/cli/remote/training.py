"""`fenlei projects train`, `runs`, `compare`: what comes of a project."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fenlei.cli.console import out
from fenlei.cli.options import AsJson
from fenlei.cli.progress import progress
from fenlei.cli.remote.connection import NotThere, Server, Token, connect, named
from fenlei.cli.remote.following import happening, shown
from fenlei.cli.remote.models import version_of
from fenlei.cli.remote.showing import show_one, show_rows
from fenlei.cli.remote.training_options import with_training_options

if TYPE_CHECKING:
    from fenlei.client.management import Platform
    from fenlei.client.management.records import Project as ProjectRow

Project = Annotated[str, typer.Argument(metavar="PROJECT", help="Name or id.")]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="Id of the run.")]
SHOWN_CLASSES = 10


@with_training_options
def train(
    project: Project,
    version: Annotated[
        str | None, typer.Option(help="Number or id of a version of its data set; without it, as it is now.")
    ] = None,
    *,
    settings: dict[str, Any],
    since: Annotated[
        str | None,
        typer.Option(
            metavar="VERSION",
            help="Go on from this model version (its id, or a model's name for its latest): what judged it judges the "
            "new one too, and the two are compared.",
        ),
    ] = None,
    rebuild: Annotated[
        str | None,
        typer.Option(metavar="VERSION", help="Make this model version again, without a search, in place of learning."),
    ] = None,
    priority: Annotated[int, typer.Option(min=-100, max=100, help="Runs of a greater one go first.")] = 0,
    wait: Annotated[bool, typer.Option(help="Wait until it is done.")] = True,
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Train on its data set; tells what is tried, the figures and the model version."""
    with connect(server, token) as platform:
        found = project_named(platform, project)
        data = version
        if version is not None and version.isdecimal():
            known = [] if found.dataset_id is None else platform.datasets.versions(found.dataset_id)
            data = next((each.id for each in known if each.number == int(version)), None)
            if data is None:
                raise NotThere(f"The data set of {found.name} has no version {version}.")
        for name, wanted in (("since", since), ("rebuild", rebuild)):
            if wanted is not None:
                settings[name] = version_of(platform, wanted)
        run = platform.projects.train(found.id, data, priority=priority, **settings)
        if not wait:
            sentence = f"{run.id} is {run.state}; `fenlei runs follow {run.id}` waits for it."
            show_one(run, as_json=as_json, sentence=sentence)
            return
        with progress(quiet=as_json) as report:
            listen = happening(report, quiet=as_json)
            done = platform.runs.wait(run.id, on_progress=shown(report), on_event=listen)
        result = done.result or {}
        made = platform.models.version(str(result.get("model_version_id")))
    figures = made.metrics or {}
    low, high = figures.get("accuracy_interval", (0.0, 0.0))
    sentence = (
        f"Right on {figures.get('accuracy', 0.0):.1%} of {figures.get('pictures', 0)} held-out pictures (95 % interval "
        f"{low:.1%} to {high:.1%}). Model version {made.id}; publish it with "
        f"`fenlei deployments publish {made.id} NAME`."
    )
    show_one({"run": done, "model_version": made}, as_json=as_json, sentence=sentence)


def runs(project: Project, server: Server = None, token: Token = None, as_json: AsJson = False) -> None:
    """List its runs, the latest first."""
    with connect(server, token) as platform:
        found = project_named(platform, project)
        show_rows(
            platform.projects.runs(found.id),
            [
                ("number", lambda row: row.number),
                ("state", lambda row: row.state),
                ("begun", lambda row: row.started_at),
                ("model version", lambda row: (row.result or {}).get("model_version_id")),
                ("id", lambda row: row.id),
            ],
            as_json=as_json,
            none="It has not been trained yet.",
        )


def compare(
    run: RunId,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="Id of another run.")],
    server: Server = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Hold two trainings side by side: settings, data, figures, the classes that lost most."""
    with connect(server, token) as platform:
        found = platform.projects.compare(run, other)
    if as_json:
        show_one(found, as_json=True, sentence="")
        return
    classes = [
        (f"F1 of {row.label}", *((side or {}).get("f1") for side in (row.a, row.b)))
        for row in found.classes[:SHOWN_CLASSES]
    ]
    values = [(row.name, row.a, row.b) for row in (*found.settings, *found.recipe)]
    rows = [*values, *((row.name, row.a, row.b) for row in found.figures), *classes]
    show_rows(
        rows,
        [
            ("", lambda row: row[0]),
            ("first", lambda row: _cell(row[1])),
            ("second", lambda row: _cell(row[2])),
        ],
        as_json=False,
        none="Nothing is different.",
    )
    same = "The same pictures judged both." if found.same_test else "Other pictures judged each of them."
    counts = found.data.counts or {}
    changed = ", ".join(f"{number} {what}" for what, number in counts.items() if number)
    out.print(f"{same} Their data: {changed or 'no difference'}.", markup=False, soft_wrap=True)


def project_named(platform: Platform, wanted: str) -> ProjectRow:
    """The project of this name or id, in the archive or not."""
    return named(chain(platform.projects.list(), platform.projects.list(archived=True)), wanted, "project")


def _cell(value: object) -> object:
    return f"{value:.4g}" if isinstance(value, float) else value
