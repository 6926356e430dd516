"""People, what they are signed in with, and what they did, as typed records."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct


class User(Struct, frozen=True):
    """A person. Only what an owner reads has a `revision` and says when they were added or disabled."""

    id: str
    name: str
    role: str
    password_set: bool = False
    revision: int | None = None
    created_at: datetime | None = None
    disabled_at: datetime | None = None


class SignIn(Struct, frozen=True):
    """A browser, or a program, that is signed in; `current` is the one that asks."""

    id: str
    agent: str
    created_at: datetime
    expires_at: datetime
    current: bool


class Token(Struct, frozen=True):
    """A token; `secret` is there when it was just made, and never again."""

    id: str
    name: str
    role: str
    beginning: str = ""
    created_at: datetime | None = None
    expires_at: datetime | None = None
    used_at: datetime | None = None
    secret: str | None = None


class Audited(Struct, frozen=True):
    """One change of the platform: who, when, what, to which object."""

    id: int
    at: datetime
    user_id: str | None
    user_name: str
    token_id: str | None
    action: str
    object_id: str | None
    detail: dict[str, Any]
