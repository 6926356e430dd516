"""Manage a platform from Python: `Platform`, typed records, and one family of errors."""

from fenlei.client.management.errors import (
    ChangedMeanwhile,
    Conflict,
    NotAllowed,
    NotFound,
    NotPossible,
    NotSignedIn,
    PlatformError,
    ServerFailed,
    TryLater,
    Unreachable,
)
from fenlei.client.management.platform import Platform
from fenlei.client.management.runs import RunEnded

__all__ = [
    "ChangedMeanwhile",
    "Conflict",
    "NotAllowed",
    "NotFound",
    "NotPossible",
    "NotSignedIn",
    "Platform",
    "PlatformError",
    "RunEnded",
    "ServerFailed",
    "TryLater",
    "Unreachable",
]
