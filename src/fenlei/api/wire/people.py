"""People, their sign-ins and tokens, and the audit log on the wire."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, ConfigDict, Field

from fenlei.api.wire.base import EXAMPLE, NO_NUL, Given, Revision, Shown
from fenlei.projects.roles import Role

Name = Annotated[str, Field(min_length=1, max_length=100, pattern=NO_NUL, examples=["Ann"])]
Password = Annotated[
    str, Field(min_length=1, max_length=200, pattern=NO_NUL, examples=["correct horse battery staple"])
]


_DATE = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d")


def _is_text(moment: object) -> object:
    """Only a text that is a date and a time; a number could be seconds or milliseconds since who knows when."""
    if isinstance(moment, str) and not _DATE.match(moment):
        raise ValueError("a date and a time are needed, such as 2026-05-04T09:30:00Z")
    if not isinstance(moment, str | datetime):
        raise ValueError("a text is needed, such as 2026-05-04T09:30:00Z")  # noqa: TRY004 (a ValueError names the field)
    return moment


def _in_utc(moment: datetime) -> datetime:
    """The same moment in UTC, where it can be told there."""
    try:
        return moment.astimezone(UTC)
    except OverflowError as exc:
        raise ValueError("a time between the years 1 and 9999 in UTC is needed") from exc


Moment = Annotated[AwareDatetime, BeforeValidator(_is_text), AfterValidator(_in_utc)]


class Credentials(Given):
    """Name and password, or the secret of a sign-in link."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "owner", "password": "correct horse battery staple"}]}
    )

    name: Annotated[str, Field(max_length=100, pattern=NO_NUL, examples=["owner"])] | None = None
    password: Password | None = None
    link: Annotated[str, Field(max_length=100, pattern=NO_NUL, examples=["fl_…"])] | None = None


class Me(Shown):
    """Who is signed in."""

    id: str = Field(examples=[f"us_{EXAMPLE}"])
    name: str = Field(examples=["owner"])
    role: Role
    expires_at: datetime | None = Field(
        default=None, description="When this browser has to sign in again; null otherwise."
    )
    password_set: bool


class SignInOut(Shown):
    """A browser that is signed in."""

    id: str = Field(examples=[f"si_{EXAMPLE}"])
    agent: str = Field(description="What it calls itself.", examples=["Mozilla/5.0 …"])
    created_at: datetime
    expires_at: datetime
    current: bool = Field(description="Whether it is the one that asks.")


class UserOut(Shown):
    """A person."""

    id: str = Field(examples=[f"us_{EXAMPLE}"])
    name: str = Field(examples=["Ann"])
    role: Role
    revision: Revision
    created_at: datetime
    disabled_at: datetime | None
    password_set: bool


class NewUser(Given):
    """A person to add."""

    name: Name
    role: Role = Role.VIEWER
    password: Password | None = None


class UserChange(Given):
    """What to change of a person; what is absent stays."""

    name: Name | None = None
    role: Role | None = None
    disabled: bool | None = None


class NewPassword(Given):
    """A password to set."""

    password: Password
    current: Password | None = Field(None, description="The one so far, where there is one.")


class Link(Shown):
    """A link that signs somebody in once."""

    url: str = Field(examples=["http://127.0.0.1:8000/sign-in#link=fl_…"])


class NewToken(Given):
    """A token to make."""

    name: str = Field(min_length=1, max_length=200, pattern=NO_NUL, examples=["nightly import"])
    role: Role = Role.VIEWER
    expires_at: Moment | None = Field(None, description="When it stops working; null: when it is revoked.")


class TokenOut(Shown):
    """A token; its secret is shown once, when it is made."""

    id: str = Field(examples=[f"tk_{EXAMPLE}"])
    name: str = Field(examples=["nightly import"])
    role: Role
    beginning: str = Field(description="Its first characters, to tell tokens apart.", examples=["ft_Zk3x9Q"])
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None


class MadeTokenOut(TokenOut):
    """A new token, with its secret."""

    secret: str = Field(examples=["ft_…"])


class AuditOut(Shown):
    """One change."""

    id: int = Field(examples=[42])
    at: datetime
    user_id: str | None = Field(examples=[f"us_{EXAMPLE}"])
    user_name: str = Field(examples=["Ann"])
    token_id: str | None = Field(description="Of the token that was used; null in a browser.", examples=[None])
    action: str = Field(examples=["dataset.delete"])
    object_id: str | None = Field(examples=[f"ds_{EXAMPLE}"])
    detail: dict[str, Any] = Field(examples=[{"and_all": True}])
