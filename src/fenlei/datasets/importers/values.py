"""What manifests say, as values: a class, a part of the split, a group. Each may be missing, or nonsense."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from fenlei.datasets.found import Part
from fenlei.datasets.importers.names import MAX_GROUP, MAX_LABEL, tidy
from fenlei.datasets.layout import PARTS

_NO_PART = {"", "none", "null", "nan", "unassigned", "-", "无", "未划分"}
_PART_WORDS = sorted((word for word in PARTS if word.isascii()), key=len, reverse=True)
_PART_IN_NAME = re.compile(rf"(?<![a-z])({'|'.join(_PART_WORDS)})(?![a-z])")


@dataclass(frozen=True, slots=True)
class Unusable:
    """A value that cannot be used, and why."""

    reason: str


def label_of(value: object) -> str | Unusable | None:
    """The class that a manifest gives; None where it gives none."""
    if isinstance(value, Unusable):
        return value
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, (list, tuple)):
        if len(value) == 1:
            return label_of(value[0])
        return Unusable("it has several classes; one is needed") if value else None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return Unusable(f"its class is {_called(value)}; needed is a text or a whole number")
    label = tidy(str(value))
    if len(label) > MAX_LABEL:
        return Unusable(f"its class has {len(label)} characters; at most {MAX_LABEL} are allowed")
    return label or None


def part_of(value: object) -> Part | Unusable | None:
    """The part that a manifest gives; None where it gives none; Unusable where the word is not known."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    word = tidy(str(value)).lower()
    if word in _NO_PART:
        return None
    return PARTS.get(word) or Unusable(tidy(str(value))[:50])


def part_in_name(path: tuple[str, ...]) -> Part | None:
    """The part that a manifest is about by its name (`instances_val2017.json`, `test.csv`), or by its folder's."""
    stem = path[-1].rpartition(".")[0] or path[-1]
    words = [PARTS[word] for word in _PART_IN_NAME.findall(stem.lower())]
    words = words or [PARTS[word] for word in (stem, *path[-2:-1]) for word in (word.lower(),) if word in PARTS]
    return words[0] if len(set(words)) == 1 else None


def group_of(value: object) -> str | Unusable | None:
    """The group that a manifest gives; None where it gives none."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return Unusable(f"its group is {_called(value)}; needed is a text or a whole number")
    group = tidy(str(value))
    if len(group) > MAX_GROUP:
        return Unusable(f"its group has {len(group)} characters; at most {MAX_GROUP} are allowed")
    return group or None


def _called(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return "a fraction"
    return "a list" if isinstance(value, (list, tuple)) else "an object"
