"""People: the first owner, more of them, their roles and passwords."""

from __future__ import annotations

from fenlei.contract.errors import FenleiError
from fenlei.projects.audit import record
from fenlei.projects.passwords import hash_password, matches
from fenlei.projects.roles import NotAllowed, Role
from fenlei.projects.who import Who
from fenlei.store import Conflict, Store, Work, new_id, now
from fenlei.store.tables import User

OWNER_NAME = "owner"


class BadName(FenleiError):
    """This text cannot be the name of a user."""


def first_owner(store: Store) -> User:
    """The owner of the installation; made when there is none. Without a password: a sign-in link lets them in."""
    with store.writing() as work:
        owners = (user for user in work.users.page(None, 1_000) if user.role == Role.OWNER and user.disabled_at is None)
        found = next(owners, None)
        if found is not None:
            return found
        return work.users.add(User(id=new_id("us"), name=OWNER_NAME, role=Role.OWNER, created_at=now()))


def add_user(store: Store, name: str, role: Role, password: str | None, by: Who) -> User:
    """Add a person. Without a password, a sign-in link is needed to let them in.

    Raises:
        BadName, BadPassword: they cannot be that.
        Conflict: the name is taken.
    """
    hashed = None if password is None else hash_password(password)
    with store.writing() as work:
        user = work.users.add(User(id=new_id("us"), name=_checked(name), password=hashed, role=role, created_at=now()))
        record(work, by, "user.add", user.id, name=user.name, role=role)
        return user


def change_user(
    store: Store,
    user_id: str,
    by: Who,
    *,
    name: str | None = None,
    role: Role | None = None,
    disabled: bool | None = None,
    revision: int | None = None,
) -> User:
    """Rename a person, change their role, disable or enable them. Disabling ends what they are signed in with.

    Raises:
        NotFound, Stale: no such user; another revision.
        Conflict: the name is taken, or nobody would be left who owns the installation.
    """
    with store.writing() as work:
        user = work.users.get(user_id)
        values: dict[str, object] = {}
        if name is not None and name != user.name:
            taken = work.users.named(_checked(name))
            if taken is not None and taken.id != user_id:
                raise Conflict(f"There is already a user {name!r}.")
            values["name"] = name.strip()
        if role is not None:
            values["role"] = role
        if disabled is not None:
            values["disabled_at"] = now() if disabled else None
        if (
            user.role == Role.OWNER
            and user.disabled_at is None
            and (disabled or (role is not None and role != Role.OWNER))
        ):
            _keep_an_owner(work)
        changed = work.users.change(user_id, revision, **values)
        if disabled:
            work.sign_ins.end(user_id)
        record(work, by, "user.change", user_id, fields=sorted(values), role=changed.role)
        return changed


def set_password(store: Store, user_id: str, password: str, by: Who, *, current: str | None = None) -> None:
    """Set a password, and end every other sign-in of that person.

    Whoever has a password must name it to change it; owners may set anybody's but their own without. A token that can
    do less than its person cannot set their password: signing in with it would do more than the token may.

    Raises:
        NotAllowed: `current` is not the password, or the caller may not set this one.
        BadPassword: the new one cannot be.
    """
    hashed = hash_password(password)
    with store.reading() as work:
        user = work.users.get(user_id)
    mine = by.user_id == user_id
    if mine and not by.role.includes(Role(user.role)):
        raise NotAllowed(f"This token is {by.role} and you are {user.role}; to set your password, sign in.")
    if mine and user.password is not None and not matches(user.password, current or ""):
        raise NotAllowed("The current password is another one.")
    if not mine and by.role != Role.OWNER:
        raise NotAllowed("Only an owner sets somebody else's password.")
    with store.writing() as work:
        work.users.change(user_id, None, password=hashed)
        work.sign_ins.end(user_id, but=by.sign_in_id if mine else None)
        record(work, by, "user.password", user_id)


def _keep_an_owner(work: Work) -> None:
    if work.users.owners() <= 1:
        raise Conflict("This is the last owner; make somebody else an owner first.")


def _checked(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise BadName("The name of a user has 1 to 100 visible characters.")
    return name
