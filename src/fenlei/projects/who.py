"""Whoever asks for something: a person in a browser, or a machine with a person's token."""

from __future__ import annotations

from dataclasses import dataclass

from fenlei.projects.roles import Role


@dataclass(frozen=True)
class Who:
    """The caller of a use case.

    Attributes:
        user_id: who it is.
        name: as people read it.
        role: what the call may do; a token's may be less than its user's.
        token_id: of the token that was sent; None in a browser.
        sign_in_id: of the browser's sign-in; None with a token.
    """

    user_id: str
    name: str
    role: Role
    token_id: str | None = None
    sign_in_id: str | None = None
