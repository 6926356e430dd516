"""A text in the two languages of the product."""

from __future__ import annotations

from typing import NamedTuple


class Words(NamedTuple):
    """The same in English and in Chinese."""

    en: str
    zh: str
