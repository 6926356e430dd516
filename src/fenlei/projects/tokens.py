"""API tokens: what machines sign in with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fenlei.projects.audit import record
from fenlei.projects.roles import NotAllowed, Role
from fenlei.projects.secrets import new_secret, secret_digest
from fenlei.projects.who import Who
from fenlei.store import Store, new_id, now
from fenlei.store.tables import ApiToken

_REMEMBER_USE_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class MadeToken:
    """A new token: its row, and the secret, which is shown now and never again."""

    row: ApiToken
    secret: str


def make_token(store: Store, who: Who, name: str, role: Role, expires_at: datetime | None) -> MadeToken:
    """Make a token for oneself.

    Raises:
        NotAllowed: its role would be more than one's own.
    """
    if not who.role.includes(role):
        raise NotAllowed(f"You are {who.role}; a token of yours cannot be {role}.")
    secret = new_secret("ft")
    row = ApiToken(
        id=new_id("tk"),
        user_id=who.user_id,
        name=name.strip()[:200] or "token",
        role=role,
        digest=secret_digest(secret),
        beginning=secret[:9],
        created_at=now(),
        expires_at=expires_at,
    )
    with store.writing() as work:
        work.tokens.add(row)
        record(work, who, "token.make", row.id, name=row.name, role=role)
    return MadeToken(row, secret)


def tokens_of(store: Store, user_id: str) -> Sequence[ApiToken]:
    """A person's tokens that are not revoked, the latest first."""
    with store.reading() as work:
        return work.tokens.of(user_id)


def revoke_token(store: Store, who: Who, token_id: str) -> None:
    """Make a token useless at once: one's own, or anybody's for an owner.

    Raises:
        NotFound: there is none that this person may revoke.
    """
    with store.writing() as work:
        work.tokens.revoke(token_id, None if who.role is Role.OWNER else who.user_id, now())
        record(work, who, "token.revoke", token_id)


def whose_token(store: Store, secret: str) -> Who | None:
    """Whose token this is; None when it is none, has run out, or is revoked."""
    at = now()
    with store.reading() as work:
        found = work.tokens.find(secret_digest(secret), at)
    if found is None:
        return None
    row, user = found
    if row.used_at is None or at - row.used_at > _REMEMBER_USE_EVERY:
        with store.writing() as work:
            work.tokens.used(row.id, at)
    return Who(user.id, user.name, Role(row.role).at_most(Role(user.role)), token_id=row.id)
