"""Who is calling, and the least role that each route asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from fenlei.api.platform import Platform
from fenlei.projects.roles import NotAllowed, NotSignedIn, Role
from fenlei.projects.sign_in import who_is
from fenlei.projects.tokens import whose_token
from fenlei.projects.who import Who

COOKIE = "fenlei_sign_in"

_bearer = HTTPBearer(auto_error=False, scheme_name="token", description="An API token: `Authorization: Bearer ft_…`.")
_cookie = APIKeyCookie(name=COOKIE, auto_error=False, scheme_name="browser", description="Set by signing in.")


def platform_of(request: Request) -> Platform:
    """The platform that this application was made for."""
    platform: Platform = request.app.state.platform
    return platform


Here = Annotated[Platform, Depends(platform_of)]
"""The platform, as an argument of a route."""


def _caller(
    here: Here,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    cookie: Annotated[str | None, Security(_cookie)],
) -> Who | None:
    # A token that was sent decides, so that a wrong one is told and not hidden by a cookie.
    if bearer is not None:
        return whose_token(here.store, bearer.credentials)
    return None if cookie is None else who_is(here.store, cookie)


def needs(role: Role) -> Callable[..., Who]:
    """The dependency of a route that only callers with this role, or more, may use."""

    def admitted(who: Annotated[Who | None, Depends(_caller)]) -> Who:
        if who is None:
            raise NotSignedIn("Sign in first, or send an API token as `Authorization: Bearer …`.")
        if not who.role.includes(role):
            raise NotAllowed(f"This needs the role {role}; you are {who.role}.")
        return who

    admitted.least_role = role  # type: ignore[attr-defined]
    return admitted


Viewer = Annotated[Who, Depends(needs(Role.VIEWER))]
Labeller = Annotated[Who, Depends(needs(Role.LABELLER))]
Editor = Annotated[Who, Depends(needs(Role.EDITOR))]
Owner = Annotated[Who, Depends(needs(Role.OWNER))]


def least_role(route: Any) -> Role | None:
    """The least role of a route; None where anybody may call it."""
    roles = [
        found
        for dependency in route.dependant.dependencies
        if (found := getattr(dependency.call, "least_role", None)) is not None
    ]
    return max(roles, key=lambda each: each.rank, default=None)
