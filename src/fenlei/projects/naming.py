"""What things may be called, and what may be said about them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from fenlei.datasets.create import BadValue

MOST_NAME_CHARS = 200
MOST_NOTE_CHARS = 10_000
MOST_TAGS = 50
MOST_TAG_CHARS = 60


def checked_name(noun: str, name: str) -> str:
    """A name as it is kept: composed, without white space around it.

    Args:
        noun: what shall be called that, such as `project`.
        name: the name.

    Raises:
        BadValue: it cannot be a name.
    """
    cleaned = unicodedata.normalize("NFC", name).strip()
    allowed = f"1 to {MOST_NAME_CHARS} characters, no control characters"
    if not cleaned:
        raise BadValue(f"A {noun} needs a name.", "name", allowed)
    if len(cleaned) > MOST_NAME_CHARS:
        raise BadValue(f"The name has {len(cleaned)} characters; {allowed}.", "name", allowed)
    if any(unicodedata.category(each) in {"Cc", "Cs"} for each in cleaned):
        raise BadValue(f"The name {cleaned!r} holds control characters; {allowed}.", "name", allowed)
    return cleaned


def checked_note(note: str) -> str:
    """A note as it is kept.

    Raises:
        BadValue: it is too long, or holds what a database cannot keep.
    """
    if len(note) > MOST_NOTE_CHARS or any(unicodedata.category(each) == "Cs" or each == "\0" for each in note):
        allowed = f"up to {MOST_NOTE_CHARS} characters, no NUL"
        raise BadValue(f"The note has {len(note)} characters; {allowed}.", "note", allowed)
    return note


def checked_tags(tags: Sequence[str]) -> list[str]:
    """Tags as they are kept: each once, in the order given.

    Raises:
        BadValue: there are too many, or one cannot be a tag.
    """
    cleaned = list(dict.fromkeys(unicodedata.normalize("NFC", tag).strip() for tag in tags))
    allowed = f"at most {MOST_TAGS} tags of 1 to {MOST_TAG_CHARS} characters, no control characters"
    wrong = [tag for tag in cleaned if not 1 <= len(tag) <= MOST_TAG_CHARS or _unprintable(tag)]
    if wrong:
        raise BadValue(f"{wrong[0]!r} cannot be a tag; {allowed}.", "tags", allowed)
    if len(cleaned) > MOST_TAGS:
        raise BadValue(f"There are {len(cleaned)} tags; {allowed}.", "tags", allowed)
    return cleaned


def numbered_name(name: str, number: int) -> str:
    """`NAME (2)` and so on, cut so that it is still a name; `NAME` for 1."""
    if number < 2:
        return name
    ending = f" ({number})"
    return name[: MOST_NAME_CHARS - len(ending)].rstrip() + ending


def _unprintable(text: str) -> bool:
    return any(unicodedata.category(each) in {"Cc", "Cs"} for each in text)
