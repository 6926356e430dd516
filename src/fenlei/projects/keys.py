"""App keys of a deployment: made, shown once, revoked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fenlei.contract.errors import FenleiError
from fenlei.projects.app_key import BEGINNING_CHARS, key_digest, new_key
from fenlei.projects.front import Front
from fenlei.store import Conflict, Store, Work, new_id, now
from fenlei.store.tables import AppKey

MOST_NAME_CHARS = 200
MOST_KEYS = 100
"""Of one deployment at one time."""


class BadKeyName(FenleiError):
    """A key cannot be called this."""


@dataclass(frozen=True)
class MadeKey:
    """A new key: its row, and the key itself, which is shown now and never again."""

    row: AppKey
    secret: str


def make_key(store: Store, front: Front, deployment_id: str, name: str = "", *, by: str | None = None) -> MadeKey:
    """Make another key for a deployment. It opens this deployment and no other.

    Args:
        store: where its digest is kept.
        front: lets it in at once.
        deployment_id: what it opens.
        name: for people, such as the caller it is given to.
        by: who asks.

    Raises:
        NotFound: there is no such deployment.
        BadKeyName: the name is too long, or cannot be seen.
        Conflict: the deployment has as many keys as it may have.
    """
    with store.writing() as work:
        deployment = work.deployments.change(deployment_id)
        if work.keys.count(deployment_id) >= MOST_KEYS:
            raise Conflict(
                f"The deployment {deployment.name!r} has {MOST_KEYS} keys, which is the most; revoke one first."
            )
        made = add_key(work, deployment_id, name, by)
    front.follow(deployment_id)
    return made


def revoke_key(store: Store, front: Front, key_id: str) -> AppKey:
    """Make a key open nothing any more, on this server at once and on others within about a second.

    Requests that were let in before are answered. Revoking twice is fine.

    Raises:
        NotFound: there is no such key.
    """
    with store.writing() as work:
        key = work.keys.revoke(key_id)
        work.deployments.change(key.deployment_id)
    front.follow(key.deployment_id)
    return key


def keys_of(store: Store, deployment_id: str, *, revoked: bool = False) -> Sequence[AppKey]:
    """The keys of a deployment, the latest first; none shows more than its first characters.

    Raises:
        NotFound: there is no such deployment.
    """
    with store.reading() as work:
        work.deployments.get(deployment_id)
        return work.keys.of(deployment_id, revoked=revoked)


def add_key(work: Work, deployment_id: str, name: str, by: str | None) -> MadeKey:
    """Make a key within a transaction that raises the deployment's revision anyway."""
    name = name.strip()
    if len(name) > MOST_NAME_CHARS or not name.isprintable():
        raise BadKeyName(f"The name of a key has at most {MOST_NAME_CHARS} visible characters.")
    secret = new_key()
    row = AppKey(
        id=new_id("ak"),
        deployment_id=deployment_id,
        name=name,
        beginning=secret[:BEGINNING_CHARS],
        digest=key_digest(secret).hex(),
        created_at=now(),
        created_by=by,
    )
    return MadeKey(work.keys.add(row), secret)
