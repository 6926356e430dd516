"""One platform for one workspace, where its database is a file in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fenlei.contract import FenleiError

try:
    import fcntl
except ImportError:  # Windows: SQLite's own locks have to do
    fcntl = None  # type: ignore[assignment]


class WorkspaceTaken(FenleiError):
    """Another platform runs on this workspace."""


class WorkspaceUnusable(FenleiError):
    """Nothing can be kept in this folder."""


@contextmanager
def only_one(workspace: Path) -> Iterator[None]:
    """Be the only platform on a workspace until the block ends, or until this process does, however it does.

    Raises:
        WorkspaceTaken: another one is running on it.
        WorkspaceUnusable: the folder cannot be made or written to.
    """
    path = workspace / "up.lock"
    try:
        workspace.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
    except OSError as exc:
        raise WorkspaceUnusable(
            f"The workspace {workspace} cannot be used ({exc.strerror}); name another folder with --workspace."
        ) from exc
    try:
        if fcntl is not None:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as exc:
                raise WorkspaceTaken(
                    f"Another `fenlei up`{_whose(descriptor)} runs on the workspace {workspace}. End it, or name "
                    "another folder with --workspace; several servers on one installation need PostgreSQL "
                    "(--database postgresql://…)."
                ) from exc
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        yield
    finally:
        os.close(descriptor)


def _whose(descriptor: int) -> str:
    with suppress(OSError):
        text = os.pread(descriptor, 20, 0).decode("ascii", "replace")
        if text.isdigit():
            return f" (process {text})"
    return ""
