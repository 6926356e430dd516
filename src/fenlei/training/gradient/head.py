"""A head in torch, so that derivatives go through it. The same arithmetic as `fenlei.modelfile.Head`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fenlei.modelfile import Dense, Head, Layer, Neighbours, Relu, Voter
from fenlei.modelfile.head import SMALLEST
from fenlei.modelfile.layers import SHORTEST
from fenlei.training.gradient.errors import NoGradientMap


def log_odds(head: Head, features: Any, label: int) -> Any:
    """By how much the logarithm of a class's score is above that of all others' sum.

    Odds and not scores, because a score near one hardly moves whatever is shown; and not logits, because those of all
    classes may move together.

    Args:
        head: of the model.
        features: (1, d) torch tensor.
        label: number of the class.

    Returns:
        A torch number.

    Raises:
        NoGradientMap: the head answers by steps.
    """
    import torch

    check_smooth(head)

    logits = _logits(head, features)[0]
    others = torch.ones(len(logits), dtype=torch.bool)
    others[label] = False
    return logits[label] - torch.logsumexp(logits[others], 0)


def check_smooth(head: Head) -> None:
    """Refuse a head that answers by steps.

    Raises:
        NoGradientMap: nearest neighbours vote in it. Which they are changes from one place to the next.
    """
    if any(isinstance(layer, Neighbours) for voter in head.voters for layer in voter.layers):
        raise NoGradientMap(
            "nearest neighbours answer by steps, as one picture or another is nearer, and derivatives say next to "
            "nothing of these."
        )


def _logits(head: Head, features: Any) -> Any:
    import torch

    if len(head.voters) == 1:
        raw = _vote(head.voters[0], features)
    else:
        shares = [voter.share * torch.softmax(_vote(voter, features) / voter.temperature, 1) for voter in head.voters]
        raw = torch.log(torch.clamp(torch.stack(shares).sum(0), min=SMALLEST))
    if head.scale is None or head.shift is None:
        return raw / head.temperature
    return raw * _tensor(head.scale) + _tensor(head.shift)


def _vote(voter: Voter, features: Any) -> Any:
    rows = features if voter.columns is None else features[:, slice(*voter.columns)]
    for layer in voter.layers:
        rows = _through(layer, rows)
    return rows.double()


def _through(layer: Layer, rows: Any) -> Any:
    import torch

    if isinstance(layer, Dense):
        return rows @ _tensor(layer.weight) + _tensor(layer.bias)
    if isinstance(layer, Relu):
        return torch.relu(rows)
    return rows / torch.clamp(torch.linalg.vector_norm(rows, dim=1, keepdim=True), min=SHORTEST)


def _tensor(array: NDArray[np.float32]) -> Any:
    import torch

    return torch.tensor(np.asarray(array, np.float32))
