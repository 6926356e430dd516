"""Where a network is tuned: on the GPUs that torch sees, else on the cores that this process may use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fenlei.backbones.needs import need
from fenlei.inference.cores import usable_cores

CPU, GPU = "cpu", "gpu"


def kind_of_device() -> str:
    """`gpu` where torch sees one, else `cpu`."""
    torch = need("torch", "fine-tune a network")
    return GPU if torch.cuda.is_available() else CPU


def open_fabric(device: str, gpus: int | None = None) -> Any:
    """Lightning's Fabric for this machine.

    One process drives all GPUs: each takes a part of every batch, so that a stop, a checkpoint and the order of
    pictures are decided in one place. Where GPUs have bfloat16, matrices are multiplied in it; weights stay in float32.
    On a CPU everything is float32.

    Args:
        device: `cpu` or `gpu`.
        gpus: how many; None: all that torch sees.
    """
    torch = need("torch", "fine-tune a network")
    fabric = need("lightning_fabric", "fine-tune a network")
    wanted = plan_fabric(device, torch.cuda.device_count() if gpus is None else gpus, bfloat16=_bfloat16(torch, device))
    return fabric.Fabric(**wanted)


def plan_fabric(device: str, gpus: int, *, bfloat16: bool) -> dict[str, Any]:
    """What Fabric is asked for."""
    if device == CPU:
        return {"accelerator": "cpu", "devices": 1, "precision": "32-true"}
    wanted: dict[str, Any] = {"accelerator": "cuda", "devices": max(1, gpus)}
    wanted["precision"] = "bf16-mixed" if bfloat16 else "32-true"
    if gpus > 1:
        wanted["strategy"] = "dp"
    return wanted


@contextmanager
def steady(seed: int) -> Iterator[None]:
    """Inside, torch uses every core it may, and its chance is decided by the seed; outside, all is as before."""
    torch = need("torch", "fine-tune a network")
    threads = torch.get_num_threads()
    choosing = torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic
    torch.set_num_threads(usable_cores())
    torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic = False, True
    try:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)
        torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic = choosing


def _bfloat16(torch: Any, device: str) -> bool:
    return device == GPU and bool(torch.cuda.is_bf16_supported())
