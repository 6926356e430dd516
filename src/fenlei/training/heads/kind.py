"""The seam between choosing a head and the ways of learning one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from fenlei.modelfile import Layer

Setting = Mapping[str, float]
"""What a head is learned with, by name."""


class Fitted(NamedTuple):
    """A head in the space of `basis.Basis`.

    Attributes:
        layers: from coordinates to logits.
        start: what helps the next fit with a setting nearby; the kind's own affair.
    """

    layers: tuple[Layer, ...]
    start: Any = None


class HeadKind(Protocol):
    """One way of learning a head on coordinates (m, r).

    Promises: equal arguments give equal layers, whatever ran before; a class without rows is allowed and gets low
    scores; rows are not changed. `start` changes how fast a fit is found, not which (up to its tolerance).
    """

    @property
    def name(self) -> str:
        """What people read, in lower case."""
        ...

    @property
    def path(self) -> Sequence[Setting]:
        """Settings to walk along, the steadiest first; the walk ends when further ones bring nothing."""
        ...

    @property
    def begin(self) -> int:
        """Number of the setting with which the walk begins, where learning takes few steps and most sets are near."""
        ...

    def fit(
        self,
        rows: NDArray[Any],
        truth: NDArray[np.int64],
        classes: int,
        weights: NDArray[np.float64] | None,
        setting: Setting,
        *,
        seed: int,
        start: Any = None,
        fine: bool = False,
        step: Callable[[], None] = lambda: None,
    ) -> Fitted:
        """Learn.

        Args:
            rows: (m, r) coordinates, float32 or float64.
            truth: (m,) class numbers.
            classes: how many classes there are.
            weights: (m,) how much each row counts; None: all alike.
            setting: one of `path`, or another with the same names.
            seed: of whatever is random.
            start: of a fit with a setting nearby.
            fine: whether this is the fit that is shipped, which may take longer.
            step: called several times in a second, however many rows there are; may raise to end it.
        """
        ...


@runtime_checkable
class SideBySide(Protocol):
    """A kind that learns the heads of several folds at once, sooner than one after another."""

    def fit_folds(
        self,
        rows: NDArray[Any],
        truth: NDArray[np.int64],
        classes: int,
        weights: NDArray[np.float64],
        setting: Setting,
        *,
        start: Any = None,
        step: Callable[[], None] = lambda: None,
    ) -> tuple[list[tuple[Layer, ...]], Any]:
        """Learn; arguments as for `HeadKind.fit`, but for one.

        Args:
            weights: (m, f) how much each row counts in each fold; 0 leaves it out.
            step: called now and then; may raise to end it.

        Returns:
            The layers of each fold, and what helps the next fit of all of them.
        """
        ...
