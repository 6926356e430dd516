"""Routes of deployments: published, rolled back, stopped, started, opened by keys, tried."""

from __future__ import annotations

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response

from fenlei.api.access import Editor, Here, Labeller, Viewer
from fenlei.api.bodies import MAYBE_BINARY
from fenlei.api.errors import NotServed, documented
from fenlei.api.etag import Expected, tag
from fenlei.api.paging import After, AfterNumber, Limit, Page, page
from fenlei.api.platform import Platform
from fenlei.api.repeats import SHOWS_SECRET, CreatingRoute
from fenlei.api.wire.base import DeploymentId, KeyId, OfModel, OfProject
from fenlei.api.wire.deployments import (
    DeploymentChange,
    DeploymentOut,
    DetailOut,
    KeyOut,
    MadeKeyOut,
    NewDeployment,
    NewKey,
    PublicationOut,
    Publish,
    PublishedOut,
    RollBack,
    TriedOut,
    deployment_out,
    detail_out,
    published_out,
    samples_out,
    tried_out,
)
from fenlei.contract import prediction_url
from fenlei.projects import deployments as use
from fenlei.projects.audit import audited
from fenlei.projects.detail import detail
from fenlei.projects.front import Front
from fenlei.projects.keys import keys_of, make_key, revoke_key
from fenlei.projects.snippets import samples
from fenlei.projects.try_out import try_out
from fenlei.store import Work
from fenlei.store.tables import Deployment

router = APIRouter(tags=["deployments"], route_class=CreatingRoute)
trying = APIRouter(tags=["deployments"])

CHANGES = documented(401, 403, 404, 409, 412)


@router.get("/deployments", responses=documented(401, 403))
def deployments(
    who: Viewer,
    here: Here,
    after: After = None,
    limit: Limit = 100,
    project_id: OfProject = None,
    model_id: OfModel = None,
) -> Page[DeploymentOut]:
    """Deployments by name, and how each stands on this server."""
    with here.store.reading() as work:
        found = work.deployments.page(after, limit, project_id=project_id, model_id=model_id)
    return page(found, lambda row: _out(here, row))


@router.post(
    "/deployments", status_code=201, responses=documented(401, 403, 404, 409), openapi_extra={SHOWS_SECRET: True}
)
def new_deployment(body: NewDeployment, who: Editor, here: Here, response: Response) -> PublishedOut:
    """Publish a model version under a name. Its parity pictures are run first; then it answers.

    A name that exists already, of the same model or project, is published to again. The key in this answer is shown
    once.
    """
    front = _front(here)
    said = {"name": body.name, "model_version_id": body.model_version_id}
    store = audited(here.store, who, "deployment.publish", lambda work: _named(work, body.name), **said)
    published = use.publish(store, front, body.model_version_id, body.name, body.wishes(), by=who.user_id)
    return _published(here, published, response)


@router.get("/deployments/{deployment_id}", responses=documented(401, 403, 404))
def one_deployment(deployment_id: DeploymentId, who: Viewer, here: Here, response: Response) -> DeploymentOut:
    """A deployment, and how it stands on this server."""
    with here.store.reading() as work:
        row = work.deployments.get(deployment_id)
    return _tagged(here, row, response)


@router.get("/deployments/{deployment_id}/detail", responses=documented(401, 403, 404))
def deployment_detail(deployment_id: DeploymentId, who: Viewer, here: Here, response: Response) -> DetailOut:
    """Everything about calling a deployment: URL, limits, codes, programs in six languages."""
    found = detail(here.store, _front(here), here.base_url, deployment_id)
    tag(response, found.deployment.revision)
    return detail_out(found)


@router.patch("/deployments/{deployment_id}", responses=CHANGES)
def edit_deployment(
    deployment_id: DeploymentId,
    body: DeploymentChange,
    who: Editor,
    here: Here,
    response: Response,
    expected: Expected,
) -> PublishedOut:
    """Change how a deployment is called and answers; the model stays. A key is made where none is and one is needed."""
    said = body.model_dump(mode="json", exclude_none=True)
    store = audited(here.store, who, "deployment.change", deployment_id, **said)
    published = use.change(store, _front(here), deployment_id, body.wishes(), revision=expected, by=who.user_id)
    return _published(here, published, response)


@router.delete("/deployments/{deployment_id}", status_code=204, responses=CHANGES)
def remove_deployment(deployment_id: DeploymentId, who: Editor, here: Here, expected: Expected) -> None:
    """Remove a deployment with its keys. Its URL answers like one that never was."""
    store = audited(here.store, who, "deployment.delete", deployment_id)
    use.delete(store, _front(here), deployment_id, revision=expected)


@router.post("/deployments/{deployment_id}/publish", responses=CHANGES, openapi_extra={SHOWS_SECRET: True})
def publish_to_deployment(
    deployment_id: DeploymentId, body: Publish, who: Editor, here: Here, response: Response, expected: Expected
) -> PublishedOut:
    """Let another model version answer. Its parity pictures are run first; no request fails by the change."""
    store = audited(here.store, who, "deployment.publish", deployment_id, model_version_id=body.model_version_id)
    published = use.publish_here(
        store,
        _front(here),
        deployment_id,
        body.model_version_id,
        body.wishes(),
        revision=expected,
        by=who.user_id,
    )
    return _published(here, published, response)


@router.post("/deployments/{deployment_id}/rollback", responses=CHANGES)
def roll_back_deployment(
    deployment_id: DeploymentId, body: RollBack, who: Editor, here: Here, response: Response, expected: Expected
) -> DeploymentOut:
    """Let a model version answer again that was published here before."""
    store = audited(here.store, who, "deployment.roll-back", deployment_id, model_version_id=body.model_version_id)
    row = use.roll_back(store, _front(here), deployment_id, body.model_version_id, revision=expected, by=who.user_id)
    return _tagged(here, row, response)


@router.post("/deployments/{deployment_id}/stop", responses=CHANGES)
def stop_deployment(
    deployment_id: DeploymentId, who: Editor, here: Here, response: Response, expected: Expected
) -> DeploymentOut:
    """Let a deployment answer 1100 from now on. Stopping twice is fine."""
    store = audited(here.store, who, "deployment.stop", deployment_id)
    return _tagged(here, use.stop(store, _front(here), deployment_id, revision=expected, by=who.user_id), response)


@router.post("/deployments/{deployment_id}/start", responses=CHANGES)
def start_deployment(
    deployment_id: DeploymentId, who: Editor, here: Here, response: Response, expected: Expected
) -> DeploymentOut:
    """Let a deployment answer again. Starting twice is fine."""
    store = audited(here.store, who, "deployment.start", deployment_id)
    return _tagged(here, use.start(store, _front(here), deployment_id, revision=expected, by=who.user_id), response)


@router.get("/deployments/{deployment_id}/history", responses=documented(401, 403, 404))
def deployment_history(
    deployment_id: DeploymentId, who: Viewer, here: Here, after: AfterNumber = None, limit: Limit = 100
) -> Page[PublicationOut]:
    """What was done to a deployment, the latest first."""
    return page(use.history(here.store, deployment_id, after, limit), PublicationOut.model_validate)


@trying.post("/deployments/{deployment_id}/try", responses=documented(401, 403, 404), openapi_extra=MAYBE_BINARY)
async def try_deployment(deployment_id: DeploymentId, who: Labeller, here: Here, request: Request) -> TriedOut:
    """Send a picture through the public door: the file as the body, or nothing for a picture of the model's own."""
    picture = await request.body() or None
    return tried_out(await to_thread.run_sync(try_out, here.store, _front(here), deployment_id, picture))


@router.get("/deployments/{deployment_id}/keys", responses=documented(401, 403, 404))
def keys(
    deployment_id: DeploymentId,
    who: Viewer,
    here: Here,
    revoked: Annotated[bool, Query(description="Also those that open nothing any more.")] = False,
) -> list[KeyOut]:
    """The keys of a deployment, the latest first, without their secrets."""
    return [KeyOut.model_validate(row) for row in keys_of(here.store, deployment_id, revoked=revoked)]


@router.post(
    "/deployments/{deployment_id}/keys",
    status_code=201,
    responses=documented(401, 403, 404, 409),
    openapi_extra={SHOWS_SECRET: True},
)
def new_key(deployment_id: DeploymentId, body: NewKey, who: Editor, here: Here) -> MadeKeyOut:
    """Make another key for a deployment. The secret in this answer is shown once."""
    store = audited(
        here.store,
        who,
        "key.make",
        lambda work: work.keys.of(deployment_id)[0].id,
        deployment_id=deployment_id,
        name=body.name.strip(),
    )
    made = make_key(store, _front(here), deployment_id, body.name, by=who.user_id)
    with here.store.reading() as work:
        name = work.deployments.get(deployment_id).name
    url = prediction_url(here.base_url, name, made.secret)
    return MadeKeyOut(
        **KeyOut.model_validate(made.row).model_dump(), key=made.secret, url=url, samples=samples_out(samples(url))
    )


@router.delete("/keys/{key_id}", status_code=204, responses=documented(401, 403, 404))
def end_key(key_id: KeyId, who: Editor, here: Here) -> None:
    """Make a key open nothing any more. Revoking twice is fine."""
    revoke_key(audited(here.store, who, "key.revoke", key_id), _front(here), key_id)


def _named(work: Work, name: str) -> str:
    found = work.deployments.named(name)
    return "" if found is None else found.id


def _front(here: Platform) -> Front:
    if here.front is None:
        raise NotServed("This server answers no predictions, so nothing can be published on it.")
    return here.front


def _out(here: Platform, row: Deployment) -> DeploymentOut:
    return deployment_out(row, None if here.front is None else here.front.condition(row.id))


def _tagged(here: Platform, row: Deployment, response: Response) -> DeploymentOut:
    tag(response, row.revision)
    return _out(here, row)


def _published(here: Platform, published: use.Published, response: Response) -> PublishedOut:
    tag(response, published.deployment.revision)
    condition = _front(here).condition(published.deployment.id)
    return published_out(published, here.base_url, condition)
