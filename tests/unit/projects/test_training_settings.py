"""What a project may ask of answers and of the rule for unknown pictures; what cannot be is named."""

from __future__ import annotations

from typing import Any

import pytest

from fenlei.datasets.create import BadValue
from fenlei.projects.training_settings import training_settings
from fenlei.training.decide import Demand


def test_demands_are_read_as_training_takes_them() -> None:
    assert training_settings({}).demand == Demand()
    assert training_settings({"precision": 0.95}).demand == Demand(precision=0.95)
    assert training_settings({"cost": {"ok": [1, 10]}}).demand == Demand(cost={"ok": (1.0, 10.0)})
    assert training_settings({"false_rejects": 0.1}).false_rejects == 0.1
    assert training_settings({}).fine_tune
    assert not training_settings({"fine_tune": False}).fine_tune


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"precision": 1.0}, "precision"),
        ({"precision": {"ok": 0.0}}, "precision"),
        ({"precision": 0.9, "cost": [1, 2]}, "precision"),
        ({"cost": [0, 1]}, "cost"),
        ({"cost": [1]}, "cost"),
        ({"false_rejects": 0.0}, "false_rejects"),
        ({"false_rejects": 0.6}, "false_rejects"),
        ({"fine_tune": "no"}, "fine_tune"),
    ],
)
def test_demands_that_cannot_be_are_refused_by_name(said: dict[str, Any], name: str) -> None:
    with pytest.raises(BadValue, match=f"`{name}`"):
        training_settings(said)
