"""One way of turning pictures into features."""

from __future__ import annotations

from pathlib import PurePath
from typing import NamedTuple

from fenlei.backbones.joined import SIGN
from fenlei.imaging import Policy


class View(NamedTuple):
    """Backbones, and what they are shown.

    Attributes:
        backbones: names that `open_backbone` understands; of several, the features stand side by side.
        size: side of the input in pixels; None takes the backbone's own.
        policy: how a picture of another shape gets there.
    """

    backbones: tuple[str, ...]
    size: int | None
    policy: Policy

    @property
    def parts(self) -> tuple[View, ...]:
        """The same for each backbone alone."""
        return tuple(View((name,), self.size, self.policy) for name in self.backbones)

    @property
    def name(self) -> str:
        """The backbones for people; no path of this machine is in it."""
        return SIGN.join(PurePath(name).name if "/" in name or "\\" in name else name for name in self.backbones)

    @property
    def key(self) -> str:
        """The same words for the same view."""
        return f"{SIGN.join(self.backbones)} @{self.size or 'own'} {self.policy.value}"


def one(backbone: str, size: int | None, policy: Policy) -> View:
    """The view of a single backbone."""
    return View((backbone,), size, policy)
