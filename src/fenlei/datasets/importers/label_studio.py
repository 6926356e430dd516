"""Label Studio's JSON export: tasks with choices that people made."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any
from urllib.parse import unquote

import msgspec

from fenlei.datasets.found import DatasetError
from fenlei.datasets.importers.claims import Claims
from fenlei.datasets.importers.finder import Lost
from fenlei.datasets.importers.found import Found
from fenlei.datasets.importers.importer import OWN_FILE, SAMPLE, WEAK, Fit
from fenlei.datasets.importers.pile import Pile
from fenlei.datasets.importers.text import parsed
from fenlei.datasets.importers.values import Unusable
from fenlei.datasets.layout import PICTURE_ENDINGS
from fenlei.datasets.listing import Entry

SLUG = "label-studio"

_PICTURE_KEYS = ("image", "img", "picture", "photo", "url", "path", "file")
_UPLOAD_MARK = re.compile(r"^[0-9a-f]{8}-")
_HOST = re.compile(r"^[a-z][a-z0-9+.-]*://[^/]*", re.IGNORECASE)


class _Task(msgspec.Struct):
    data: Any = None
    annotations: list[Any] | None = None
    completions: list[Any] | None = None


class LabelStudio:
    """What most annotators chose is the class; where no choice has most, the picture is left aside. Cancelled
    annotations and predictions do not count. Where tasks have several questions, the most frequent one counts."""

    def recognise(self, pile: Pile) -> Fit | None:
        fits = []
        for entry in pile.json_of(SLUG):
            tasks = _Tasks(entry)
            sample = list(islice(tasks, SAMPLE))
            there = sum(not isinstance(_find(pile, entry, _picture(task)), Lost) for task in sample)
            good = pile.only is not None or (there * 2 >= len(sample) and len(tasks) * 2 >= pile.pictures)
            fits.append(Fit(OWN_FILE if good else WEAK, f"{entry.name} has {len(tasks)} tasks", entry.name))
        return max(fits, key=lambda fit: fit.confidence, default=None)

    def read(self, pile: Pile) -> Found:
        entries = pile.json_of(SLUG)
        if not entries:
            raise DatasetError(
                f"{pile.called} holds no Label Studio export. Needed: its JSON export beside the pictures."
            )
        claims = Claims(pile, entries)
        notes = []
        for entry in entries:
            tasks = _Tasks(entry)
            asked = Counter(question for task in tasks for question, _ in _choices(task))
            question = asked.most_common(1)[0][0] if asked else None
            notes += [
                f"The question “{other}” of {entry.name} was left aside; “{question}” was asked more often."
                for other in list(asked)[:5]
                if other != question
            ]
            for number, task in enumerate(tasks, start=1):
                reference = _picture(task)
                label = _majority([chosen for asked_for, chosen in _choices(task) if asked_for == question])
                where = f", task {number}"
                claims.claim(entry, reference, label, where=where, found=_find(pile, entry, reference))
        return claims.found(SLUG, notes=notes)


class _Tasks:
    """The tasks of an export, one at a time: whole they would need many times the room of their text."""

    def __init__(self, entry: Entry) -> None:
        self._raw = parsed(entry.read_manifest(), entry.name, list[msgspec.Raw])

    def __len__(self) -> int:
        return len(self._raw)

    def __iter__(self) -> Iterator[_Task]:
        for raw in self._raw:
            try:
                yield msgspec.json.decode(raw, type=_Task)
            except msgspec.ValidationError:
                yield _Task()


def _picture(task: _Task) -> object:
    """The address of the task's picture."""
    fields = task.data if isinstance(task.data, dict) else {}
    texts = {key: value for key, value in fields.items() if isinstance(value, str)}
    for key in _PICTURE_KEYS:
        if key in texts:
            return texts[key]
    named = (value for value in texts.values() if value.rpartition(".")[2].lower() in PICTURE_ENDINGS)
    return next(named, None)


def _choices(task: _Task) -> Iterator[tuple[str, Any]]:
    """Question and answer of every annotation that counts; an answer is the list of what was chosen."""
    for annotation in task.annotations or task.completions or ():
        if not isinstance(annotation, dict) or annotation.get("was_cancelled") or annotation.get("skipped"):
            continue
        results = annotation.get("result")
        for result in results if isinstance(results, list) else ():
            value = result.get("value") if isinstance(result, dict) else None
            if isinstance(value, dict) and "choices" in value:
                yield str(result.get("from_name", "")), value["choices"]


def _majority(answers: Sequence[Any]) -> object:
    """What most chose; None where nobody did."""
    if not answers:
        return None
    first = {str(answer): answer for answer in reversed(answers)}
    ranked = Counter(str(answer) for answer in answers).most_common(2)
    if len(ranked) > 1 and ranked[0][1] == ranked[1][1]:
        return Unusable(f"annotators disagree: {', '.join(_said(first[each]) for each, _ in ranked)}")
    return first[ranked[0][0]]


def _said(answer: object) -> str:
    return " and ".join(map(str, answer)) if isinstance(answer, list) else str(answer)


def _find(pile: Pile, manifest: Entry, reference: object) -> Entry | Lost:
    """The file behind an address of Label Studio: by the path it had there, else by its name alone.

    Uploaded files are called `/data/upload/1/0a1b2c3d-cat.jpg`, the eight digits are Label Studio's.
    """
    if not isinstance(reference, str) or not reference.strip():
        return Lost.UNNAMED
    address, _, query = reference.strip().replace("\\", "/").partition("?")
    path = unquote(_HOST.sub("", address))
    stored = path.lstrip("/").startswith("data/")
    if stored and "/local-files" in path:
        path = next((unquote(each[2:]) for each in query.split("&") if each.startswith("d=")), "")
    if ".." in path.split("/"):
        return Lost.OUTSIDE
    found = pile.finder.find(path.lstrip("/") if stored else reference, manifest.path[:-1])
    if not isinstance(found, Lost) or found is Lost.LEFT_ASIDE:
        return found
    last = path.rpartition("/")[2]
    for name in dict.fromkeys((last, _UPLOAD_MARK.sub("", last))):
        if name:
            by_name = pile.finder.by_last_name(name)
            if by_name is not Lost.MISSING:
                return by_name
    return Lost.MISSING if stored else found
