"""Deployments: published, rolled back, stopped, started, changed, deleted; the URL stays."""

from __future__ import annotations

from collections.abc import Sequence

from fenlei.projects.front import Front
from fenlei.projects.publish import (
    RUNNING,
    STOPPED,
    Published,
    Wishes,
    at_revision,
    bring_about,
    check_able,
    columns_of,
    key_if_needed,
    publish,
    publish_here,
    roll_back,
)
from fenlei.store import Store, Work
from fenlei.store.tables import Deployment, Publication

__all__ = [
    "RUNNING",
    "STOPPED",
    "Published",
    "Wishes",
    "change",
    "delete",
    "history",
    "publish",
    "publish_here",
    "roll_back",
    "start",
    "stop",
]

STOP, START, CHANGE = "stop", "start", "change"


def stop(
    store: Store, front: Front, deployment_id: str, *, revision: int | None = None, by: str | None = None
) -> Deployment:
    """Answer 1100 from now on; what is on its way is answered. Stopping twice is fine.

    Raises:
        NotFound: there is no such deployment.
        Stale: `revision` is given and is another one.
    """
    with store.writing() as work:
        deployment = at_revision(work, deployment_id, revision)
        if deployment.state != STOPPED:
            deployment = work.deployments.change(deployment_id, revision, state=STOPPED)
            work.deployments.note(deployment, STOP, by)
    front.follow(deployment_id)
    return deployment


def start(
    store: Store, front: Front, deployment_id: str, *, revision: int | None = None, by: str | None = None
) -> Deployment:
    """Answer again, once the parity pictures have been run. Starting twice is fine.

    Raises:
        NotFound: there is no such deployment.
        Stale: `revision` is given and is another one.
        FenleiError: the model cannot be loaded here any more.
    """
    with store.reading() as work:
        deployment = at_revision(work, deployment_id, revision)
        version = work.models.version(deployment.model_version_id)
    if deployment.state == RUNNING:
        return deployment

    def commit(work: Work) -> Published:
        changed = work.deployments.change(deployment_id, revision, state=RUNNING)
        work.deployments.note(changed, START, by)
        return Published(changed, None)

    return bring_about(store, front, front.prepare(version), commit).deployment


def change(
    store: Store,
    front: Front,
    deployment_id: str,
    wishes: Wishes,
    *,
    revision: int | None = None,
    by: str | None = None,
) -> Published:
    """Change how a deployment is called and answers; the model stays. A key is made where it has none and needs one.

    Raises:
        NotFound: there is no such deployment.
        Stale: `revision` is given and is another one.
        Conflict: its model cannot answer like that.
        FenleiError: something is asked of the model, and it cannot be loaded here.
    """

    def commit(work: Work) -> Published:
        deployment = work.deployments.change(deployment_id, revision, **columns_of(wishes))
        if prepared is not None:
            check_able(deployment, prepared)
        work.deployments.note(deployment, CHANGE, by)
        return Published(deployment, key_if_needed(work, deployment, by))

    prepared = None
    if wishes.of_the_model:
        with store.reading() as work:
            deployment = at_revision(work, deployment_id, revision)
            version = work.models.version(deployment.model_version_id)
        prepared = front.prepare(version)
        return bring_about(store, front, prepared, commit)
    with store.writing() as work:
        published = commit(work)
    front.follow(deployment_id)
    return published


def delete(store: Store, front: Front, deployment_id: str, *, revision: int | None = None) -> Deployment:
    """Remove a deployment with its keys and its history. Its name becomes free, its URL answers like an unknown one.

    Raises:
        NotFound: there is no such deployment.
        Stale: `revision` is given and is another one.
    """
    with store.writing() as work:
        deployment = work.deployments.change(deployment_id, revision)
        work.deployments.remove(deployment_id)
    front.follow(deployment_id)
    return deployment


def history(
    store: Store, deployment_id: str, before: int | None = None, limit: int = 50
) -> tuple[Sequence[Publication], int | None]:
    """What was done to a deployment, the latest first, and the cursor of the next page.

    Raises:
        NotFound: there is no such deployment.
    """
    with store.reading() as work:
        work.deployments.get(deployment_id)
        return work.deployments.history(deployment_id, before, limit)
