"""Names and sentences of others as a terminal, a log or a source file can hold them."""

from __future__ import annotations

import unicodedata


def printable(name: str) -> str:
    """A file's name as a terminal can show it: line breaks, terminal escapes and bytes that are no text become escapes,
    which are seen and do nothing."""
    return "".join(
        char if char.isprintable() or unicodedata.category(char) == "Zs" else char.encode("unicode_escape").decode()
        for char in name
    )
