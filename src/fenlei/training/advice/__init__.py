"""Plain sentences about a model: what is good or doubtful, what to do next, how it was made. Each is a rule."""

from __future__ import annotations

from fenlei.training.advice.doubtful import DOUBTS
from fenlei.training.advice.good import PRAISE
from fenlei.training.advice.next_steps import STEPS
from fenlei.training.advice.notes import NOTES
from fenlei.training.advice.rule import Rule
from fenlei.training.report import Report
from fenlei.training.sentence import DOUBTFUL, GOOD, NEXT, NOTE, Sentence

RULES: dict[str, tuple[Rule, ...]] = {GOOD: PRAISE, DOUBTFUL: DOUBTS, NEXT: STEPS, NOTE: NOTES}
"""Rules by kind, in the order in which they speak. Adding one means a function in its file and a place in its list."""


def advise(report: Report) -> list[Sentence]:
    """Everything that the rules have to say about a report; equal reports give equal sentences."""
    found = []
    for kind, rules in RULES.items():
        for rule in rules:
            said = rule(report)
            if said is not None:
                found.append(Sentence(rule=rule.__name__.replace("_", "-"), kind=kind, en=said.en, zh=said.zh))
    return found


__all__ = ["RULES", "Rule", "advise"]
