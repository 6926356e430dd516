"""The one family of errors.

FenleiError            what a person can be told: names the thing, what is wrong, what is allowed
└── Refused            a prediction request that the contract answers with a code other than 10000

Rooms above add their own branches beside the work that raises them; nothing below a door knows an HTTP status.
"""

from __future__ import annotations

from typing import NamedTuple

from fenlei.contract.codes import Code


class FenleiError(Exception):
    """Base of every error that is meant for a person. `str(error)` is a complete sentence in English."""


class Detail(NamedTuple):
    """One sentence that says what was wrong and what is allowed, in the two languages callers read."""

    zh: str
    en: str


class Refused(FenleiError):
    """The request or its picture is not what the contract allows.

    Attributes:
        code: the number and message the caller gets.
        detail: the sentence the caller gets beside them.
    """

    def __init__(self, code: Code, detail: Detail) -> None:
        super().__init__(detail.en)
        self.code = code
        self.detail = detail
