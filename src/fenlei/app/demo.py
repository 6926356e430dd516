"""The demo: handwritten digits imported, an automated project, its run, its model, its deployment, and a key.

Through the same use cases as everybody's own, with the ids of what was made remembered in the database: whatever is
there already is used, and whatever was interrupted goes on.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from fenlei.contract import FenleiError, prediction_url
from fenlei.datasets.create import create_dataset
from fenlei.datasets.digits import write_digits
from fenlei.datasets.imports import State, begin_import
from fenlei.projects.app_key import key_digest
from fenlei.projects.audit import note
from fenlei.projects.dataset_runs import start_import
from fenlei.projects.deployments import STOPPED, publish, start
from fenlei.projects.front import Front
from fenlei.projects.keys import keys_of, make_key, revoke_key
from fenlei.projects.projects import create_project
from fenlei.projects.roles import Role
from fenlei.projects.training_run import start_training
from fenlei.projects.users import first_owner
from fenlei.projects.who import Who
from fenlei.runs import OVER
from fenlei.store import NotFound, Store, Work
from fenlei.store.tables import Deployment, Run

NAME = "digits"
DATASET, PROJECT = "Handwritten digits", "Digits"
KEY_NAME = "demo"
REMEMBERED = "demo"
"""Under this name the database remembers the ids."""
LOOK_SECONDS = 0.1

T = TypeVar("T")
Tell = Callable[[str, int, int], None]
"""Progress: stage, steps done, steps in all."""


class DemoFailed(FenleiError):
    """A run of the demo did not come to its end."""


@dataclass(frozen=True)
class Shown:
    """What to show a person.

    Attributes:
        url: of the prediction, complete with its key.
        picture: a file that can be sent to it.
    """

    url: str
    picture: Path


class Demo:
    """The demo of one platform."""

    def __init__(self, store: Store, front: Front, folder: Path, ending: Callable[[], bool]) -> None:
        """Nothing is made yet.

        Args:
            store: of the platform.
            front: this server.
            folder: where the pictures are laid down, and the key.
            ending: asked while a run is waited for; true gives up.
        """
        self._store = store
        self._front = front
        self._folder = folder
        self._ending = ending
        owner = first_owner(store)
        self._who = Who(owner.id, owner.name, Role(owner.role))

    def make(self, base: str, tell: Tell) -> Shown:
        """Make what is not there yet.

        Args:
            base: scheme, host and port of the server.
            tell: told how far it is.

        Raises:
            FenleiError: it cannot be made, or the server ends.
        """
        pictures = write_digits(self._folder / NAME)
        deployment = self._known("deployment_id", lambda work, id_: work.deployments.get(id_))
        if deployment is None:
            deployment = self._deploy(pictures, tell)
        elif deployment.state == STOPPED:
            deployment = start(self._store, self._front, deployment.id, by=self._who.user_id)
            self._note("deployment.start", deployment.id)
        url = prediction_url(base, deployment.name, None if deployment.open else self._key(deployment))
        return Shown(url, sorted((pictures / "3").iterdir())[0])

    def _deploy(self, pictures: Path, tell: Tell) -> Deployment:
        project_id = self._project(pictures, tell)
        version_id = self._trained(project_id, tell)
        published = publish(self._store, self._front, version_id, NAME, by=self._who.user_id)
        self._note("deployment.publish", published.deployment.id, name=NAME, model_version_id=version_id)
        if published.url_key is not None:
            self._keep_key(published.url_key)
        self._remember(deployment_id=published.deployment.id)
        return published.deployment

    def _project(self, pictures: Path, tell: Tell) -> str:
        project = self._known("project_id", lambda work, id_: work.projects.get(id_))
        if project is not None:
            return project.id
        dataset_id = self._dataset(pictures, tell)
        project = create_project(
            self._store, PROJECT, "automated", dataset_id, {"goal": "fast"}, self._who.user_id, note="Made by --demo."
        )
        self._note("project.add", project.id, name=PROJECT)
        self._remember(project_id=project.id)
        return project.id

    def _dataset(self, pictures: Path, tell: Tell) -> str:
        dataset = self._known("dataset_id", lambda work, id_: work.datasets.get(id_))
        if dataset is None:
            text = "1,797 digits of E. Alpaydin and C. Kaynak, UCI Machine Learning Repository (1998), CC BY 4.0."
            dataset = create_dataset(self._store, DATASET, text, self._who.user_id)
            self._note("dataset.add", dataset.id, name=DATASET)
            self._remember(dataset_id=dataset.id)
        row = self._known("import_id", lambda work, id_: work.imports.get(id_))
        if row is None or row.dataset_id != dataset.id:
            source = {"kind": "path", "path": str(pictures.absolute())}
            row = begin_import(self._store, dataset.id, source, by=self._who.user_id)
            self._remember(import_id=row.id)
        if row.state == State.DONE:
            return dataset.id
        if row.state in {State.QUEUED, State.IMPORTING} and row.run_id is not None:
            self._wait(row.run_id, tell)
        else:
            run = start_import(self._store, row.id, self._who.user_id)
            self._note("import.commit", row.id)
            self._wait(run.id, tell)
        return dataset.id

    def _trained(self, project_id: str, tell: Tell) -> str:
        """A model version of the project: the latest there is, or one that is trained now."""
        with self._store.reading() as work:
            model = work.models.of_project(project_id)
            versions = [] if model is None else work.models.versions(model.id, None, 1)[0]
            running = work.runs.unfinished(project_id)
        if versions:
            return versions[0].id
        run = running[0] if running else start_training(self._store, project_id, by=self._who.user_id)
        if not running:
            self._note("project.train", project_id, run=run.id)
        result = self._wait(run.id, tell).result or {}
        return str(result["model_version_id"])

    def _wait(self, run_id: str, tell: Tell) -> Run:
        while True:
            with self._store.reading() as work:
                run = work.runs.get(run_id)
            if run.state not in OVER:
                tell(run.stage or "waiting for a worker", round(100 * run.progress), 100)
            elif run.state == "done":
                return run
            else:
                raise DemoFailed(f"The demo's {run.kind} run {run.id} is {run.state}: {run.error or 'nobody says why'}")
            if self._ending():
                raise DemoFailed("The server ends before the demo is made; the next start goes on with it.")
            time.sleep(LOOK_SECONDS)

    def _key(self, deployment: Deployment) -> str:
        """The key in the demo's folder while it still opens the deployment; otherwise another one, in its place."""
        with suppress(OSError, UnicodeDecodeError):
            kept = self._key_file.read_text("ascii").strip()
            if key_digest(kept).hex() in {row.digest for row in keys_of(self._store, deployment.id)}:
                return kept
        for row in keys_of(self._store, deployment.id):
            if row.name == KEY_NAME:
                revoke_key(self._store, self._front, row.id)
                self._note("key.revoke", row.id)
        made = make_key(self._store, self._front, deployment.id, KEY_NAME, by=self._who.user_id)
        self._note("key.make", made.row.id, deployment_id=deployment.id, name=KEY_NAME)
        self._keep_key(made.secret)
        return made.secret

    @property
    def _key_file(self) -> Path:
        return self._folder / "key"

    def _keep_key(self, key: str) -> None:
        """Lay the key down for the next start, for this user's eyes only: the URL of the demo stays the same then.

        Everybody's own keys are kept as digests and nothing else. This one opens handwritten digits.
        """
        beside = self._key_file.with_suffix(".part")
        beside.unlink(missing_ok=True)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(key)
        beside.replace(self._key_file)

    def _known(self, name: str, read: Callable[[Work, str], T]) -> T | None:
        """What was made under this name before, while it is still there."""
        with self._store.reading() as work:
            id_ = (work.settings.get(REMEMBERED) or {}).get(name)
            with suppress(NotFound):
                return None if id_ is None else read(work, id_)
        return None

    def _remember(self, **ids: str) -> None:
        with self._store.writing() as work:
            work.settings.put(REMEMBERED, {**(work.settings.get(REMEMBERED) or {}), **ids})

    def _note(self, action: str, object_id: str, **more: Any) -> None:
        note(self._store, self._who, action, object_id, **more)
