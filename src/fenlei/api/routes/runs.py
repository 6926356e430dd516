"""Routes of runs: listed, followed, cancelled, repeated."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from fenlei.api.access import Editor, Here, Labeller, Viewer
from fenlei.api.downloads import documents, download
from fenlei.api.errors import documented
from fenlei.api.etag import tag
from fenlei.api.paging import After, Limit, Page, page
from fenlei.api.repeats import CreatingRoute
from fenlei.api.wire.base import NO_NUL, OfProject, ProjectId, RunId
from fenlei.api.wire.comparison import Comparison
from fenlei.api.wire.models import ModelVersionOut
from fenlei.api.wire.runs import CandidateOut, RunKind, RunOut, RunState, StepOut, WorkerOut, run_out
from fenlei.api.wire.suspects import SuspectsOut
from fenlei.projects.audit import audited, note
from fenlei.projects.best_so_far import finish_training, keep_best
from fenlei.projects.compare import compare
from fenlei.projects.dataset_runs import retry_run
from fenlei.projects.leaderboard import leaderboard
from fenlei.projects.roles import NotAllowed, Role
from fenlei.projects.suspects import suspects_of_run
from fenlei.runs import cancel, log_text, position
from fenlei.store import NotFound, Store, Work
from fenlei.store.tables import Run

router = APIRouter(tags=["runs"], route_class=CreatingRoute)

States = Annotated[list[RunState] | None, Query(description="Only runs in these states.")]
Kinds = Annotated[list[RunKind] | None, Query(description="Only runs of these kinds.")]


@router.get("/runs", responses=documented(401, 403))
def runs(
    who: Viewer,
    here: Here,
    after: After = None,
    limit: Limit = 100,
    state: States = None,
    kind: Kinds = None,
    project_id: OfProject = None,
) -> Page[RunOut]:
    """All runs, the latest first."""
    return _page(here.store, after, limit, state, kind, project_id)


@router.get("/projects/{project_id}/runs", responses=documented(401, 403, 404))
def runs_of_project(
    project_id: ProjectId,
    who: Viewer,
    here: Here,
    after: After = None,
    limit: Limit = 100,
    state: States = None,
    kind: Kinds = None,
) -> Page[RunOut]:
    """The runs of a project, the latest first."""
    with here.store.reading() as work:
        work.projects.get(project_id)
    return _page(here.store, after, limit, state, kind, project_id)


@router.get("/runs/{run_id}", responses=documented(401, 403, 404))
def one_run(run_id: RunId, who: Viewer, here: Here) -> RunOut:
    """A run, with its place in the queue while it waits."""
    return _one(here.store, run_id)


@router.post("/runs/{run_id}/cancel", responses=documented(401, 403, 404, 409))
def end_run(
    run_id: RunId,
    who: Labeller,
    here: Here,
    force: Annotated[bool, Query(description="Kill its process at once.")] = False,
) -> RunOut:
    """Cancel a run.

    A queued one ends at once; a running one stops at its next occasion, and is killed when asked twice. A labeller
    cancels their own runs only.
    """
    if not who.role.includes(Role.EDITOR):
        with here.store.reading() as work:
            if work.runs.get(run_id).created_by != who.user_id:
                raise NotAllowed(f"You are {who.role}; the run {run_id} is not yours.")
    cancel(audited(here.store, who, "run.cancel", run_id, force=force), run_id, forced=force)
    return _one(here.store, run_id)


@router.post("/runs/{run_id}/finish", responses=documented(401, 403, 404, 409))
def finish_run(run_id: RunId, who: Editor, here: Here) -> RunOut:
    """End a training with the best model so far: the run is done then, with a model version.

    It ends at its next occasion; one that has found nothing yet ends as soon as it has.
    """
    finish_training(audited(here.store, who, "run.finish", run_id), run_id)
    return _one(here.store, run_id)


@router.get("/runs/{run_id}/leaderboard", responses=documented(401, 403, 404, 409))
def run_leaderboard(run_id: RunId, who: Viewer, here: Here) -> list[CandidateOut]:
    """What a training has tried so far, in this order; when it is done, also what was left out.

    The events of the run have each line as soon as it is there.
    """
    return [CandidateOut.model_validate(line) for line in leaderboard(here.store, run_id)]


@router.post("/runs/{run_id}/model-version", status_code=201, responses=documented(401, 403, 404, 409))
def keep_best_of_run(run_id: RunId, who: Editor, here: Here, response: Response) -> ModelVersionOut:
    """Make a model version of the best that a training has found so far, while it goes on.

    It can be published at once. Asked again before there is a better one, the same version is answered.
    """
    row = keep_best(audited(here.store, who, "run.keep-best", run_id), run_id, who.user_id)
    tag(response, row.revision)
    return ModelVersionOut.model_validate(row)


@router.post("/runs/{run_id}/retry", status_code=202, responses=documented(401, 403, 404, 409))
def repeat_run(run_id: RunId, who: Editor, here: Here) -> RunOut:
    """Ask for a run again, as a new run; an import goes on where it stopped."""
    run = retry_run(here.store, run_id, who.user_id)
    note(here.store, who, "run.retry", run.id, of=run_id)
    return _one(here.store, run.id)


@router.get("/runs/{run_id}/compare/{other_id}", responses=documented(401, 403, 404, 409))
def compare_runs(run_id: RunId, other_id: RunId, who: Viewer, here: Here) -> Comparison:
    """Two trainings side by side: what was asked for, what they learned from, how well each came out."""
    return Comparison.model_validate(compare(here.store, run_id, other_id))


@router.get("/runs/{run_id}/suspects", responses=documented(401, 403, 404, 409))
def run_suspects(
    run_id: RunId,
    who: Viewer,
    here: Here,
    first: Annotated[int, Query(ge=1, le=1000, description="So many of them at most.")] = 100,
) -> SuspectsOut:
    """The pictures that a training would have somebody look at again, the most suspicious first, and what became of
    them since."""
    return SuspectsOut.model_validate(suspects_of_run(here.store, run_id, first))


@router.get(
    "/runs/{run_id}/file",
    response_class=Response,
    responses=documents("application/octet-stream", said="The file.") | documented(401, 403, 404),
)
def run_file(run_id: RunId, who: Viewer, here: Here) -> Response:
    """The file that a run has made: the zip of an export."""
    with here.store.reading() as work:
        result = work.runs.get(run_id).result or {}
    if not {"sha256", "name"} <= set(result):
        raise NotFound(f"The run {run_id} has made no file.")
    return download(here.store.blobs.stream(result["sha256"]), "application/octet-stream", result["name"])


@router.get("/runs/{run_id}/steps", responses=documented(401, 403, 404))
def run_steps(run_id: RunId, who: Viewer, here: Here) -> list[StepOut]:
    """The parts of a run that were begun."""
    with here.store.reading() as work:
        work.runs.get(run_id)
        return [StepOut.model_validate(row) for row in work.steps.of(run_id)]


@router.get(
    "/runs/{run_id}/log",
    response_class=Response,
    responses=documents("text/plain", said="Lines with time and step.") | documented(401, 403, 404),
)
def run_log(
    run_id: RunId,
    who: Viewer,
    here: Here,
    step: Annotated[
        str | None, Query(min_length=1, max_length=80, pattern=NO_NUL, description="Only of this step.")
    ] = None,
) -> Response:
    """The log of a run, or of one of its steps, as a file."""
    name = f"{run_id}.log" if step is None else f"{run_id}-{step}.log"
    return download(log_text(here.store, run_id, step), "text/plain", name)


@router.get("/workers", responses=documented(401, 403))
def workers(who: Viewer, here: Here) -> list[WorkerOut]:
    """The processes that carry out runs, the oldest first; without one, runs wait."""
    with here.store.reading() as work:
        return [WorkerOut.model_validate(row) for row in work.workers.all()]


def _one(store: Store, run_id: str) -> RunOut:
    with store.reading() as work:
        run = work.runs.get(run_id)
        return run_out(run, _position(work, run))


def _page(
    store: Store,
    after: str | None,
    limit: int,
    states: list[RunState] | None,
    kinds: list[RunKind] | None,
    project_id: str | None,
) -> Page[RunOut]:
    with store.reading() as work:
        found = work.runs.page(after, limit, project_id=project_id, kinds=kinds, states=states)
        return page(found, lambda run: run_out(run, _position(work, run)))


def _position(work: Work, run: Run) -> int | None:
    return position(work, run.id) if run.state == RunState.QUEUED else None
