"""Projects: made, changed, trained, put away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Unpack

from fenlei.client.management.comparison import Comparison
from fenlei.client.management.hanging import ProjectHanging
from fenlei.client.management.link import Link
from fenlei.client.management.records import Project, Run
from fenlei.client.management.training import TrainingSettings


class _Unchanged:
    """Stands for a value that is to stay."""


UNCHANGED = _Unchanged()


class Projects:
    """The projects of a platform."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def create(
        self,
        name: str,
        dataset_id: str | None = None,
        *,
        kind: str = "automated",
        note: str = "",
        **settings: Unpack[TrainingSettings],
    ) -> Project:
        """Make a project.

        Args:
            name: no other project has it.
            dataset_id: what it works on; may be chosen later.
            kind: `automated` or `canvas`.
            note: whatever people want to know about it.
            settings: of its trainings, see `TrainingSettings`.
        """
        body = {"name": name, "kind": kind, "dataset_id": dataset_id, "note": note, "settings": settings or None}
        return self._link.post("/projects", Project, body)

    def list(self, *, archived: bool = False, dataset_id: str | None = None) -> Iterator[Project]:
        """Projects, the oldest first, or those in the archive; only those on a data set where one is named."""
        return self._link.pages("/projects", Project, archived=archived, dataset_id=dataset_id)

    def get(self, project_id: str) -> Project:
        """A project."""
        return self._link.get(f"/projects/{project_id}", Project)

    def rename(self, project_id: str, name: str, *, revision: int | None = None) -> Project:
        """Give it another name."""
        return self.change(project_id, name=name, revision=revision)

    def change(
        self,
        project_id: str,
        *,
        name: str | None = None,
        note: str | None = None,
        dataset_id: str | _Unchanged | None = UNCHANGED,
        settings: dict[str, Any] | None = None,
        revision: int | None = None,
    ) -> Project:
        """Rename it, choose its data set, change its note or its settings. Runs that were asked for keep theirs.

        Args:
            project_id: which one.
            name: the new name; None leaves it.
            note: the new note; None leaves it.
            dataset_id: what it works on from now on; None: nothing.
            settings: of its trainings (see `TrainingSettings`), all of them anew; None leaves them.
            revision: the one that was seen; another one is refused.
        """
        said = {"name": name, "note": note, "settings": settings}
        body: dict[str, Any] = {each: value for each, value in said.items() if value is not None}
        if not isinstance(dataset_id, _Unchanged):
            body["dataset_id"] = dataset_id
        return self._link.patch(f"/projects/{project_id}", Project, body, revision=revision)

    def archive(self, project_id: str, archived: bool = True) -> Project:
        """Put it out of sight, or take it back."""
        return self._link.patch(f"/projects/{project_id}", Project, {"archived": archived})

    def clone(self, project_id: str, name: str | None = None) -> Project:
        """Make one like it, without runs, models and deployments."""
        return self._link.post(f"/projects/{project_id}/clone", Project, {"name": name})

    def what_hangs_on(self, project_id: str) -> ProjectHanging:
        """What would go, or stay without its project, if it were deleted."""
        return self._link.get(f"/projects/{project_id}/hanging", ProjectHanging)

    def delete(self, project_id: str, *, everything: bool = False) -> None:
        """Delete a project; with `everything`, although something hangs on it."""
        self._link.delete(f"/projects/{project_id}", and_all=everything or None)

    def train(
        self,
        project_id: str,
        dataset_version_id: str | None = None,
        *,
        priority: int = 0,
        **settings: Unpack[TrainingSettings],
    ) -> Run:
        """Train, as a run; `runs.wait` waits for it, and its result names the model version.

        Args:
            project_id: which one.
            dataset_version_id: what to learn from; None keeps the data set as it is now, and takes that.
            priority: -100 to 100; runs of a greater one go first.
            settings: what differs from the project's for this run, see `TrainingSettings`.
        """
        body = {"dataset_version_id": dataset_version_id, "settings": settings or None, "priority": priority}
        return self._link.post(f"/projects/{project_id}/runs", Run, body)

    def runs(self, project_id: str) -> Iterator[Run]:
        """Its runs, the latest first."""
        return self._link.pages(f"/projects/{project_id}/runs", Run)

    def compare(self, run_id: str, other_id: str) -> Comparison:
        """Two trainings side by side: settings, data, figures with their intervals."""
        return self._link.get(f"/runs/{run_id}/compare/{other_id}", Comparison)
