"""How many pictures run through a network at a time: found by what one leaves in memory, never asked for.

It decides the last bits of a network, as gradients are added up part by part, and more than those where norms learn
what pictures are like. So it follows from the pictures and the network alone, whatever is free at the moment; only
where memory does run out there are fewer.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

ALLOWANCE = 4 << 30
"""Bytes that the pictures of a step may leave in memory, on every machine: whatever a small machine can spare, and more
than small sets of pictures need (16 at 288 pixels leave half of it behind in EfficientNet-Lite0)."""

SPARE = 1.25
"""Times what pictures leave in memory that has to be free: the rest is for gradients."""

UNKNOWN_FREE = 2 << 30
"""Bytes that are taken to be free where nobody can tell."""

_RAN_OUT = ("allocate memory", "out of memory", "ALLOC_FAILED")
"""Words of torch's allocator for the CPU, of CUDA outside of torch's allocator, of cuBLAS and cuDNN."""

Given = TypeVar("Given")


def pictures_at_a_time(batch: int, bytes_each: int, allowance: int = ALLOWANCE) -> int:
    """How many of a batch run at a time, as even parts of it.

    Args:
        batch: pictures in a step.
        bytes_each: that one picture leaves in memory until its gradients are known.
        allowance: bytes that they may leave together.

    Returns:
        1 to `batch`; the smallest number of parts, of one size but for the last.
    """
    fitting = max(1, min(batch, allowance // max(1, bytes_each)))
    parts = -(-batch // fitting)
    return -(-batch // parts)


def halved_until_free(at_a_time: int, bytes_each: int, free: int) -> int:
    """So many, a half of it, a quarter…, until what they need is free.

    For a CPU: its kernel lends more memory than there is and ends the process that uses it, so nothing would be raised
    that one could go on from.
    """
    while at_a_time > 1 and SPARE * at_a_time * bytes_each > free:
        at_a_time = -(-at_a_time // 2)
    return at_a_time


def halved_until_it_fits(at_a_time: int, run: Callable[[int], Given]) -> tuple[int, Given]:
    """Run with so many pictures at a time, and where memory runs out again with a half of it, a quarter…

    Returns:
        The number with which memory did not run out, and what `run` gave.

    Raises:
        RuntimeError, MemoryError: it runs out of memory with one picture, or fails for another reason.
    """
    while True:
        try:
            return at_a_time, run(at_a_time)
        except (RuntimeError, MemoryError) as exc:
            if at_a_time == 1 or not out_of_memory(exc):
                raise
        at_a_time = -(-at_a_time // 2)


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


def free_bytes(root: Path = Path("/")) -> int:
    """Memory of this machine that is free, by the kernel and by the limit of this process's group."""
    found = [_available(root), _left_in_group(root)]
    return min((each for each in found if each is not None), default=UNKNOWN_FREE)


def out_of_memory(error: BaseException) -> bool:
    """Whether this says that memory ran out, on a GPU or on the CPU."""
    import torch

    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _RAN_OUT)


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
