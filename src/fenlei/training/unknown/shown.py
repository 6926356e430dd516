"""A rule whose threshold is set by pictures that somebody held out: the very head and network are asked about them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fenlei.modelfile import Head, HeadMeasure
from fenlei.modelfile.unknown import HEAD_MEASURES
from fenlei.training.one_thread import one_thread
from fenlei.training.unknown.leave_out import Compared
from fenlei.training.unknown.rule import Rule, by_distances, with_threshold
from fenlei.training.unknown.rules import PARTS, learn_distance


def rule_by_unseen(
    name: str,
    features: NDArray[np.float32],
    truth: NDArray[np.int64],
    unseen: NDArray[np.float32],
    head: Head,
    *,
    false_rejects: float,
    compared: Sequence[Compared] = (),
) -> Rule | None:
    """Set the threshold of a rule.

    Args:
        name: of the rule.
        features: (n, d) of the pictures that it is learned from.
        truth: (n,) their class numbers.
        unseen: (h, d) of known pictures that neither head nor network has learned from.
        head: of the model.
        false_rejects: share of known pictures that may be called unknown.
        compared: what each rule did, where that was looked at.

    Returns:
        The rule; None where too few pictures were held out.
    """
    if name in HEAD_MEASURES:
        lead = head.voters[0]
        temperature = float(head.temperature if len(head.voters) == 1 else lead.temperature)
        known = HeadMeasure(name, temperature)(lead.logits(unseen))
        return with_threshold(
            name, known, false_rejects=false_rejects, compared=compared, temperature=temperature
        )  # fmt: skip
    with one_thread():
        measured = [learn_distance(part, features, truth)(unseen) for part in PARTS[name]]
    return by_distances(name, measured, false_rejects=false_rejects, compared=compared)
