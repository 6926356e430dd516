"""What is wrong with a graph, as data: which node and port, what it is, and what mends it."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Fault(StrEnum):
    """What can be wrong."""

    UNKNOWN_TYPE = "unknown type"
    NEWER_VERSION = "newer version"
    OLDER_VERSION = "older version"
    BAD_PARAMETER = "bad parameter"
    NO_SUCH_PORT = "no such port"
    TYPE_MISMATCH = "type mismatch"
    TAKEN_PORT = "taken port"
    MISSING_INPUT = "missing input"
    CYCLE = "cycle"
    UNREACHABLE = "unreachable"
    DATA = "data"
    EMPTY = "empty"


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong.

    Attributes:
        fault: what.
        node: id of the node; "" where it is the graph's.
        port: name of the port; "" where it is none's.
        parameter: name of the parameter; likewise.
        en: a sentence that says what is wrong.
        zh: the same in Chinese.
        remedy_en: a sentence that says what mends it.
        remedy_zh: the same in Chinese.
        stops: whether the graph cannot run as long as this is so.
    """

    fault: Fault
    node: str = ""
    port: str = ""
    parameter: str = ""
    en: str
    zh: str
    remedy_en: str
    remedy_zh: str
    stops: bool = True
