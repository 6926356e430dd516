"""App keys at the door: kept as digests, looked up as digests."""

from __future__ import annotations

from collections.abc import Iterable

from fenlei.contract import FenleiError
from fenlei.projects.app_key import key_digest, new_key

__all__ = ["MAX_KEY_CHARS", "BadKey", "KeyRing", "check_key", "key_digest", "new_key"]

MAX_KEY_CHARS = 256


class BadKey(FenleiError):
    """A text cannot serve as a key."""


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
    """The digests of some keys. The keys themselves are not kept.

    What is looked up is the SHA-256 of what was sent. How long that takes may tell how far two digests agree, which
    tells nothing of a key.
    """

    def __init__(self, keys: Iterable[str] = (), *, digests: Iterable[bytes] = ()) -> None:
        """Take keys, and keep their digests.

        Args:
            keys: as callers send them.
            digests: of further keys.
        """
        self.digests = frozenset([*map(key_digest, keys), *digests])

    def __bool__(self) -> bool:
        return bool(self.digests)

    def __contains__(self, digest: bytes | None) -> bool:
        return digest in self.digests

    def knows(self, key: str | None) -> bool:
        """Whether this is one of the keys."""
        return key is not None and key_digest(key) in self.digests
