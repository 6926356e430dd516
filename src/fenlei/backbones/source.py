"""The seam between Fenlei and the places networks come from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from fenlei.backbones.catalogue import Normalisation

Report = Callable[[str, int, int], None]
"""Progress for people: (what is going on, how much is done, how much in all; 0 of 0 when that is not known)."""


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """A network in Fenlei's shape, with what must be told about it.

    Attributes:
        content: the ONNX file; see fenlei.inference.Engine for its shape.
        size: side of the square input in pixels.
        width: features per picture.
        licence: SPDX identifier, or a sentence when none is known.
        made_with: name and version of everything that took part, and choices made on the way, for the record.
    """

    content: bytes
    size: int
    width: int
    licence: str
    made_with: dict[str, str]


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """A backbone as torch holds it: what its network is exported from, and what can be trained further.

    Attributes:
        module: in evaluation mode, on the CPU: normalised float (n, 3, size, size) -> (n, d).
        normalisation: of the grey levels.
        size: side of the square input in pixels.
        licence: SPDX identifier, or a sentence when none is known.
        made_with: as in `Network`.
    """

    module: Any
    normalisation: Normalisation
    size: int
    licence: str
    made_with: dict[str, str]


class BackboneSource(Protocol):
    """One backbone at one place: an installed package, a file, a folder, a hub.

    Promises: `origin` is cheap, imports no torch and touches no network; equal origins make equal networks.
    `make` either returns a network that was compared with the original, or raises BackboneError; it never hangs.
    """

    @property
    def id(self) -> str:
        """What models made from this backbone call it. No path of this machine is in it."""
        ...

    @property
    def title(self) -> str:
        """What people read."""
        ...

    @property
    def online(self) -> bool:
        """Whether `make` needs to reach another machine."""
        ...

    def default_size(self) -> int | None:
        """The side in pixels to use when none is asked for; None when only `make` can tell."""
        ...

    def check_size(self, size: int) -> None:
        """Raise BackboneError when this size can never be had."""
        ...

    def origin(self) -> dict[str, str] | None:
        """Everything that decides the network besides its size; None when the place is not there at the moment."""
        ...

    def make(self, size: int | None, report: Report) -> Network:
        """Fetch, export and compare. None takes the default size."""
        ...

    def load(self, size: int | None, report: Report) -> Loaded:
        """The weights as a torch module, without asking another machine; None takes the default size.

        Raises:
            BackboneError: there are no weights that torch could hold, or they are not at hand.
        """
        ...
