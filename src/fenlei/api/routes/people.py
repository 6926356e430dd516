"""Routes of people: signing in and out, oneself, others, tokens, the audit log."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from fenlei.api.access import COOKIE, Here, Owner, Viewer
from fenlei.api.errors import documented
from fenlei.api.etag import Expected, tag
from fenlei.api.paging import After, AfterNumber, Limit, Page, page_of
from fenlei.api.repeats import SHOWS_SECRET, CreatingRoute
from fenlei.api.wire.base import EXAMPLE, id_shape
from fenlei.api.wire.people import (
    AuditOut,
    Credentials,
    Link,
    MadeTokenOut,
    Me,
    NewPassword,
    NewToken,
    NewUser,
    SignInOut,
    TokenOut,
    UserChange,
    UserOut,
)
from fenlei.projects.audit import audited
from fenlei.projects.roles import Role
from fenlei.projects.sign_in import SignedIn, make_sign_in_link, sign_in, sign_in_by_link, sign_out
from fenlei.projects.tokens import make_token, revoke_token, tokens_of
from fenlei.projects.users import add_user, change_user, set_password
from fenlei.store import NotFound
from fenlei.store.tables import User

COOKIE_SET = {"headers": {"Set-Cookie": {"description": f"`{COOKIE}`, of this browser.", "schema": {"type": "string"}}}}
SIGNED_IN: dict[int | str, dict[str, Any]] = {200: COOKIE_SET}
SIGNED_OUT: dict[int | str, dict[str, Any]] = {204: COOKIE_SET}

UserId = Annotated[str, Path(pattern=id_shape("us"), examples=[f"us_{EXAMPLE}"])]
SignInId = Annotated[str, Path(pattern=id_shape("si"), examples=[f"si_{EXAMPLE}"])]
TokenId = Annotated[str, Path(pattern=id_shape("tk"), examples=[f"tk_{EXAMPLE}"])]

entering = APIRouter(tags=["people"])  # a cookie is not kept to be answered again: whoever signs in twice is in twice
router = APIRouter(tags=["people"], route_class=CreatingRoute)


@entering.post("/sign-in", responses=SIGNED_IN | documented(401, 429))
def sign_in_here(body: Credentials, here: Here, request: Request, response: Response) -> Me:
    """Sign a browser in: by name and password, or by the secret of a link."""
    agent = request.headers.get("user-agent", "")
    if body.link is not None:
        signed_in = sign_in_by_link(here.store, body.link, agent)
    else:
        address = request.client.host if request.client else ""
        signed_in = sign_in(here.store, body.name or "", body.password or "", agent, address)
    set_cookie(response, request, signed_in)
    with here.store.reading() as work:
        user = work.users.get(signed_in.who.user_id)
    return Me(
        id=user.id,
        name=user.name,
        role=signed_in.who.role,
        expires_at=signed_in.expires_at,
        password_set=user.password is not None,
    )


@router.post("/sign-out", status_code=204, responses=SIGNED_OUT | documented(401, 409))
def sign_out_here(who: Viewer, here: Here, response: Response, everywhere: bool = False) -> None:
    """Sign this browser out, or every browser of this person."""
    sign_out(here.store, who, everywhere=everywhere)
    response.delete_cookie(COOKIE, path="/")


@router.get("/me", responses=documented(401))
def me(who: Viewer, here: Here) -> Me:
    """Who is signed in."""
    with here.store.reading() as work:
        user = work.users.get(who.user_id)
    return Me(id=who.user_id, name=who.name, role=who.role, password_set=user.password is not None)


@router.put("/me/password", status_code=204, responses=documented(401, 403))
def set_my_password(body: NewPassword, who: Viewer, here: Here) -> None:
    """Set one's own password; every other sign-in of oneself ends."""
    set_password(here.store, who.user_id, body.password, who, current=body.current)


@router.get("/me/sign-ins", responses=documented(401))
def my_sign_ins(who: Viewer, here: Here) -> list[SignInOut]:
    """Where one is signed in, the latest first."""
    with here.store.reading() as work:
        rows = work.sign_ins.of(who.user_id)
    return [
        SignInOut(
            id=row.id,
            agent=row.agent,
            created_at=row.created_at,
            expires_at=row.expires_at,
            current=row.id == who.sign_in_id,
        )
        for row in rows
    ]


@router.delete("/me/sign-ins/{sign_in_id}", status_code=204, responses=documented(401, 404))
def end_my_sign_in(sign_in_id: SignInId, who: Viewer, here: Here) -> None:
    """Sign one of one's browsers out."""
    if not sign_out(here.store, who, sign_in_id):
        raise NotFound(f"You are not signed in as {sign_in_id}.")


@router.get("/users", responses=documented(401, 403))
def users(who: Owner, here: Here, after: After = None, limit: Limit = 100) -> Page[UserOut]:
    """Everybody, the first first."""
    with here.store.reading() as work:
        rows = work.users.page(after, limit + 1)
    return page_of(rows, limit, _user, lambda row: row.id)


@router.post("/users", status_code=201, responses=documented(401, 403, 409))
def new_user(body: NewUser, who: Owner, here: Here, response: Response) -> UserOut:
    """Add a person. Without a password they need a sign-in link."""
    user = add_user(here.store, body.name, body.role, body.password, who)
    tag(response, user.revision)
    return _user(user)


@router.get("/users/{user_id}", responses=documented(401, 403, 404))
def one_user(user_id: UserId, who: Owner, here: Here, response: Response) -> UserOut:
    """A person."""
    with here.store.reading() as work:
        user = work.users.get(user_id)
    tag(response, user.revision)
    return _user(user)


@router.patch("/users/{user_id}", responses=documented(401, 403, 404, 409, 412))
def edit_user(
    user_id: UserId, body: UserChange, who: Owner, here: Here, response: Response, expected: Expected
) -> UserOut:
    """Rename a person, change their role, disable or enable them."""
    user = change_user(
        here.store, user_id, who, name=body.name, role=body.role, disabled=body.disabled, revision=expected
    )
    tag(response, user.revision)
    return _user(user)


@router.put("/users/{user_id}/password", status_code=204, responses=documented(401, 403, 404))
def set_users_password(user_id: UserId, body: NewPassword, who: Owner, here: Here) -> None:
    """Set somebody's password; they are signed out everywhere."""
    set_password(here.store, user_id, body.password, who, current=body.current)


@router.post(
    "/users/{user_id}/sign-in-link",
    status_code=201,
    responses=documented(401, 403, 404, 409),
    openapi_extra={SHOWS_SECRET: True},
)
def new_link(user_id: UserId, who: Owner, here: Here) -> Link:
    """Make a link that signs this person in once, within a day."""
    store = audited(here.store, who, "user.sign-in-link", user_id)
    return Link(url=sign_in_url(here.base_url, make_sign_in_link(store, user_id)))


@router.get("/tokens", responses=documented(401))
def tokens(who: Viewer, here: Here) -> list[TokenOut]:
    """One's own tokens."""
    return [TokenOut.model_validate(row) for row in tokens_of(here.store, who.user_id)]


@router.post("/tokens", status_code=201, responses=documented(401, 403, 409), openapi_extra={SHOWS_SECRET: True})
def new_token(body: NewToken, who: Viewer, here: Here) -> MadeTokenOut:
    """Make a token for oneself. The secret in this answer is shown once."""
    made = make_token(here.store, who, body.name, body.role, body.expires_at)
    return MadeTokenOut(**TokenOut.model_validate(made.row).model_dump(), secret=made.secret)


@router.delete("/tokens/{token_id}", status_code=204, responses=documented(401, 404))
def end_token(token_id: TokenId, who: Viewer, here: Here) -> None:
    """Revoke a token at once: one's own, or anybody's for an owner."""
    revoke_token(here.store, who, token_id)


@router.get("/audit", responses=documented(401, 403))
def audit(
    who: Owner,
    here: Here,
    after: AfterNumber = None,
    limit: Limit = 100,
    object_id: Annotated[str | None, Query(max_length=60, pattern="^[a-z]{2}_[0-9a-z]+$")] = None,
    user_id: Annotated[str | None, Query(pattern="^us_[0-9a-z]{26}$")] = None,
) -> Page[AuditOut]:
    """Every change, the latest first."""
    with here.store.reading() as work:
        rows = work.audit.page(after, limit + 1, object_id=object_id, user_id=user_id)
    return page_of(rows, limit, AuditOut.model_validate, lambda row: row.id)


def sign_in_url(base: str, secret: str) -> str:
    """The address that a person opens to be signed in. The secret is in the fragment, which no server logs."""
    return f"{base}/sign-in#link={secret}"


def set_cookie(response: Response, request: Request, signed_in: SignedIn) -> None:
    """Give the browser its cookie: out of reach of scripts and of other sites."""
    response.set_cookie(
        COOKIE,
        signed_in.secret,
        expires=signed_in.expires_at,
        path="/",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def _user(user: User) -> UserOut:
    return UserOut(
        id=user.id,
        name=user.name,
        role=Role(user.role),
        revision=user.revision,
        created_at=user.created_at,
        disabled_at=user.disabled_at,
        password_set=user.password is not None,
    )
