"""Which process is meant: a pid alone is used again sooner or later, and means something else in another container."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path

_PROC = Path("/proc")


def host() -> str:
    """This machine's name, its boot, and its space of pids. Only where all three are equal, a pid means the same."""
    return f"{platform.node()}/{_boot()}/{_pid_space()}"[:200]


def birth(pid: int) -> str | None:
    """When a process of this host began, as an opaque text; None when there is no such process or it has ended."""
    if (_PROC / "self").exists():
        return _birth_in_proc(pid)
    return _birth_by_ps(pid)


def _birth_in_proc(pid: int) -> str | None:
    try:
        # The name, in brackets, may itself hold brackets and blanks.
        fields = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    state, ticks = fields[0], fields[19]
    return None if state in {"Z", "X"} else ticks


def _birth_by_ps(pid: int) -> str | None:
    asked = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    said = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.split()  # noqa: S603
    return None if not said or said[0].startswith("Z") else " ".join(said[1:])[:40]


def _boot() -> str:
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _pid_space() -> str:
    try:
        return str((_PROC / "self/ns/pid").readlink())
    except OSError:
        return ""
