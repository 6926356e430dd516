"""The list of pictures that travels in a model file: what it came of, so that one can say later what is different."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fenlei.datasets.csv_text import csv_text
from fenlei.modelfile import ModelFile
from fenlei.training.look import Picture

FILE = "pictures.csv"
"""Its name below `report/`."""

COLUMNS = ("name", "class", "part", "sha256", "called")

DIGITS = 16
"""Of a picture's digest: two of a million pictures share them with a chance of one in thirty million."""

_NAMED = 3


class Listed(NamedTuple):
    """One picture.

    Attributes:
        name: its path, with `/`.
        label: its class.
        part: `train` or `test`.
        digest: the first digits of SHA-256 of its file, hex.
        called: of the test part, what it was called by the head that had not seen it; empty in training.
    """

    name: str
    label: str
    part: str
    digest: str
    called: str = ""


def listed(pictures: Sequence[Picture], test: NDArray[np.bool_], called: Sequence[str] = ()) -> list[Listed]:
    """These pictures, of which `test` (n,) are in the test part; those were `called` so, in their order."""
    answers = iter(called)
    return [
        Listed(
            picture.item.name,
            picture.item.label,
            "test" if held else "train",
            picture.digest.hex()[:DIGITS],
            next(answers, "") if held else "",
        )
        for picture, held in zip(pictures, test, strict=True)
    ]


def write_list(pictures: Iterable[Listed]) -> bytes:
    """The list as CSV. Bytes of names that are no UTF-8 become escapes."""
    return "".join(csv_text([COLUMNS, *pictures])).encode("utf-8", "backslashreplace")


def read_list(data: bytes) -> list[Listed]:
    """Read what `write_list` wrote.

    Raises:
        ValueError: it is something else.
    """
    rows = list(csv.reader(io.StringIO(data.decode("utf-8"), newline="")))
    if not rows or tuple(rows[0]) != COLUMNS or any(len(row) != len(COLUMNS) for row in rows):
        raise ValueError("no list of pictures")
    return [Listed(*row) for row in rows[1:]]


def learned_digests(model: ModelFile) -> frozenset[str]:
    """The digests, as far as they are listed, of the pictures that a model has learned from; none where it does not
    tell."""
    try:
        pictures = read_list(model.report[FILE])
    except (KeyError, ValueError):
        return frozenset()
    everything = bool(model.manifest.recipe.get("refitted"))
    return frozenset(each.digest for each in pictures if everything or each.part == "train")


def difference(before: Sequence[Listed], now: Sequence[Listed]) -> str | None:
    """What is different, as the middle of a sentence; None where all is the same. Names and order do not count."""
    had, has = ({(each.digest, each.label): each for each in pictures} for pictures in (before, now))
    gone = [each for key, each in had.items() if key not in has]
    new = [each for key, each in has.items() if key not in had]
    moved = {each.digest: each for each in gone}
    relabelled = [(moved[each.digest], each) for each in new if each.digest in moved]
    told = {each.digest for _, each in relabelled}
    words = [
        *_some([each.name for each in gone if each.digest not in told], "gone"),
        *_some([each.name for each in new if each.digest not in told], "new"),
        *_some([f"{each.name} (was {old.label}, is {each.label})" for old, each in relabelled], "of another class"),
    ]
    if not words:
        parts = [each.name for key, each in has.items() if had[key].part != each.part]
        words = list(_some(parts, "in the other part"))
    if not words and len(before) != len(now):
        words = [f"there are {len(now)} of them with all copies, and were {len(before)}"]
    return ", ".join(words) or None


def _some(names: Sequence[str], what: str) -> Iterable[str]:
    if names:
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        yield f"{len(names)} {'is' if len(names) == 1 else 'are'} {what} ({', '.join(names[:_NAMED])}{more})"
