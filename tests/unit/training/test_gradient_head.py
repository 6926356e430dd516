"""A head in torch says what the head says."""

from __future__ import annotations

import numpy as np
import pytest

from fenlei.serving.occlusion import log_odds as said_by
from fenlei.training.gradient.head import log_odds
from tests.support.heads import heads

WIDTH, CLASSES = 12, 4


@pytest.mark.parametrize("kind", [each for each in heads(WIDTH, CLASSES) if "neighbours" not in each])
def test_log_odds_in_torch_are_those_of_the_head(kind: str) -> None:
    import torch

    head = heads(WIDTH, CLASSES)[kind]
    features = np.random.default_rng(3).normal(0, 1, (5, WIDTH)).astype(np.float32)
    for label in range(CLASSES):
        found = [float(log_odds(head, torch.tensor(row[None]), label)) for row in features]
        np.testing.assert_allclose(found, said_by(head.logits(features), label), atol=1e-4)
