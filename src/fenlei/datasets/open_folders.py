"""Which folders of a server people may read through it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def is_open(path: str | Path, roots: Sequence[Path]) -> bool:
    """Whether a path is below one of the folders from which the operator allows pictures to be read, links followed.

    Args:
        path: as somebody wrote it; nothing needs to be there.
        roots: the folders; none: nothing is open.
    """
    try:
        real = Path(path).resolve()
        return any(real.is_relative_to(root.resolve()) for root in roots)
    except (OSError, RuntimeError, ValueError):
        return False
