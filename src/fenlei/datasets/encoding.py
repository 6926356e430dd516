"""Which of two encodings bytes are in that say nothing of it: UTF-8, or the GBK of Chinese Windows."""

from __future__ import annotations

import re
from collections.abc import Iterable

# A run of bytes that GB 2312 reads as its 3,755 common characters, and UTF-8 as letters of two bytes each.
_COMMON_HANZI = re.compile(rb"(?:[\xb0-\xd7][\xa1-\xfe])+")
_HIGH_RUN = re.compile(rb"[A-Za-z]?[\x80-\xff]+[A-Za-z]?")


def guess_encoding(texts: Iterable[bytes]) -> str | None:
    """One encoding for all of them: `utf-8` or `gb18030`, the first that fits, or None.

    Short Chinese words in GBK can be valid UTF-8 by accident (猫 is "è"): where every run of high bytes spells common
    Chinese characters, and none stands beside a Latin letter as accented ones do, GBK is taken.
    """
    texts = [text for text in texts if not text.isascii()]
    if not texts:
        return "utf-8"
    if _fits(texts, "utf-8"):
        runs = [run for text in texts for run in _HIGH_RUN.findall(text)]
        return "gb18030" if all(_COMMON_HANZI.fullmatch(run) for run in runs) else "utf-8"
    return "gb18030" if _fits(texts, "gb18030") else None


def _fits(texts: list[bytes], encoding: str) -> bool:
    try:
        for text in texts:
            text.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
