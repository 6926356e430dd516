"""The moving average of what is learned: steadier than the last step (Polyak & Juditsky 1992)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SOON = 10.0
"""The average begins short, and has its full length after some tens of steps."""


class Average:
    """Follows the weights and the statistics of a module."""

    def __init__(self, module: Any, decay: float) -> None:
        self._module = module
        self._decay = decay
        self.steps = 0
        self.values = {name: value.detach().clone() for name, value in module.state_dict().items()}

    def follow(self) -> None:
        """Take a step towards what the module is now."""
        import torch

        self.steps += 1
        decay = min(self._decay, (1 + self.steps) / (SOON + self.steps))
        with torch.no_grad():
            for name, value in self._module.state_dict().items():
                if value.is_floating_point():
                    self.values[name].lerp_(value.detach(), 1 - decay)
                else:
                    self.values[name].copy_(value)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Inside, the module is the average."""
        own = {name: value.detach().clone() for name, value in self._module.state_dict().items()}
        self._module.load_state_dict(self.values)
        try:
            yield
        finally:
            self._module.load_state_dict(own)
