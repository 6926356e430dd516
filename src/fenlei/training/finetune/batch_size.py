"""How many pictures run through a network at a time: found by what one leaves in memory, never asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

SHARE = 0.5
"""Of the free memory that a step may fill: the rest is for gradients, and for others."""

UNKNOWN_FREE = 2 << 30
"""Bytes that are taken to be free where nobody can tell."""


def pictures_at_a_time(batch: int, bytes_each: int, free: int) -> int:
    """How many of a batch fit at a time, as even parts of it.

    Args:
        batch: pictures in a step.
        bytes_each: that one picture leaves in memory until its gradients are known.
        free: bytes that are free.

    Returns:
        1 to `batch`; the smallest number of parts, of one size but for the last.
    """
    fitting = max(1, min(batch, int(SHARE * free) // max(1, bytes_each)))
    parts = -(-batch // fitting)
    return -(-batch // parts)


def halved_until_it_fits(batch: int, run: Callable[[int], None]) -> int:
    """The largest of `batch`, a half of it, a quarter… with which `run` does not run out of memory.

    Raises:
        RuntimeError: it runs out of memory with one picture, or fails for another reason.
    """
    while True:
        try:
            run(batch)
            return batch
        except RuntimeError as exc:
            if batch == 1 or not out_of_memory(exc):
                raise
        batch = -(-batch // 2)


def bytes_per_picture(forward: Callable[[Any], Any], rows: Any) -> int:
    """What each of these rows (n, …) leaves in memory on its way forward, for the way back."""
    import torch

    kept: dict[int, int] = {}

    def note(tensor: Any) -> Any:
        if not isinstance(tensor, torch.nn.Parameter):  # weights are there anyway
            storage = tensor.untyped_storage()
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        given = forward(rows)
    del given
    return sum(kept.values()) // max(1, len(rows)) + int(rows[0].nbytes)


def free_bytes(device: Any, root: Path = Path("/")) -> int:
    """Memory that is free on a torch device; of a CPU, by the kernel and by the limit of this process's group."""
    import torch

    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    found = [_available(root), _left_in_group(root)]
    return min((each for each in found if each is not None), default=UNKNOWN_FREE)


def out_of_memory(error: BaseException) -> bool:
    """Whether torch says that memory ran out, on a GPU or on the CPU."""
    import torch

    return isinstance(error, torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and "allocate memory" in str(error)
    )


def _available(root: Path) -> int | None:
    for line in _read(root / "proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _left_in_group(root: Path) -> int | None:
    group = root / "sys/fs/cgroup"
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        most, now = _read(group / limit).strip(), _read(group / used).strip()
        if most.isdigit() and now.isdigit():
            return max(0, int(most) - int(now))
    return None


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError):
        return ""
