"""Publish a model version under a name, and roll back; the URL stays.

What is wanted is committed first and then brought about, so that a server which dies in between, and every other
server, comes to the same state by following the database.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fenlei.contract import Envelope, StatusStyle, WireOptions, check_name, prediction_url
from fenlei.projects.front import Front, Prepared
from fenlei.projects.keys import MadeKey, add_key
from fenlei.store import Conflict, Stale, Store, Work, new_id, now
from fenlei.store.deployments import PUBLISH
from fenlei.store.tables import Deployment, Model, ModelVersion

RUNNING, STOPPED = "running", "stopped"
ROLL_BACK = "roll-back"
FIRST_KEY = "first key"


@dataclass(frozen=True)
class Wishes:
    """How a deployment is called and answers; None leaves it as it is, or as it is by default.

    Attributes:
        open: whether it may be called without a key; by default not.
        envelope: what stands around answers; by default nothing.
        status: which HTTP statuses they travel with; by default those of the document.
        unknown_as: the class that pictures of nothing known are answered with; "" for none, as by default.
        decide: whether the thresholds of the model have a say in which class is answered; by default not.
    """

    open: bool | None = None
    envelope: Envelope | None = None
    status: StatusStyle | None = None
    unknown_as: str | None = None
    decide: bool | None = None

    @property
    def of_the_model(self) -> bool:
        """Whether something is asked of the model, which it may not be able to."""
        return bool(self.unknown_as) or bool(self.decide)


@dataclass(frozen=True)
class Published:
    """A deployment as it is now.

    Attributes:
        deployment: it.
        made_key: the key that was made with it, which is shown now and never again; None where it has keys already,
            or is open.
    """

    deployment: Deployment
    made_key: MadeKey | None

    @property
    def url_key(self) -> str | None:
        """The key that was made, as it travels in the URL."""
        return None if self.made_key is None else self.made_key.secret

    def url(self, base: str) -> str:
        """The complete URL where the key was made just now, or where none is needed; otherwise it lacks the key.

        Args:
            base: scheme, host and port.
        """
        return prediction_url(base, self.deployment.name, self.url_key)


def publish(
    store: Store,
    front: Front,
    model_version_id: str,
    name: str,
    wishes: Wishes = Wishes(),
    *,
    by: str | None = None,
) -> Published:
    """Let a model version answer under a name: a new one, or one that its project has published to before.

    The parity pictures are run on this server first; then the row is committed; then new requests go to the new
    model, while those that are on their way end on the old one. A stopped deployment is started by it.

    Args:
        store: keeps it.
        front: this server.
        model_version_id: what shall answer.
        name: the last segment of the URL.
        wishes: how it shall be called and answer.
        by: who asks.

    Raises:
        BadName: the name cannot stand in a URL.
        NotFound: there is no such model version.
        Conflict: the name belongs to a deployment of another project, or the model cannot answer as it is asked to.
        FenleiError: the model cannot be loaded here, or does not score as it did.
    """
    check_name(name)
    with store.reading() as work:
        version = work.models.version(model_version_id)
        model = work.models.get(version.model_id)
        _check_free(work, name, model)
    prepared = front.prepare(version)

    def commit(work: Work) -> Published:
        _check_exists(work, version)
        published = _put_behind(work, name, version, model, wishes, by)
        check_able(published.deployment, prepared)
        return published

    return bring_about(store, front, prepared, commit)


def put_behind(work: Work, name: str, version: ModelVersion, wishes: Wishes, *, by: str | None) -> Deployment:
    """As `publish`, in a transaction that is open and where no server is: those that there are follow. The caller has
    proven the model, and sees to it that it can answer as it is asked to. No key is made where there is none yet.

    Raises:
        Conflict: the name belongs to a deployment of another project.
    """
    model = work.models.get(version.model_id)
    return _put_behind(work, name, version, model, wishes, by, with_key=False).deployment


def publish_here(
    store: Store,
    front: Front,
    deployment_id: str,
    model_version_id: str,
    wishes: Wishes = Wishes(),
    *,
    revision: int | None = None,
    by: str | None = None,
) -> Published:
    """Let another model version, of whatever project, answer for a deployment that exists; otherwise as `publish`.

    Raises:
        NotFound: there is no such deployment or model version.
        Stale: `revision` is given and is another one.
        Conflict: the model cannot answer as it is asked to.
        FenleiError: the model cannot be loaded here, or does not score as it did.
    """
    with store.reading() as work:
        at_revision(work, deployment_id, revision)
        version = work.models.version(model_version_id)
    prepared = front.prepare(version)

    def commit(work: Work) -> Published:
        _check_exists(work, version)
        changed = _move(work, deployment_id, revision, version, wishes, by)
        check_able(changed, prepared)
        return Published(changed, key_if_needed(work, changed, by))

    return bring_about(store, front, prepared, commit)


def roll_back(
    store: Store,
    front: Front,
    deployment_id: str,
    model_version_id: str | None = None,
    *,
    revision: int | None = None,
    by: str | None = None,
) -> Deployment:
    """Let a model version answer again that was published here before. A stopped deployment stays stopped.

    Args:
        store: keeps it.
        front: this server.
        deployment_id: which one.
        model_version_id: which version; None: the one that was published before the present one.
        revision: the deployment's, as the caller saw it.
        by: who asks.

    Raises:
        NotFound: there is no such deployment.
        Conflict: no such version was published here, or it was deleted, and the text says which are left; or it cannot
            answer as the deployment does.
        Stale: `revision` is given and is another one.
        FenleiError: the model cannot be loaded here any more.
    """
    with store.reading() as work:
        deployment = at_revision(work, deployment_id, revision)
        version = _earlier(deployment, work.deployments.published_here(deployment_id), model_version_id)
    prepared = front.prepare(version)

    def commit(work: Work) -> Published:
        _check_exists(work, version)
        changed = work.deployments.change(deployment_id, revision, model_version_id=version.id)
        check_able(changed, prepared)
        work.deployments.note(changed, ROLL_BACK, by)
        return Published(changed, None)

    return bring_about(store, front, prepared, commit).deployment


def at_revision(work: Work, deployment_id: str, revision: int | None) -> Deployment:
    """The deployment, before dear work is begun on it; it is held against its revision again when it is changed."""
    deployment = work.deployments.get(deployment_id)
    if revision is not None and deployment.revision != revision:
        raise Stale(
            f"The deployment {deployment.name!r} was changed meanwhile: revision {deployment.revision}, not {revision}."
        )
    return deployment


def bring_about(store: Store, front: Front, prepared: Prepared, commit: Callable[[Work], Published]) -> Published:
    """Commit what is wanted, and then let the server follow; a model that is not wanted after all is let go of."""
    try:
        with store.writing() as work:
            published = commit(work)
    except BaseException:  # whatever it was, nobody will be sent to this model
        front.discard(prepared)
        raise
    front.follow(published.deployment.id, prepared)
    return published


def options_of(deployment: Deployment) -> WireOptions:
    """How a deployment answers."""
    return WireOptions(
        Envelope(deployment.envelope), StatusStyle(deployment.status_style), deployment.unknown_as, deployment.decide
    )


def check_able(deployment: Deployment, prepared: Prepared) -> None:
    """Refuse a model that cannot answer as its deployment is to.

    Raises:
        Conflict: the text says what it lacks.
    """
    why = prepared.lacking(options_of(deployment))
    if why is not None:
        raise Conflict(
            f"The model version {prepared.model_version_id} cannot answer as {deployment.name!r} is to. {why}"
        )


def key_if_needed(work: Work, deployment: Deployment, by: str | None) -> MadeKey | None:
    """Make the first key of a deployment that cannot be called without one."""
    if deployment.open or work.keys.count(deployment.id):
        return None
    return add_key(work, deployment.id, FIRST_KEY, by)


def columns_of(wishes: Wishes) -> dict[str, object]:
    """The wishes that were named, as the table has them."""
    columns: dict[str, object] = {}
    if wishes.open is not None:
        columns["open"] = wishes.open
    if wishes.envelope is not None:
        columns["envelope"] = wishes.envelope.value
    if wishes.status is not None:
        columns["status_style"] = wishes.status.value
    if wishes.unknown_as is not None:
        columns["unknown_as"] = wishes.unknown_as or None
    if wishes.decide is not None:
        columns["decide"] = wishes.decide
    return columns


def _check_free(work: Work, name: str, model: Model) -> Deployment | None:
    """The deployment of this name, which must be of the same model or project; None when the name is free."""
    deployment = work.deployments.named(name)
    if deployment is None:
        return None
    answering = work.models.get(work.models.version(deployment.model_version_id).model_id)
    if answering.id != model.id and (model.project_id is None or model.project_id != deployment.project_id):
        raise Conflict(
            f"The name {name!r} belongs to the deployment {deployment.id}, which answers with the model "
            f"{answering.name!r} of another project. Choose another name, or publish to that deployment itself."
        )
    return deployment


def _put_behind(
    work: Work,
    name: str,
    version: ModelVersion,
    model: Model,
    wishes: Wishes,
    by: str | None,
    *,
    with_key: bool = True,
) -> Published:
    deployment = _check_free(work, name, model)
    if deployment is None:
        deployment = _create(work, name, version, model, wishes, by)
    else:
        deployment = _move(work, deployment.id, None, version, wishes, by)
    return Published(deployment, key_if_needed(work, deployment, by) if with_key else None)


def _create(work: Work, name: str, version: ModelVersion, model: Model, wishes: Wishes, by: str | None) -> Deployment:
    at = now()
    deployment = Deployment(
        id=new_id("dp"),
        name=name,
        project_id=model.project_id,
        model_version_id=version.id,
        state=RUNNING,
        open=bool(wishes.open),
        envelope=(wishes.envelope or Envelope.PLAIN).value,
        status_style=(wishes.status or StatusStyle.DOCUMENTED).value,
        unknown_as=wishes.unknown_as or None,
        decide=bool(wishes.decide),
        created_at=at,
        created_by=by,
        updated_at=at,
    )
    work.deployments.add(deployment)
    work.deployments.note(deployment, PUBLISH, by)
    return deployment


def _move(
    work: Work, deployment_id: str, revision: int | None, version: ModelVersion, wishes: Wishes, by: str | None
) -> Deployment:
    changed = work.deployments.change(
        deployment_id, revision, model_version_id=version.id, state=RUNNING, **columns_of(wishes)
    )
    work.deployments.note(changed, PUBLISH, by)
    return changed


def _check_exists(work: Work, version: ModelVersion) -> None:
    """It may have been deleted while it was being proven."""
    work.models.version(version.id)


def _earlier(deployment: Deployment, published: list[ModelVersion], wanted: str | None) -> ModelVersion:
    if wanted is None:
        ids = [version.id for version in published]
        before = published[ids.index(deployment.model_version_id) + 1 :] if deployment.model_version_id in ids else []
        if not before:
            raise Conflict(f"Nothing was published to {deployment.name!r} before the version that answers now.")
        return before[0]
    found = next((version for version in published if version.id == wanted), None)
    if found is None:
        left = ", ".join(version.id for version in published[:10])
        raise Conflict(f"The model version {wanted} was not published to {deployment.name!r} before; {left} were.")
    return found
