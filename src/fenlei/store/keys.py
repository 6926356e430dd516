"""App keys: digests of what opens a deployment."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fenlei.store.clock import now
from fenlei.store.errors import NotFound
from fenlei.store.tables import AppKey


class Keys:
    """Keys by id and by deployment. Whoever changes them raises the deployment's revision too: servers see that."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, key: AppKey) -> AppKey:
        """Keep a key's digest."""
        self._session.add(key)
        self._session.flush()
        return key

    def get(self, key_id: str) -> AppKey:
        """The key, revoked or not.

        Raises:
            NotFound: there is none with this id.
        """
        key = self._session.get(AppKey, key_id)
        if key is None:
            raise NotFound(f"There is no app key {key_id}.")
        return key

    def of(self, deployment_id: str, *, revoked: bool = False) -> Sequence[AppKey]:
        """The keys of a deployment, the latest first.

        Args:
            deployment_id: whose.
            revoked: also those that open nothing any more.
        """
        query = select(AppKey).where(AppKey.deployment_id == deployment_id).order_by(AppKey.id.desc())
        return self._session.scalars(query if revoked else query.where(AppKey.revoked_at.is_(None))).all()

    def count(self, deployment_id: str) -> int:
        """How many keys open a deployment."""
        query = select(func.count()).where(AppKey.deployment_id == deployment_id, AppKey.revoked_at.is_(None))
        return self._session.scalar(query) or 0

    def revoke(self, key_id: str) -> AppKey:
        """Make a key useless. Revoking twice is fine.

        Raises:
            NotFound: there is none with this id.
        """
        key = self.get(key_id)
        if key.revoked_at is None:
            key.revoked_at = now()
            self._session.flush()
        return key
