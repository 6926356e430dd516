"""Pictures of nothing known: rules that tell them, compared without a single such picture, and a threshold."""

from fenlei.training.unknown.carried import Unseen, carry_rule, measure_unseen
from fenlei.training.unknown.leave_out import rounds_compared
from fenlei.training.unknown.rule import FEWEST, Rule
from fenlei.training.unknown.rules import BOTH, PARTS, even_share, learn_distance
from fenlei.training.unknown.setting import (
    MOST_THRESHOLD,
    Lead,
    best_rule,
    compare_rules,
    held_out_distance,
    set_rule,
)
from fenlei.training.unknown.shown import rule_by_unseen

__all__ = [
    "BOTH",
    "FEWEST",
    "MOST_THRESHOLD",
    "PARTS",
    "Lead",
    "Rule",
    "Unseen",
    "best_rule",
    "carry_rule",
    "compare_rules",
    "even_share",
    "held_out_distance",
    "learn_distance",
    "measure_unseen",
    "rounds_compared",
    "rule_by_unseen",
    "set_rule",
]
