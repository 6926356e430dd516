"""App keys as texts: made from 32 random bytes, kept as digests, known by their first characters."""

from __future__ import annotations

import hashlib
import secrets

BEGINNING_CHARS = 8
"""What may be shown of a key later, to tell keys apart."""


def new_key() -> str:
    """Make a key: 8 hexadecimal digits that name it, and 32 random bytes, both safe in a URL as they are.

    The first characters may be shown later to tell keys apart; the rest is never shown again.
    """
    return f"{secrets.token_hex(BEGINNING_CHARS // 2)}-{secrets.token_urlsafe(32)}"


def key_digest(key: str) -> bytes:
    """SHA-256 of a key: enough for 32 random bytes, which nobody can guess one after another."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
