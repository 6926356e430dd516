"""The rule for a network that was tuned: set where a network tuned without them met known pictures, then carried over.

A network knows the pictures that it was tuned on: they lie closer together than others of their classes, so holding
them out from the rule alone would set its threshold too low. The network that was judged has not seen the pictures that
judged it. What they measure on it, told by what its own pictures measure, is what unseen pictures may measure on a
network that the same recipe tunes on other pictures, told by what those measure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fenlei.training.one_thread import one_thread
from fenlei.training.unknown.leave_out import typical
from fenlei.training.unknown.rule import Rule, by_distances
from fenlei.training.unknown.rules import BOTH, LEARN, PARTS


@dataclass(frozen=True)
class Unseen:
    """What distances measure of known pictures on a network that learned from some of them.

    Attributes:
        seen: by distance, centre and spread of the pictures that the network and the distance were learned from.
        measured: by distance, (h,) of pictures that neither has seen.
    """

    seen: dict[str, tuple[float, float]]
    measured: dict[str, NDArray[np.float64]]


def measure_unseen(learned: NDArray[np.float32], truth: NDArray[np.int64], asked: NDArray[np.float32]) -> Unseen:
    """Learn every distance that the rule adds up, and measure.

    Args:
        learned: (n, d) features of pictures that the network was tuned on.
        truth: (n,) their class numbers.
        asked: (h, d) features of known pictures that it has not seen.
    """
    seen, measured = {}, {}
    with one_thread():
        for part in PARTS[BOTH]:
            distances = LEARN[part](learned, truth)
            seen[part] = typical(distances(learned))
            measured[part] = distances(asked)
    return Unseen(seen, measured)


def carry_rule(unseen: Unseen, *, false_rejects: float) -> Rule | None:
    """The usual rule, with the threshold for these pictures.

    Rules are not compared: a class that is left out is none that the network has not learned to tell.

    Args:
        unseen: as the network that was judged measures.
        false_rejects: share of known pictures that may be called unknown.

    Returns:
        The rule, to be learned on the network that is shipped; None where too few pictures were held out.
    """
    names = PARTS[BOTH]
    return by_distances(
        BOTH,
        [unseen.measured[name] for name in names],
        false_rejects=false_rejects,
        seen=tuple(unseen.seen[name] for name in names),
    )
