"""Passwords: argon2id, and what is asked of them."""

from __future__ import annotations

import functools
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from fenlei.contract.errors import FenleiError

LEAST_CHARS, MOST_CHARS = 10, 200

_hasher = PasswordHasher()

AT_ONCE = 4
"""Hashes that are made side by side. Each takes 64 MiB on purpose, and whoever may try to sign in can ask for one."""
_places = threading.BoundedSemaphore(AT_ONCE)


@functools.cache
def _nobody() -> str:
    """A hash that no password matches; made when first needed, because making it is slow on purpose."""
    return _hasher.hash("nobody has this password")


class BadPassword(FenleiError):
    """This text cannot be a password here."""


def hash_password(password: str) -> str:
    """The argon2id hash, with its own salt and parameters in it (RFC 9106, the library's defaults).

    Raises:
        BadPassword: too short or too long.
    """
    if not LEAST_CHARS <= len(password) <= MOST_CHARS:
        raise BadPassword(
            f"A password has {LEAST_CHARS} to {MOST_CHARS} characters; this one has {len(password)}. "
            "A few words are best."
        )
    with _places:
        return _hasher.hash(password)


def matches(hashed: str | None, password: str) -> bool:
    """Whether this is the password. Takes the same time for somebody who has none, or does not exist."""
    nobody = _nobody()  # made in either case, so that the first attempt of a process tells nothing by its time
    try:
        with _places:
            _hasher.verify(hashed or nobody, password[:MOST_CHARS])
    except (VerificationError, InvalidHashError):
        return False
    return hashed is not None
