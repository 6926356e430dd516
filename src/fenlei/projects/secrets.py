"""Secrets that are shown once and kept as digests."""

from __future__ import annotations

import hashlib
import secrets


def new_secret(prefix: str) -> str:
    """32 random bytes behind a prefix by which a person, or a scanner of leaked texts, knows what it is."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def secret_digest(secret: str) -> str:
    """SHA-256 in hexadecimal: enough for 32 random bytes, which nobody can guess one after another."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
