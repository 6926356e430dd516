"""A plain sentence about a model, in both languages."""

from __future__ import annotations

import msgspec

GOOD, DOUBTFUL, NEXT, NOTE = "good", "doubtful", "next", "note"
"""What is good, what is doubtful, what to do next; what one should know of how it was made."""


class Sentence(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of advice, or a note.

    Attributes:
        rule: the name of the rule that speaks.
        kind: `good`, `doubtful`, `next` or `note`.
        en: in English.
        zh: in Chinese.
    """

    rule: str
    kind: str
    en: str
    zh: str
