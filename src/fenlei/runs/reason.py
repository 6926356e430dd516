"""Why a run shall stop."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why the process of a run is asked to stop, the weightiest first."""

    LOST = "lost"
    CANCEL = "cancel"
    TIME = "time"
    DRAIN = "drain"
