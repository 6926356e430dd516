"""How many cores this process may really use: what the scheduler allows, capped by the container's quota."""

from __future__ import annotations

import math
import os
from pathlib import Path


def usable_cores(root: Path = Path("/")) -> int:
    """Count the cores this process may keep busy, at least 1.

    The machine's count is wrong in two common cases: a process bound to some cores (taskset, Kubernetes' static
    policy), and a container with a CPU quota, where more threads than the quota only get throttled together. A
    quota that is not whole is rounded up: 1.5 cores are better used by two threads than by one.

    Args:
        root: where `proc` and `sys` are found; another folder only in tests.
    """
    allowed = _affinity()
    quota = _quota(root)
    return max(1, allowed if quota is None else min(allowed, math.ceil(quota)))


def _affinity() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # macOS and Windows: no binding to ask about


def _quota(root: Path) -> float | None:
    """Cores by cgroup quota, the tightest of this process's group and all above it; None when there is none."""
    quotas = [quota for folder in _groups(root) for quota in (_v2(folder), _v1(folder)) if quota is not None]
    return min(quotas, default=None)


def _groups(root: Path) -> list[Path]:
    """Folders whose limits bind this process. Inside a container its own group often is the mount's root."""
    base = root / "sys/fs/cgroup"
    folders = [base, base / "cpu", base / "cpu,cpuacct"]
    for line in _read(root / "proc/self/cgroup").splitlines():
        number, controllers, path = (*line.split(":", 2), "", "")[:3]
        if number == "0" and not controllers:
            mounts = [base, base / "unified"]
        elif "cpu" in controllers.split(","):
            mounts = [base / "cpu", base / controllers]
        else:
            continue
        parts = [part for part in path.split("/") if part not in {"", ".."}]
        folders += [mount.joinpath(*parts[:depth]) for mount in mounts for depth in range(1, len(parts) + 1)]
    return folders


def _v2(folder: Path) -> float | None:
    words = _read(folder / "cpu.max").split()
    return _ratio(words[0], words[1]) if len(words) == 2 else None


def _v1(folder: Path) -> float | None:
    return _ratio(_read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us"))


def _ratio(quota: str, period: str) -> float | None:
    """Microseconds of work allowed in a period; `max` and -1 mean no limit."""
    try:
        allowed, every = int(quota), int(period)
    except ValueError:
        return None
    return allowed / every if allowed > 0 and every > 0 else None


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError):
        return ""
