"""Who may do what, who did what, and what was asked before."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from fenlei.store.tables.base import Base, Counted, Id, Sha256


class User(Base):
    """A person. `role` is owner, editor, labeller or viewer."""

    __tablename__ = "users"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(100), unique=True)
    password: Mapped[str | None] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(12))
    revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class SignIn(Base):
    """A browser that is signed in. The digest of its secret is kept, the secret is not."""

    __tablename__ = "sign_ins"

    id: Mapped[Id]
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    digest: Mapped[Sha256] = mapped_column(unique=True)
    agent: Mapped[str] = mapped_column(String(300), default="")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class SignInLink(Base):
    """A link that signs somebody in once."""

    __tablename__ = "sign_in_links"

    digest: Mapped[Sha256] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class ApiToken(Base):
    """What a machine signs in with. It can do what its role can, and never more than its user."""

    __tablename__ = "api_tokens"

    id: Mapped[Id]
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(12))
    digest: Mapped[Sha256] = mapped_column(unique=True)
    beginning: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]


class Failure(Base):
    """Failed attempts to sign in, by whom they were tried for; too many make the next ones wait."""

    __tablename__ = "sign_in_failures"

    subject: Mapped[str] = mapped_column(String(200), primary_key=True)
    count: Mapped[int]
    until: Mapped[datetime]


class AuditEntry(Base):
    """One change: who, when, what, to which row."""

    __tablename__ = "audit"

    id: Mapped[Counted]
    at: Mapped[datetime] = mapped_column(index=True)
    user_id: Mapped[str | None] = mapped_column(String(32))
    user_name: Mapped[str] = mapped_column(String(100))
    token_id: Mapped[str | None] = mapped_column(String(32))
    action: Mapped[str] = mapped_column(String(60))
    object_id: Mapped[str | None] = mapped_column(String(60), index=True)
    detail: Mapped[dict[str, Any]]


class Repeat(Base):
    """The answer to a creating call, kept under its idempotency key."""

    __tablename__ = "repeats"

    user_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    key: Mapped[str] = mapped_column("idempotency_key", String(200), primary_key=True)
    request: Mapped[Sha256]
    status: Mapped[int | None]
    headers: Mapped[dict[str, Any] | None]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]


class Setting(Base):
    """Something the installation remembers about itself."""

    __tablename__ = "settings"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[dict[str, Any]]
