"""A plain sentence about a model, in both languages."""

from __future__ import annotations

import msgspec

GOOD, DOUBTFUL, NEXT = "good", "doubtful", "next"
"""What is good, what is doubtful, what to do next."""


class Sentence(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of advice.

    Attributes:
        rule: the name of the rule that speaks.
        kind: `good`, `doubtful` or `next`.
        en: in English.
        zh: in Chinese.
    """

    rule: str
    kind: str
    en: str
    zh: str
