"""Projects by id and by name, and what hangs on each of them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fenlei.store.clock import now
from fenlei.store.errors import Conflict, NotFound, Stale
from fenlei.store.tables import Deployment, Model, ModelVersion, Project, Run

UNFINISHED = ("queued", "running")
"""States of a run that somebody still works on, or will."""


@dataclass(frozen=True)
class ProjectHanging:
    """What would go, or lose its project, with a project.

    Attributes:
        runs: how many it has, finished or not; they go with it.
        unfinished: (id, number) of those that are queued or running.
        models: (id, name, number of versions) of its models.
        deployments: (id, name) of the deployments that are its own or answer with one of its models.
    """

    runs: int
    unfinished: tuple[tuple[str, int], ...]
    models: tuple[tuple[str, str, int], ...]
    deployments: tuple[tuple[str, str], ...]

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to lose."""
        return not (self.runs or self.models or self.deployments)


class Projects:
    """The projects."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, project: Project) -> Project:
        """Add one.

        Raises:
            Conflict: the name is taken.
        """
        try:
            with self._session.begin_nested():
                self._session.add(project)
        except IntegrityError as exc:
            if self.named(project.name) is None:
                raise NotFound(f"There is no data set {project.dataset_id}.") from exc
            raise _taken(project.name) from exc
        return project

    def get(self, project_id: str) -> Project:
        """The project.

        Raises:
            NotFound: there is none with this id.
        """
        project = self._session.get(Project, project_id)
        if project is None:
            raise _missing(project_id)
        return project

    def named(self, name: str) -> Project | None:
        """The project of exactly this name."""
        return self._session.scalar(select(Project).where(Project.name == name))

    def page(
        self, after: str | None, limit: int, *, archived: bool | None = False, dataset_id: str | None = None
    ) -> tuple[list[Project], str | None]:
        """Projects by id, which is by age, and the cursor of the next page.

        Args:
            after: the cursor.
            limit: at most so many.
            archived: only those in the archive, or only those outside it; None gives both.
            dataset_id: only those that work on this data set.
        """
        query = select(Project).order_by(Project.id).limit(limit + 1)
        if after is not None:
            query = query.where(Project.id > after)
        if archived is not None:
            query = query.where(Project.archived_at.is_not(None) if archived else Project.archived_at.is_(None))
        if dataset_id is not None:
            query = query.where(Project.dataset_id == dataset_id)
        rows = list(self._session.scalars(query))
        return rows[:limit], rows[limit - 1].id if len(rows) > limit else None

    def lock(self, project_id: str, revision: int | None = None) -> Project:
        """Keep everybody else from changing it until the end of this transaction.

        Raises:
            NotFound: there is none with this id.
            Stale: `revision` is given and is another one.
        """
        project = self._session.get(Project, project_id, with_for_update=True, populate_existing=True)
        if project is None:
            raise _missing(project_id)
        if revision is not None and project.revision != revision:
            raise Stale(
                f"The project {project.name!r} was changed meanwhile: it is at revision {project.revision}, "
                f"not {revision}. Read it again."
            )
        return project

    def change(self, project_id: str, revision: int | None = None, **values: object) -> Project:
        """Change columns, and raise the revision.

        Raises:
            NotFound: there is none with this id, or no data set with the id given.
            Conflict: the new name is taken.
            Stale: `revision` is given and is another one.
        """
        project = self.lock(project_id, revision)
        changed = values | {"revision": project.revision + 1, "updated_at": now()}
        try:
            with self._session.begin_nested():
                self._session.execute(update(Project).where(Project.id == project_id).values(**changed))
        except IntegrityError as exc:
            name = values.get("name")
            if isinstance(name, str) and self.named(name) is not None:
                raise _taken(name) from exc
            raise NotFound(f"There is no data set {values.get('dataset_id')}.") from exc
        self._session.refresh(project)
        return project

    def hanging(self, project_id: str) -> ProjectHanging:
        """What hangs on it."""
        runs = self._session.scalar(select(func.count()).select_from(Run).where(Run.project_id == project_id)) or 0
        unfinished = self._session.execute(
            select(Run.id, Run.number)
            .where(Run.project_id == project_id, Run.state.in_(UNFINISHED))
            .order_by(Run.number)
        )
        models = self._session.execute(
            select(Model.id, Model.name, func.count(ModelVersion.id))
            .outerjoin(ModelVersion, ModelVersion.model_id == Model.id)
            .where(Model.project_id == project_id)
            .group_by(Model.id, Model.name)
            .order_by(Model.id)
        )
        mine = select(ModelVersion.id).join(Model, Model.id == ModelVersion.model_id)
        deployments = self._session.execute(
            select(Deployment.id, Deployment.name)
            .where(
                or_(
                    Deployment.project_id == project_id,
                    Deployment.model_version_id.in_(mine.where(Model.project_id == project_id)),
                )
            )
            .order_by(Deployment.name)
        )
        return ProjectHanging(
            runs=runs,
            unfinished=tuple((row[0], row[1]) for row in unfinished),
            models=tuple((row[0], row[1], row[2]) for row in models),
            deployments=tuple((row[0], row[1]) for row in deployments),
        )

    def remove(self, project_id: str) -> None:
        """Remove it with its runs. Models and deployments stay, without a project.

        Raises:
            NotFound: there is none with this id.
        """
        if not self._session.scalars(delete(Project).where(Project.id == project_id).returning(Project.id)).all():
            raise _missing(project_id)


def _missing(project_id: str) -> NotFound:
    return NotFound(f"There is no project {project_id}.")


def _taken(name: str) -> Conflict:
    return Conflict(f"There is already a project {name!r}.")
