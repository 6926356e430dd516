"""Data sets by id and by name, and what hangs on each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fenlei.store.clock import now
from fenlei.store.errors import Conflict, NotFound, Stale
from fenlei.store.tables import (
    Change,
    ChangedPicture,
    CheckRun,
    Dataset,
    DatasetVersion,
    Finding,
    Import,
    Label,
    ModelVersion,
    Picture,
    Project,
    Run,
    Tally,
)
from fenlei.store.tallies import Tallies


@dataclass(frozen=True)
class Hanging:
    """What would go, or lose its data set, with a data set.

    Attributes:
        pictures: how many, those in the bin included.
        versions: (id, number) of its versions, oldest first.
        model_versions: ids of model versions that learned from one of them; they stay.
        projects: (id, name) of the projects that work on it; they stay, without a data set.
        runs: (id, kind) of the runs on it that are not finished.
        imports: ids of imports into it that are not finished.
    """

    pictures: int
    versions: tuple[tuple[str, int], ...]
    model_versions: tuple[str, ...]
    projects: tuple[tuple[str, str], ...]
    runs: tuple[tuple[str, str], ...]
    imports: tuple[str, ...]


class Datasets:
    """The data sets."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, dataset: Dataset) -> Dataset:
        """Add one.

        Raises:
            Conflict: the name is taken.
        """
        try:
            with self._session.begin_nested():
                self._session.add(dataset)
        except IntegrityError as exc:
            raise _taken(dataset.name) from exc
        return dataset

    def get(self, dataset_id: str) -> Dataset:
        """The data set.

        Raises:
            NotFound: there is none with this id.
        """
        dataset = self._session.get(Dataset, dataset_id)
        if dataset is None:
            raise _missing(dataset_id)
        return dataset

    def named(self, name: str) -> Dataset | None:
        """The data set of exactly this name."""
        return self._session.scalar(select(Dataset).where(Dataset.name == name))

    def page(self, after: str | None, limit: int) -> tuple[list[Dataset], str | None]:
        """Data sets by id, which is by age, and the cursor of the next page."""
        query = select(Dataset).order_by(Dataset.id).limit(limit + 1)
        if after is not None:
            query = query.where(Dataset.id > after)
        rows = list(self._session.scalars(query))
        return rows[:limit], rows[limit - 1].id if len(rows) > limit else None

    def sizes(self, dataset_ids: Sequence[str]) -> dict[str, int]:
        """How many pictures each of these has, without removed ones."""
        return Tallies(self._session).sizes(dataset_ids)

    def lock(self, dataset_id: str, revision: int | None = None) -> Dataset:
        """Keep everybody else from changing it until the end of this transaction; do this first.

        Raises:
            NotFound: there is none with this id.
            Stale: `revision` is given and is another one.
        """
        dataset = self._session.get(Dataset, dataset_id, with_for_update=True, populate_existing=True)
        if dataset is None:
            raise _missing(dataset_id)
        if revision is not None and dataset.revision != revision:
            raise Stale(
                f"The data set {dataset.name!r} was changed meanwhile: it is at revision {dataset.revision}, "
                f"not {revision}. Read it again."
            )
        return dataset

    def touch(self, dataset_id: str, revision: int | None = None) -> int:
        """Raise the revision: something in it changes in this transaction. Locks it as `lock` does.

        Returns:
            The new revision.

        Raises:
            NotFound: there is none with this id.
            Stale: `revision` is given and is another one.
        """
        return self.change(dataset_id, revision).revision

    def change(self, dataset_id: str, revision: int | None = None, **values: object) -> Dataset:
        """Change columns, and raise the revision.

        Raises:
            NotFound: there is none with this id.
            Conflict: the new name is taken.
            Stale: `revision` is given and is another one.
        """
        dataset = self.lock(dataset_id, revision)
        changed = values | {"revision": dataset.revision + 1, "updated_at": now()}
        try:
            with self._session.begin_nested():
                self._session.execute(update(Dataset).where(Dataset.id == dataset_id).values(**changed))
        except IntegrityError as exc:
            raise _taken(str(values.get("name"))) from exc
        self._session.refresh(dataset)
        return dataset

    def hanging(self, dataset_id: str) -> Hanging:
        """What hangs on it."""
        versions = self._session.execute(
            select(DatasetVersion.id, DatasetVersion.number)
            .where(DatasetVersion.dataset_id == dataset_id)
            .order_by(DatasetVersion.number)
        ).all()
        models = self._session.scalars(
            select(ModelVersion.id)
            .join(DatasetVersion, DatasetVersion.id == ModelVersion.dataset_version_id)
            .where(DatasetVersion.dataset_id == dataset_id)
            .order_by(ModelVersion.id)
        )
        projects = self._session.execute(
            select(Project.id, Project.name).where(Project.dataset_id == dataset_id).order_by(Project.id)
        ).all()
        imports = self._session.execute(select(Import.id, Import.state).where(Import.dataset_id == dataset_id)).all()
        # A run says in its subject what it works on; few runs are unfinished at a time, so they are looked at one by
        # one rather than through JSON operators that the two databases spell differently.
        ours = {dataset_id, *(row.id for row in versions), *(row.id for row in projects), *(row.id for row in imports)}

        def on_ours(run: Run) -> bool:
            return not ours.isdisjoint(
                [run.project_id, *(each for each in run.subject.values() if isinstance(each, str))]
            )

        unfinished = self._session.scalars(select(Run).where(Run.state.in_(("queued", "running"))).order_by(Run.id))
        return Hanging(
            pictures=Tallies(self._session).sizes([dataset_id], removed_too=True)[dataset_id],
            versions=tuple((row.id, row.number) for row in versions),
            model_versions=tuple(models),
            projects=tuple((row.id, row.name) for row in projects),
            runs=tuple((run.id, run.kind) for run in unfinished if on_ours(run)),
            imports=tuple(sorted(row.id for row in imports if row.state not in ("done", "failed", "cancelled"))),
        )

    def remove(self, dataset_id: str) -> None:
        """Remove it with its pictures, labels, imports, findings, history and versions. Projects stay, without one."""
        changes = select(Change.id).where(Change.dataset_id == dataset_id)
        # In this order, so that no row is asked for its children one by one.
        for query in (
            delete(ChangedPicture).where(ChangedPicture.change_id.in_(changes)),
            delete(Change).where(Change.dataset_id == dataset_id),
            delete(Finding).where(Finding.dataset_id == dataset_id),
            delete(CheckRun).where(CheckRun.dataset_id == dataset_id),
            delete(Picture).where(Picture.dataset_id == dataset_id),
            delete(Tally).where(Tally.dataset_id == dataset_id),
            delete(Label).where(Label.dataset_id == dataset_id),
            update(Project).where(Project.dataset_id == dataset_id).values(dataset_id=None),
            delete(Dataset).where(Dataset.id == dataset_id),
        ):
            self._session.execute(query, execution_options={"synchronize_session": False})


def _missing(dataset_id: str) -> NotFound:
    return NotFound(f"There is no data set {dataset_id}.")


def _taken(name: str) -> Conflict:
    return Conflict(f"There is already a data set {name!r}; choose another name.")
