"""Names for class numbers, where a file beside the manifest gives them: ClassLabel features, lists, maps."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from fenlei.datasets.found import DatasetError
from fenlei.datasets.importers.names import tidy
from fenlei.datasets.importers.pile import Pile
from fenlei.datasets.importers.text import decoded, parsed
from fenlei.datasets.importers.values import Unusable, label_of
from fenlei.datasets.listing import Entry

_JSON_FILES = (
    *("dataset_info.json", "dataset_infos.json", "id2label.json", "label2id.json", "label_map.json"),
    *("class_indices.json", "class_names.json", "classes.json", "labels.json", "config.json"),
)
_LISTS = ("classes.txt", "class_names.txt", "labels.txt", "names.txt", "categories.txt")
_CARD = "readme.md"
_CARD_NAME = re.compile(r"""^\s+['"]?(\d+)['"]?:\s*['"]?(.*?)['"]?\s*$""")
_MOST_BYTES = 4 * 1024 * 1024
_NUMBER = re.compile(r"\d{1,9}(?:\.0)?")


@dataclass
class LabelNames:
    """The names, by number.

    Attributes:
        entry: the file that gives them.
        names: in the order of their numbers, which begin at 0.
        used: whether a number was read as a name.
    """

    entry: Entry
    names: list[str]
    used: bool = field(default=False)

    def named(self, value: object) -> str | Unusable | None:
        """A class as a manifest gives it: a number becomes its name, a name stays."""
        label = label_of(value)
        if not isinstance(label, str) or (isinstance(value, str) and label in self.names):
            return label
        if not _NUMBER.fullmatch(label):
            return label
        number = int(float(label))
        if number >= len(self.names):
            last = len(self.names) - 1
            return Unusable(f"its class is number {number}; {self.entry.name} gives names for 0 to {last}")
        self.used = True
        return self.names[number]

    def order(self, there: Iterable[str]) -> list[str] | None:
        """The declared order, where it is an order of the classes that are there."""
        return self.names if self.used or set(there) <= set(self.names) else None


def find_label_names(pile: Pile, folders: Iterable[tuple[str, ...]]) -> LabelNames | None:
    """The names that lie beside a manifest, in one of these folders; the first file that gives any."""
    places = list(dict.fromkeys((*folders, pile.layout.inside, ())))
    wanted = (*_JSON_FILES, *_LISTS, _CARD)
    there = {entry.name.lower(): entry for entry in pile.others if entry.path[-1].lower() in wanted}
    for place in places:
        for name in wanted:
            entry = there.get("/".join((*place, name)).lower())
            names = _names_in(entry) if entry is not None else None
            if entry is not None and names:
                return LabelNames(entry, names)
    return None


def _names_in(entry: Entry) -> list[str] | None:
    try:
        if len(entry.head(_MOST_BYTES + 1)) > _MOST_BYTES:
            return None
        data = entry.read()
        last = entry.path[-1].lower()
        if last == _CARD:
            found: list[Any] | None = _of_card(decoded(data, entry.name))
        elif last.endswith(".txt"):
            found = [line for line in decoded(data, entry.name).splitlines() if line.strip()]
        else:
            found = _of_json(parsed(data, entry.name, object))
    except (DatasetError, RecursionError):
        return None
    names = [tidy(each) for each in found or () if isinstance(each, str)]
    unique = len(names) == len(found or ()) == len(set(names))
    return names if unique and all(names) else None


def _of_json(value: object, depth: int = 6) -> list[Any] | None:
    """A list of names; numbers to names, or the reverse; or a ClassLabel feature, wherever it is."""
    if isinstance(value, list):
        return value if value and all(isinstance(each, str) for each in value) else None
    if not isinstance(value, dict) or not depth:
        return None
    if isinstance(value.get("names"), list):
        return list(value["names"])
    for numbered in (value, {each: key for key, each in value.items() if _plain(each)}):
        if len(numbered) == len(value) and {str(key) for key in numbered} == {str(n) for n in range(len(value))}:
            by_number = {int(key): each for key, each in numbered.items()}
            return [by_number[number] for number in range(len(by_number))]
    inner = (value[key] for key in ("id2label", "label2id", "features") if key in value)
    for each in (*inner, *value.values()):
        found = _of_json(each, depth - 1) if isinstance(each, dict) else None
        if found:
            return found
    return None


def _plain(value: object) -> bool:
    return isinstance(value, (str, int)) and not isinstance(value, bool)


def _of_card(text: str) -> list[str] | None:
    """`class_label: names:` in the block of YAML that a data set card begins with."""
    head = text.partition("\n---")[0] if text.startswith("---") else ""
    _, _, below = head.partition("class_label:")
    names: list[str] = []
    for line in below.splitlines()[1:]:
        if line.strip() == "names:":
            continue
        found = _CARD_NAME.match(line)
        if not found or int(found[1]) != len(names):
            break
        names.append(found[2])
    return names
