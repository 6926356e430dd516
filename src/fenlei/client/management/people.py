"""Oneself, other people, and tokens for machines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from fenlei.client.management.link import Link
from fenlei.client.management.records import Token, User


class People:
    """Who may do what."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def me(self) -> User:
        """Who is calling."""
        return self._link.get("/me", User)

    def list(self) -> Iterator[User]:
        """Everybody; for owners."""
        return self._link.pages("/users", User)

    def add(self, name: str, role: str = "viewer", password: str | None = None) -> User:
        """Add a person; for owners. Without a password they need a sign-in link."""
        return self._link.post("/users", User, {"name": name, "role": role, "password": password})

    def sign_in_link(self, user_id: str) -> str:
        """A link that signs this person in once, within a day; for owners."""
        return self._link.post(f"/users/{user_id}/sign-in-link", dict[str, str])["url"]


class Tokens:
    """One's own tokens."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def list(self) -> Sequence[Token]:
        """Those that are not revoked."""
        return self._link.get("/tokens", list[Token])

    def make(self, name: str, role: str = "viewer", expires_at: datetime | None = None) -> Token:
        """Make one; its `secret` is shown now and never again."""
        return self._link.post("/tokens", Token, {"name": name, "role": role, "expires_at": expires_at})

    def revoke(self, token_id: str) -> None:
        """Make it useless at once."""
        self._link.delete(f"/tokens/{token_id}")
