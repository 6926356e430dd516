"""App keys: made from 32 random bytes, kept as digests, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable

from fenlei.contract import FenleiError

MAX_KEY_CHARS = 256


class BadKey(FenleiError):
    """A text cannot serve as a key."""


def new_key() -> str:
    """Make a key: 8 hexadecimal digits that name it, and 32 random bytes, both safe in a URL as they are.

    The first characters may be shown later to tell keys apart; the rest is never shown again.
    """
    return f"{secrets.token_hex(4)}-{secrets.token_urlsafe(32)}"


def check_key(key: str) -> str:
    """Return a key that a person chose, when it can travel in a URL and in a header.

    Raises:
        BadKey: it is empty, too long, or has characters a header cannot carry.
    """
    if not 1 <= len(key) <= MAX_KEY_CHARS or not all("!" <= char <= "~" for char in key):
        raise BadKey(
            f"This key cannot be used: 1 to {MAX_KEY_CHARS} visible ASCII characters without spaces are needed. "
            "Without --key, one is made."
        )
    return key


class KeyRing:
    """The digests of the keys that open this gateway. The keys themselves are not kept."""

    def __init__(self, keys: Iterable[str] = ()) -> None:
        """Take the keys, and keep their digests."""
        self._digests = [_digest(key) for key in keys]

    def __bool__(self) -> bool:
        return bool(self._digests)

    def knows(self, key: str | None) -> bool:
        """Whether this is one of the keys. Takes the same time for every key that is not, and for none at all."""
        presented = _digest(key or "")
        found = False
        for digest in self._digests:
            found |= hmac.compare_digest(presented, digest)
        return found and key is not None


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
