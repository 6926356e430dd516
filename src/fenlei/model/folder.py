"""Labelled pictures of a folder, scored by a model, each with its name and digest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fenlei.contract.errors import FenleiError
from fenlei.model.source import Payload

Count = Callable[[int, int], None]
"""Progress: (done, total)."""

Verdict = tuple[NDArray[np.float64], float | None]
"""Scores (classes,), and how strange the picture is; None without a rule for that."""

Judge = Callable[[Sequence[Callable[[], Payload]], Count | None], Iterator[tuple[int, Verdict | FenleiError]]]
"""The verdict on every payload as they come, each with its index."""


@dataclass(frozen=True)
class ScoredFolder:
    """Pictures of classes that the model knows, in the order of their names, and what it said of each.

    Attributes:
        names: (n) paths in the folder, with `/`.
        truth: (n,) class numbers of the model.
        digests: (n) SHA-256, hex, of their files.
        scores: (n, c).
        skipped: (name, reason) of every file that was left aside.
        strangeness: (n) how strange each is; none where the model has no rule for that.
        strangers: (m) how strange pictures of classes are that the model does not know, where they were looked at.
    """

    names: list[str]
    truth: NDArray[np.int64]
    digests: list[str]
    scores: NDArray[np.float64]
    skipped: list[tuple[str, str]]
    strangeness: NDArray[np.float64]
    strangers: NDArray[np.float64]


def score_folder(
    directory: Path, labels: Sequence[str], judge: Judge, progress: Count | None = None, *, strangers: bool = False
) -> ScoredFolder:
    """Score the pictures of a folder or zip; where it has a `test/` (or, without one, a `val/`), only that part.

    Args:
        directory: class folders, or a zip of them.
        labels: of the model.
        judge: the model.
        progress: told how many pictures are done.
        strangers: whether to look at pictures of other classes as well.

    Raises:
        FenleiError: the folder cannot be read, or holds no picture of a class the model knows.
    """
    from fenlei.datasets.fingerprint import file_digest
    from fenlei.datasets.folder import scan
    from fenlei.training.division import judging_part

    place = {label: number for number, label in enumerate(labels)}
    digests: dict[int, str] = {}
    rows: dict[int, NDArray[np.float64]] = {}
    strange: dict[int, float] = {}
    with scan(directory, to_learn=False) as found:
        skipped = [(file.name, file.reason) for file in found.skipped]
        judging = judging_part(found.items)
        items, others = [], []
        for item in found.items:
            if judging is not None and item.part is not judging:
                continue
            if item.label in place:
                items.append(item)
            else:
                skipped.append((item.name, f"The model knows no class {item.label!r}."))
                others.append(item)

        def read(index: int) -> bytes:
            data = items[index].read()
            digests[index] = file_digest(data).hex()
            return data

        readers: list[Callable[[], Payload]] = [partial(read, index) for index in range(len(items))]
        readers += [other.read for other in others if strangers]
        for index, verdict in judge(readers, progress):
            if isinstance(verdict, FenleiError):
                if index < len(items):
                    skipped.append((items[index].name, str(verdict)))
                continue
            row, strangeness = verdict
            if index < len(items):
                rows[index] = row
            if strangeness is not None:
                strange[index] = strangeness
    if not rows:
        raise FenleiError(
            f"{directory} holds no readable picture of a class this model knows; it knows {', '.join(labels)}."
        )
    order = sorted(rows)
    return ScoredFolder(
        [items[index].name for index in order],
        np.array([place[items[index].label] for index in order], np.int64),
        [digests[index] for index in order],
        np.stack([rows[index] for index in order]),
        sorted(skipped),
        np.array([strange[index] for index in order if index in strange]),
        np.array([strange[index] for index in sorted(strange) if index >= len(items)]),
    )
