"""Names as a data set keeps them: nothing in them breaks a line, a terminal or a table."""

from __future__ import annotations

import re
import unicodedata

MAX_NAME = 1000
MAX_LABEL = 200
MAX_GROUP = 200

# Control characters, line and paragraph ends, marks that turn the direction of what follows, half characters.
_UNSHOWABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def shown(text: str) -> str:
    """Text with what cannot be shown as escapes: a line break becomes a backslash and an n."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSHOWABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def cut(text: str, most: int = MAX_NAME) -> str:
    """Text with what cannot be shown as escapes, and an ellipsis where it is too long."""
    text = shown(text)
    return text if len(text) <= most else text[: most - 1] + "…"


def tidy(text: str) -> str:
    """A word of a manifest: NFC, no white space around it, what cannot be shown as escapes."""
    text = text.strip().strip("\ufeff")
    return shown(text if text.isascii() else unicodedata.normalize("NFC", text))
