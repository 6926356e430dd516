"""People, what they are signed in with, and how often they failed to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from fenlei.store.errors import Conflict, NotFound, Stale
from fenlei.store.tables import ApiToken, Failure, SignIn, SignInLink, User


class Users:
    """Users by id and by name."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, user: User) -> User:
        """Add a user.

        Raises:
            Conflict: the name is taken, in whatever case.
        """
        if self.named(user.name) is not None:
            raise Conflict(f"There is already a user {user.name!r}.")
        self._session.add(user)
        self._session.flush()
        return user

    def get(self, user_id: str) -> User:
        """The user.

        Raises:
            NotFound: there is none with this id.
        """
        user = self._session.get(User, user_id)
        if user is None:
            raise NotFound(f"There is no user {user_id}.")
        return user

    def named(self, name: str) -> User | None:
        """The user of this name, in whatever case it is written."""
        # Databases fold letters each in their own way, SQLite none but a to z; and there are no more users than people.
        wanted = name.casefold()
        known = self._session.execute(select(User.id, User.name).order_by(User.id))
        found = next((user_id for user_id, each in known if each.casefold() == wanted), None)
        return None if found is None else self._session.get(User, found)

    def page(self, after: str | None, limit: int) -> Sequence[User]:
        """Users by id, which is by age."""
        query = select(User).order_by(User.id).limit(limit)
        return self._session.scalars(query if after is None else query.where(User.id > after)).all()

    def owners(self) -> int:
        """How many owners can sign in."""
        query = select(func.count()).select_from(User).where(User.role == "owner", User.disabled_at.is_(None))
        return self._session.scalar(query) or 0

    def change(self, user_id: str, revision: int | None = None, **values: object) -> User:
        """Change columns of a user.

        Raises:
            NotFound: there is no such user.
            Stale: `revision` is given and is another one.
        """
        user = self._session.get(User, user_id, with_for_update=True, populate_existing=True)
        if user is None:
            raise NotFound(f"There is no user {user_id}.")
        if revision is not None and user.revision != revision:
            raise Stale(f"The user {user.name!r} was changed meanwhile: revision {user.revision}, not {revision}.")
        for name, value in values.items():
            setattr(user, name, value)
        user.revision += 1
        self._session.flush()
        return user


class SignIns:
    """Browsers that are signed in, links that sign in once, and failures."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, row: SignIn | SignInLink) -> None:
        """Keep a browser's sign-in or a link."""
        self._session.add(row)
        self._session.flush()

    def find(self, digest: str, at: datetime) -> tuple[SignIn, User] | None:
        """The sign-in with this digest and its user, when it still holds and the user is not disabled."""
        row = self._session.execute(
            select(SignIn, User)
            .join(User, User.id == SignIn.user_id)
            .where(SignIn.digest == digest, SignIn.expires_at > at, User.disabled_at.is_(None))
        ).first()
        return None if row is None else (row[0], row[1])

    def of(self, user_id: str) -> Sequence[SignIn]:
        """Where a user is signed in, the latest first."""
        query = select(SignIn).where(SignIn.user_id == user_id).order_by(SignIn.created_at.desc())
        return self._session.scalars(query).all()

    def end(self, user_id: str, sign_in_id: str | None = None, *, but: str | None = None) -> int:
        """End one sign-in of a user, or all of them, or all `but` one; returns how many ended."""
        query = delete(SignIn).where(SignIn.user_id == user_id)
        if sign_in_id is not None:
            query = query.where(SignIn.id == sign_in_id)
        if but is not None:
            query = query.where(SignIn.id != but)
        return len(self._session.scalars(query.returning(SignIn.id)).all())

    def forget_old(self, at: datetime) -> None:
        """Remove what has run out."""
        self._session.execute(delete(SignIn).where(SignIn.expires_at <= at))
        self._session.execute(delete(SignInLink).where(SignInLink.expires_at <= at))
        self._session.execute(delete(Failure).where(Failure.until <= at))

    def use_link(self, digest: str, at: datetime) -> str | None:
        """Take a link, which works once: the id of its user, or None when it is used up, too old or unknown."""
        return self._session.scalar(
            update(SignInLink)
            .where(SignInLink.digest == digest, SignInLink.used_at.is_(None), SignInLink.expires_at > at)
            .values(used_at=at)
            .returning(SignInLink.user_id)
        )

    def failures(self, subject: str, at: datetime) -> Failure | None:
        """The failures of a subject that still count."""
        return self._session.scalar(select(Failure).where(Failure.subject == subject, Failure.until > at))

    def failed(self, subject: str, count: int, until: datetime) -> None:
        """Keep that it failed `count` times, until when that counts."""
        self._session.merge(Failure(subject=subject, count=count, until=until))
        self._session.flush()

    def succeeded(self, subject: str) -> None:
        """Forget the failures of a subject."""
        self._session.execute(delete(Failure).where(Failure.subject == subject))


class Tokens:
    """What machines sign in with."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, token: ApiToken) -> None:
        """Keep a token's digest."""
        self._session.add(token)
        self._session.flush()

    def find(self, digest: str, at: datetime) -> tuple[ApiToken, User] | None:
        """The token with this digest and its user, when both may still be used."""
        row = self._session.execute(
            select(ApiToken, User)
            .join(User, User.id == ApiToken.user_id)
            .where(ApiToken.digest == digest, ApiToken.revoked_at.is_(None), User.disabled_at.is_(None))
        ).first()
        if row is None or (row[0].expires_at is not None and row[0].expires_at <= at):
            return None
        return row[0], row[1]

    def of(self, user_id: str) -> Sequence[ApiToken]:
        """A user's tokens that are not revoked, the latest first."""
        query = select(ApiToken).where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
        return self._session.scalars(query.order_by(ApiToken.created_at.desc())).all()

    def revoke(self, token_id: str, user_id: str | None, at: datetime) -> None:
        """Make a token useless.

        Args:
            token_id: which one.
            user_id: whose it must be; None: anybody's.
            at: the time.

        Raises:
            NotFound: there is no such token, or it is revoked already.
        """
        query = update(ApiToken).where(ApiToken.id == token_id, ApiToken.revoked_at.is_(None)).values(revoked_at=at)
        if user_id is not None:
            query = query.where(ApiToken.user_id == user_id)
        if self._session.scalar(query.returning(ApiToken.id)) is None:
            raise NotFound(f"There is no token {token_id}.")

    def used(self, token_id: str, at: datetime) -> None:
        """Remember when it was last used."""
        self._session.execute(update(ApiToken).where(ApiToken.id == token_id).values(used_at=at))
