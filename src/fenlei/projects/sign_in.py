"""Sign in and out: by a link that works once, by password, and what slows down whoever guesses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from fenlei.contract.errors import FenleiError
from fenlei.projects.audit import record
from fenlei.projects.passwords import matches
from fenlei.projects.roles import NotSignedIn, Role
from fenlei.projects.secrets import new_secret, secret_digest
from fenlei.projects.who import Who
from fenlei.store import Store, Work, new_id, now
from fenlei.store.tables import SignIn, SignInLink, User

SIGN_IN_LASTS = timedelta(days=14)
LINK_LASTS = timedelta(hours=24)
FREE_FAILURES = 5
"""Failures after which each further one makes the next attempt wait, twice as long every time."""
LONGEST_WAIT = timedelta(minutes=15)
FAILURES_COUNT = timedelta(hours=1)


class TooManyFailures(FenleiError):
    """Signing in failed so often that the next attempt has to wait.

    Attributes:
        retry_after: seconds until it is heard again.
    """

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many failed attempts to sign in; try again in {retry_after} seconds.")
        self.retry_after = retry_after


@dataclass(frozen=True)
class SignedIn:
    """A browser that is signed in now.

    Attributes:
        secret: goes into its cookie; it is kept nowhere else.
        who: who it is.
        expires_at: when it has to sign in again.
    """

    secret: str
    who: Who
    expires_at: datetime


def make_sign_in_link(store: Store, user_id: str) -> str:
    """The secret of a link that signs this person in once, within a day. Earlier links of theirs stay valid."""
    secret = new_secret("fl")
    with store.writing() as work:
        work.users.get(user_id)
        work.sign_ins.forget_old(now())
        work.sign_ins.add(SignInLink(digest=secret_digest(secret), user_id=user_id, expires_at=now() + LINK_LASTS))
    return secret


def sign_in_by_link(store: Store, secret: str, agent: str) -> SignedIn:
    """Sign in with a link's secret; it works once.

    Raises:
        NotSignedIn: it is used up, too old, or none of ours.
    """
    with store.writing() as work:
        user_id = work.sign_ins.use_link(secret_digest(secret), now())
        user = None if user_id is None else work.users.get(user_id)
        if user is None or user.disabled_at is not None:
            raise NotSignedIn("This link was used already, is too old, or was never made. Ask for another one.")
        return _open(work, user, agent, "link")


def sign_in(store: Store, name: str, password: str, agent: str, address: str) -> SignedIn:
    """Sign in by name and password.

    The same answer, in the same time, for a wrong name and a wrong password. Failures count for the name and for the
    address they come from.

    Raises:
        NotSignedIn: it is not them.
        TooManyFailures: they have to wait.
    """
    subjects = [f"name:{name.lower()[:150]}", f"address:{address[:150]}"]
    with store.reading() as work:
        _check_wait(work, subjects)
        user = work.users.named(name)
    good = matches(None if user is None else user.password, password)
    with store.writing() as work:
        _check_wait(work, subjects)
        if user is None or not good or work.users.get(user.id).disabled_at is not None:
            failed = True
            for subject in subjects:
                _count_failure(work, subject)
        else:
            failed = False
            work.sign_ins.succeeded(subjects[0])
            signed_in = _open(work, user, agent, "password")
    if failed:
        raise NotSignedIn("The name or the password is wrong.")
    return signed_in


def who_is(store: Store, secret: str) -> Who | None:
    """Whose browser this is, by the secret in its cookie; None when it is not signed in."""
    with store.reading() as work:
        found = work.sign_ins.find(secret_digest(secret), now())
    if found is None:
        return None
    row, user = found
    return Who(user.id, user.name, Role(user.role), sign_in_id=row.id)


def sign_out(store: Store, who: Who, sign_in_id: str | None = None, *, everywhere: bool = False) -> int:
    """End this sign-in, another one of the same person, or all of them; returns how many ended."""
    with store.writing() as work:
        ended = work.sign_ins.end(who.user_id, None if everywhere else sign_in_id or who.sign_in_id or "")
        record(work, who, "sign-in.end", sign_in_id or who.sign_in_id, everywhere=everywhere)
        return ended


def _open(work: Work, user: User, agent: str, how: str) -> SignedIn:
    secret, at = new_secret("fs"), now()
    row = SignIn(
        id=new_id("si"),
        user_id=user.id,
        digest=secret_digest(secret),
        agent=agent[:300],
        created_at=at,
        expires_at=at + SIGN_IN_LASTS,
    )
    work.sign_ins.forget_old(at)
    work.sign_ins.add(row)
    who = Who(user.id, user.name, Role(user.role), sign_in_id=row.id)
    record(work, who, "sign-in.begin", row.id, how=how)
    return SignedIn(secret, who, row.expires_at)


def _check_wait(work: Work, subjects: list[str]) -> None:
    at = now()
    for subject in subjects:
        failure = work.sign_ins.failures(subject, at)
        if failure is None or failure.count < _free(subject):
            continue
        wait = _wait(failure.count, subject)
        since = failure.until - FAILURES_COUNT
        if since + wait > at:
            raise TooManyFailures(max(1, round((since + wait - at).total_seconds())))


def _count_failure(work: Work, subject: str) -> None:
    at = now()
    failure = work.sign_ins.failures(subject, at)
    work.sign_ins.failed(subject, 1 if failure is None else failure.count + 1, at + FAILURES_COUNT)


def _free(subject: str) -> int:
    # Many people may sit behind one address.
    return FREE_FAILURES if subject.startswith("name:") else 4 * FREE_FAILURES


def _wait(count: int, subject: str) -> timedelta:
    return min(LONGEST_WAIT, timedelta(seconds=2 ** min(count - _free(subject) + 1, 20)))
