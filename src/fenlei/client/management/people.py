"""Oneself, other people, what they did, and tokens for machines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from fenlei.client.management.link import Link
from fenlei.client.management.people_records import Audited, SignIn, Token, User


class People:
    """Who may do what, and who did what."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def me(self) -> User:
        """Who is calling."""
        return self._link.get("/me", User)

    def set_my_password(self, password: str, current: str | None = None) -> None:
        """Set one's own password; `current` is the one so far, where there is one. Other sign-ins of oneself end."""
        self._link.put("/me/password", type(None), {"password": password, "current": current})

    def sign_ins(self) -> Sequence[SignIn]:
        """Where one is signed in, the latest first."""
        return self._link.get("/me/sign-ins", list[SignIn])

    def end_sign_in(self, sign_in_id: str) -> None:
        """Sign one of one's browsers out."""
        self._link.delete(f"/me/sign-ins/{sign_in_id}")

    def sign_out(self, *, everywhere: bool = False) -> None:
        """End this sign-in, or all of one's own; tokens stay."""
        self._link.post("/sign-out", type(None), everywhere=everywhere or None)

    def list(self) -> Iterator[User]:
        """Everybody; for owners."""
        return self._link.pages("/users", User)

    def get(self, user_id: str) -> User:
        """A person; for owners."""
        return self._link.get(f"/users/{user_id}", User)

    def add(self, name: str, role: str = "viewer", password: str | None = None) -> User:
        """Add a person; for owners. Without a password they need a sign-in link."""
        return self._link.post("/users", User, {"name": name, "role": role, "password": password})

    def change(
        self,
        user_id: str,
        *,
        name: str | None = None,
        role: str | None = None,
        disabled: bool | None = None,
        revision: int | None = None,
    ) -> User:
        """Rename a person, change their role, disable or enable them; for owners."""
        said = {"name": name, "role": role, "disabled": disabled}
        body = {name: value for name, value in said.items() if value is not None}
        return self._link.patch(f"/users/{user_id}", User, body, revision=revision)

    def set_password(self, user_id: str, password: str) -> None:
        """Set somebody else's password; for owners. They are signed out everywhere."""
        self._link.put(f"/users/{user_id}/password", type(None), {"password": password})

    def sign_in_link(self, user_id: str) -> str:
        """A link that signs this person in once, within a day; for owners."""
        return self._link.post(f"/users/{user_id}/sign-in-link", dict[str, str])["url"]

    def audit(self, *, object_id: str | None = None, user_id: str | None = None) -> Iterator[Audited]:
        """Every change of the platform, the latest first; for owners.

        Args:
            object_id: only what was done to this.
            user_id: only what this person did.
        """
        return self._link.pages("/audit", Audited, limit=500, object_id=object_id, user_id=user_id)


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
