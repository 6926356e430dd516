"""Models and their versions, each of which is one model file among the blobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningDelete

from fenlei.store.errors import Conflict, NotFound, Stale
from fenlei.store.tables import Deployment, Model, ModelVersion


class Models:
    """The models and their versions."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, model: Model) -> Model:
        """Add a model.

        Raises:
            Conflict: the name is taken.
        """
        try:
            with self._session.begin_nested():
                self._session.add(model)
        except IntegrityError as exc:
            raise _taken(model.name) from exc
        return model

    def get(self, model_id: str) -> Model:
        """The model.

        Raises:
            NotFound: there is none with this id.
        """
        model = self._session.get(Model, model_id)
        if model is None:
            raise _missing(model_id)
        return model

    def named(self, name: str) -> Model | None:
        """The model of exactly this name."""
        return self._session.scalar(select(Model).where(Model.name == name))

    def of_project(self, project_id: str) -> Model | None:
        """The first model of a project: the one its runs add versions to."""
        return self._session.scalar(select(Model).where(Model.project_id == project_id).order_by(Model.id).limit(1))

    def page(self, after: str | None, limit: int, *, project_id: str | None = None) -> tuple[list[Model], str | None]:
        """Models by id, which is by age, and the cursor of the next page.

        Args:
            after: the cursor.
            limit: at most so many.
            project_id: only those of this project.
        """
        query = select(Model).order_by(Model.id).limit(limit + 1)
        if after is not None:
            query = query.where(Model.id > after)
        if project_id is not None:
            query = query.where(Model.project_id == project_id)
        rows = list(self._session.scalars(query))
        return rows[:limit], rows[limit - 1].id if len(rows) > limit else None

    def latest(self, model_ids: Sequence[str]) -> dict[str, ModelVersion]:
        """The version with the highest number of each of these models that has one."""
        highest = (
            select(ModelVersion.model_id, func.max(ModelVersion.number).label("number"))
            .where(ModelVersion.model_id.in_(model_ids))
            .group_by(ModelVersion.model_id)
            .subquery()
        )
        query = select(ModelVersion).join(
            highest, (highest.c.model_id == ModelVersion.model_id) & (highest.c.number == ModelVersion.number)
        )
        return {version.model_id: version for version in self._session.scalars(query)}

    def lock(self, model_id: str, revision: int | None = None) -> Model:
        """Keep everybody else from changing it until the end of this transaction.

        Raises:
            NotFound: there is none with this id.
            Stale: `revision` is given and is another one.
        """
        model = self._session.get(Model, model_id, with_for_update=True, populate_existing=True)
        if model is None:
            raise _missing(model_id)
        if revision is not None and model.revision != revision:
            raise Stale(
                f"The model {model.name!r} was changed meanwhile: it is at revision {model.revision}, "
                f"not {revision}. Read it again."
            )
        return model

    def change(self, model_id: str, revision: int | None = None, **values: object) -> Model:
        """Change columns, and raise the revision.

        Raises:
            NotFound: there is none with this id.
            Conflict: the new name is taken.
            Stale: `revision` is given and is another one.
        """
        model = self.lock(model_id, revision)
        changed = values | {"revision": model.revision + 1}
        try:
            with self._session.begin_nested():
                self._session.execute(update(Model).where(Model.id == model_id).values(**changed))
        except IntegrityError as exc:
            raise _taken(str(values.get("name"))) from exc
        self._session.refresh(model)
        return model

    def remove(self, model_id: str) -> None:
        """Remove a model with its versions.

        Raises:
            NotFound: there is none with this id.
            Conflict: a version answers for a deployment.
        """
        query = delete(Model).where(Model.id == model_id).returning(Model.id)
        if not self._removed(query, f"The model {model_id}"):
            raise _missing(model_id)

    def add_version(self, version: ModelVersion) -> ModelVersion:
        """Add a version under the next number of its model. The number of a removed version does not come again.

        Raises:
            NotFound: there is no such model.
        """
        model = self.lock(version.model_id)
        model.numbered += 1
        version.number = model.numbered
        self._session.add(version)
        self._session.flush()
        return version

    def version(self, version_id: str) -> ModelVersion:
        """The model version.

        Raises:
            NotFound: there is none with this id.
        """
        version = self._session.get(ModelVersion, version_id)
        if version is None:
            raise _no_version(version_id)
        return version

    def versions(self, model_id: str, after: int | None, limit: int) -> tuple[list[ModelVersion], int | None]:
        """Versions of a model, the latest first, and the cursor of the next page: a number."""
        query = select(ModelVersion).where(ModelVersion.model_id == model_id)
        if after is not None:
            query = query.where(ModelVersion.number < after)
        rows = list(self._session.scalars(query.order_by(ModelVersion.number.desc()).limit(limit + 1)))
        return rows[:limit], rows[limit - 1].number if len(rows) > limit else None

    def count_versions(self, model_id: str) -> int:
        """How many versions a model has."""
        query = select(func.count()).select_from(ModelVersion).where(ModelVersion.model_id == model_id)
        return self._session.scalar(query) or 0

    def version_of_run(self, run_id: str, sha256: str) -> ModelVersion | None:
        """The model version that a run made of this file."""
        made = (ModelVersion.run_id == run_id, ModelVersion.sha256 == sha256)
        return self._session.scalar(select(ModelVersion).where(*made))

    def change_version(self, version_id: str, revision: int | None = None, **values: object) -> ModelVersion:
        """Change columns of a version, and raise its revision.

        Raises:
            NotFound: there is none with this id.
            Stale: `revision` is given and is another one.
        """
        version = self._session.get(ModelVersion, version_id, with_for_update=True, populate_existing=True)
        if version is None:
            raise _no_version(version_id)
        if revision is not None and version.revision != revision:
            raise Stale(
                f"The model version {version_id} was changed meanwhile: it is at revision {version.revision}, "
                f"not {revision}. Read it again."
            )
        for name, value in values.items():
            setattr(version, name, value)
        version.revision += 1
        self._session.flush()
        return version

    def remove_version(self, version_id: str) -> None:
        """Remove a version. Its file goes when blobs are cleaned.

        Raises:
            NotFound: there is none with this id.
            Conflict: it answers for a deployment.
        """
        query = delete(ModelVersion).where(ModelVersion.id == version_id).returning(ModelVersion.id)
        if not self._removed(query, f"The model version {version_id}"):
            raise _no_version(version_id)

    def deployments(self, *, model_id: str | None = None, version_id: str | None = None) -> list[tuple[str, str]]:
        """(id, name) of the deployments that answer with this version, or with any version of this model."""
        query = select(Deployment.id, Deployment.name).order_by(Deployment.name)
        if version_id is not None:
            query = query.where(Deployment.model_version_id == version_id)
        if model_id is not None:
            versions = select(ModelVersion.id).where(ModelVersion.model_id == model_id)
            query = query.where(Deployment.model_version_id.in_(versions))
        return [(row[0], row[1]) for row in self._session.execute(query)]

    def _removed(self, query: ReturningDelete[Any], what: str) -> bool:
        try:
            with self._session.begin_nested():
                return bool(self._session.scalars(query).all())
        except IntegrityError as exc:  # published at this very moment
            raise Conflict(f"{what} answers for a deployment.") from exc


def _missing(model_id: str) -> NotFound:
    return NotFound(f"There is no model {model_id}.")


def _no_version(version_id: str) -> NotFound:
    return NotFound(f"There is no model version {version_id}.")


def _taken(name: str) -> Conflict:
    return Conflict(f"There is already a model {name!r}.")
