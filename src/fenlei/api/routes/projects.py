"""Routes of projects: made, changed, cloned, put away, deleted, trained."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from fenlei.api.access import Editor, Here, Viewer
from fenlei.api.errors import BadRequest, documented
from fenlei.api.etag import Expected, tag
from fenlei.api.paging import After, Limit, Page, page
from fenlei.api.repeats import CreatingRoute
from fenlei.api.wire.base import OfDataset, ProjectId
from fenlei.api.wire.projects import (
    NewProject,
    NewTraining,
    ProjectChange,
    ProjectClone,
    ProjectHangingOut,
    ProjectOut,
    project_hanging_out,
)
from fenlei.api.wire.runs import RunOut, run_out
from fenlei.projects.audit import audited, note
from fenlei.projects.projects import (
    UNCHANGED,
    archive_project,
    change_project,
    clone_project,
    create_project,
    delete_project,
    unarchive_project,
    what_hangs_on,
)
from fenlei.projects.training_run import start_training
from fenlei.runs import position
from fenlei.store.tables import Project

router = APIRouter(tags=["projects"], route_class=CreatingRoute)

CHANGES = documented(401, 403, 404, 409, 412)


@router.get("/projects", responses=documented(401, 403))
def projects(
    who: Viewer,
    here: Here,
    after: After = None,
    limit: Limit = 100,
    archived: Annotated[bool, Query(description="Those in the archive instead.")] = False,
    dataset_id: OfDataset = None,
) -> Page[ProjectOut]:
    """Projects, the oldest first."""
    with here.store.reading() as work:
        found = work.projects.page(after, limit, archived=archived, dataset_id=dataset_id)
    return page(found, ProjectOut.model_validate)


@router.post("/projects", status_code=201, responses=documented(401, 403, 404, 409))
def new_project(body: NewProject, who: Editor, here: Here, response: Response) -> ProjectOut:
    """Make a project: automated ones train by themselves, canvas ones are drawn."""
    settings = None if body.settings is None else body.settings.said()
    row = create_project(here.store, body.name, body.kind, body.dataset_id, settings, who.user_id, note=body.note)
    note(here.store, who, "project.add", row.id, name=row.name, kind=row.kind)
    return _tagged(row, response)


@router.get("/projects/{project_id}", responses=documented(401, 403, 404))
def one_project(project_id: ProjectId, who: Viewer, here: Here, response: Response) -> ProjectOut:
    """A project."""
    with here.store.reading() as work:
        row = work.projects.get(project_id)
    return _tagged(row, response)


@router.patch("/projects/{project_id}", responses=CHANGES)
def edit_project(
    project_id: ProjectId, body: ProjectChange, who: Editor, here: Here, response: Response, expected: Expected
) -> ProjectOut:
    """Rename a project, choose its data set, change its note or settings, put it into the archive or take it out.

    Runs that were asked for keep their settings; models and deployments keep their names.
    """
    said = body.model_dump(mode="json", exclude_unset=True)
    store = audited(here.store, who, "project.change", project_id, **said)
    if body.archived is not None:
        if len(said) > 1:
            raise BadRequest("A project is put away, or taken out, in a call of its own.", "archived", "archived alone")
        moved = archive_project if body.archived else unarchive_project
        return _tagged(moved(store, project_id, revision=expected), response)
    row = change_project(
        store,
        project_id,
        name=body.name,
        note=body.note,
        dataset_id=body.dataset_id if "dataset_id" in body.model_fields_set else UNCHANGED,
        settings=None if body.settings is None else body.settings.said(),
        revision=expected,
    )
    return _tagged(row, response)


@router.get("/projects/{project_id}/hanging", responses=documented(401, 403, 404))
def hanging_on_project(project_id: ProjectId, who: Viewer, here: Here) -> ProjectHangingOut:
    """What would go, or stay without its project, if this one were deleted."""
    return project_hanging_out(what_hangs_on(here.store, project_id))


@router.delete("/projects/{project_id}", responses=CHANGES)
def remove_project(
    project_id: ProjectId,
    who: Editor,
    here: Here,
    expected: Expected,
    and_all: Annotated[bool, Query(description="Although something hangs on it.")] = False,
) -> ProjectHangingOut:
    """Delete a project and its runs; answers what hung on it. Its models and deployments stay."""
    store = audited(here.store, who, "project.delete", project_id, and_all=and_all)
    return project_hanging_out(delete_project(store, project_id, and_all=and_all, revision=expected))


@router.post("/projects/{project_id}/clone", status_code=201, responses=documented(401, 403, 404, 409))
def copy_project(project_id: ProjectId, body: ProjectClone, who: Editor, here: Here, response: Response) -> ProjectOut:
    """Make a project like another: same data set, note and settings; no runs, models or deployments."""
    row = clone_project(here.store, project_id, body.name, who.user_id)
    note(here.store, who, "project.add", row.id, name=row.name, clone_of=project_id)
    return _tagged(row, response)


@router.post("/projects/{project_id}/runs", status_code=202, responses=documented(401, 403, 404, 409))
def train_project(project_id: ProjectId, body: NewTraining, who: Editor, here: Here) -> RunOut:
    """Train an automated project, as a run; its result names the model version with its figures."""
    settings = None if body.settings is None else body.settings.said()
    run = start_training(here.store, project_id, body.dataset_version_id, settings, who.user_id, priority=body.priority)
    note(here.store, who, "project.train", project_id, run=run.id)
    with here.store.reading() as work:
        return run_out(run, position(work, run.id))


def _tagged(row: Project, response: Response) -> ProjectOut:
    tag(response, row.revision)
    return ProjectOut.model_validate(row)
