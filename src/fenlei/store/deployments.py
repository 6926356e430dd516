"""Deployments: what can be called, what was done to it, and what a server needs to know to answer for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fenlei.store.clock import now
from fenlei.store.errors import Conflict, NotFound, Stale
from fenlei.store.tables import AppKey, Deployment, ModelVersion, Publication

PUBLISH = "publish"
"""The action that brings a model version to a deployment for the first time, or again."""

Mark = tuple[int, int, str]
"""Changes whenever anything does that a server needs to know; see `Deployments.mark`."""


@dataclass(frozen=True)
class Standing:
    """All that a server needs to know to answer for a deployment.

    Attributes:
        id: of the deployment.
        name: last segment of its URL; never changes.
        running: whether it answers; else it is stopped.
        open: whether it may be called without a key.
        envelope: what stands around answers.
        status_style: which HTTP statuses they travel with.
        unknown_as: the class that pictures of nothing known are answered with, if one is named.
        decide: whether the thresholds of the model have a say.
        model_version_id: what answers.
        keys: SHA-256, hex, of the keys that open it.
        version: the model version that answers.
    """

    id: str
    name: str
    running: bool
    open: bool
    envelope: str
    status_style: str
    unknown_as: str | None
    decide: bool
    model_version_id: str
    keys: frozenset[str]
    version: ModelVersion = field(compare=False)


class Deployments:
    """Deployments by id and by name."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, deployment: Deployment) -> Deployment:
        """Add a deployment.

        Raises:
            Conflict: the name is taken.
        """
        taken = f"There is already a deployment {deployment.name!r}."
        if self.named(deployment.name) is not None:
            raise Conflict(taken)
        self._session.add(deployment)
        try:
            self._session.flush()
        except IntegrityError as exc:  # another server was faster
            raise Conflict(taken) from exc
        return deployment

    def get(self, deployment_id: str) -> Deployment:
        """The deployment.

        Raises:
            NotFound: there is none with this id.
        """
        deployment = self._session.get(Deployment, deployment_id)
        if deployment is None:
            raise NotFound(f"There is no deployment {deployment_id}.")
        return deployment

    def named(self, name: str) -> Deployment | None:
        """The deployment of this name."""
        return self._session.scalar(select(Deployment).where(Deployment.name == name))

    def page(
        self, after: str | None, limit: int, *, project_id: str | None = None, model_id: str | None = None
    ) -> tuple[Sequence[Deployment], str | None]:
        """Deployments by name, and the cursor of the next page.

        Args:
            after: the cursor.
            limit: at most so many.
            project_id: only those of this project.
            model_id: only those that answer with a version of this model.
        """
        query = select(Deployment).order_by(Deployment.name).limit(limit + 1)
        if after is not None:
            query = query.where(Deployment.name > after)
        if project_id is not None:
            query = query.where(Deployment.project_id == project_id)
        if model_id is not None:
            versions = select(ModelVersion.id).where(ModelVersion.model_id == model_id)
            query = query.where(Deployment.model_version_id.in_(versions))
        rows = self._session.scalars(query).all()
        return (rows[:limit], rows[limit - 1].name) if len(rows) > limit else (rows, None)

    def change(self, deployment_id: str, revision: int | None = None, **values: object) -> Deployment:
        """Change columns of a deployment; without any, only its revision grows.

        Raises:
            NotFound: there is no such deployment.
            Stale: `revision` is given and is another one.
        """
        deployment = self._session.get(Deployment, deployment_id, with_for_update=True, populate_existing=True)
        if deployment is None:
            raise NotFound(f"There is no deployment {deployment_id}.")
        if revision is not None and deployment.revision != revision:
            raise Stale(
                f"The deployment {deployment.name!r} was changed meanwhile: revision {deployment.revision}, "
                f"not {revision}."
            )
        for name, value in values.items():
            setattr(deployment, name, value)
        deployment.revision += 1
        deployment.updated_at = now()
        self._session.flush()
        return deployment

    def remove(self, deployment_id: str) -> None:
        """Remove a deployment with its keys and its history."""
        self._session.delete(self.get(deployment_id))
        self._session.flush()

    def note(self, deployment: Deployment, action: str, by: str | None) -> Publication:
        """Write down what was done to a deployment, and which model version answers now."""
        row = Publication(
            deployment_id=deployment.id,
            at=now(),
            by=by,
            action=action,
            model_version_id=deployment.model_version_id,
        )
        self._session.add(row)
        self._session.flush()
        return row

    def history(self, deployment_id: str, before: int | None, limit: int) -> tuple[Sequence[Publication], int | None]:
        """What was done to a deployment, the latest first, and the cursor of the next page."""
        query = select(Publication).where(Publication.deployment_id == deployment_id)
        if before is not None:
            query = query.where(Publication.id < before)
        rows = self._session.scalars(query.order_by(Publication.id.desc()).limit(limit + 1)).all()
        return (rows[:limit], rows[limit - 1].id) if len(rows) > limit else (rows, None)

    def published_here(self, deployment_id: str) -> list[ModelVersion]:
        """The model versions that were ever published here and still exist, the latest to be published first."""
        last = (
            select(Publication.model_version_id, func.max(Publication.id).label("last"))
            .where(Publication.deployment_id == deployment_id, Publication.action == PUBLISH)
            .group_by(Publication.model_version_id)
            .subquery()
        )
        query = select(ModelVersion).join(last, last.c.model_version_id == ModelVersion.id).order_by(last.c.last.desc())
        return list(self._session.scalars(query))

    def mark(self) -> Mark:
        """Something small that changes with every change of a deployment or of its keys; asked often.

        Every change raises a revision, a new deployment has a later id, a removed one is missing in the count.
        """
        query = select(func.count(), func.sum(Deployment.revision), func.max(Deployment.id))
        count, revisions, latest = self._session.execute(query.select_from(Deployment)).one()
        return count, int(revisions or 0), latest or ""

    def standing(self, deployment_id: str) -> Standing | None:
        """What a server needs to know of one deployment; None when there is none with this id."""
        return next(iter(self._standings(deployment_id)), None)

    def standings(self) -> list[Standing]:
        """What a server needs to know of all."""
        return self._standings(None)

    def _standings(self, deployment_id: str | None) -> list[Standing]:
        keys = select(AppKey.deployment_id, AppKey.digest).where(AppKey.revoked_at.is_(None))
        rows = select(Deployment, ModelVersion).join(ModelVersion, ModelVersion.id == Deployment.model_version_id)
        if deployment_id is not None:
            keys = keys.where(AppKey.deployment_id == deployment_id)
            rows = rows.where(Deployment.id == deployment_id)
        ring: defaultdict[str, set[str]] = defaultdict(set)
        for owner, digest in self._session.execute(keys):
            ring[owner].add(digest)
        return [
            Standing(
                id=deployment.id,
                name=deployment.name,
                running=deployment.state == "running",
                open=deployment.open,
                envelope=deployment.envelope,
                status_style=deployment.status_style,
                unknown_as=deployment.unknown_as,
                decide=deployment.decide,
                model_version_id=version.id,
                keys=frozenset(ring[deployment.id]),
                version=version,
            )
            for deployment, version in self._session.execute(rows.order_by(Deployment.name))
        ]
