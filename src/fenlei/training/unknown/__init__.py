"""Pictures of nothing known: rules that tell them, compared without a single such picture, and a threshold."""

from fenlei.training.unknown.setting import Lead, Rule, set_rule

__all__ = ["Lead", "Rule", "set_rule"]
