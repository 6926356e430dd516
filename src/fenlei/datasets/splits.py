"""Put the pictures of a data set into parts: training, validation, test. Parts are stored, and drawn when asked only.

Pictures that come later are in no part until somebody asks: for a new draw, which may put every picture elsewhere, or
to fill up, which leaves those where they are that have a part.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import numpy as np

from fenlei.datasets.changing import Outcome, change_pictures, done
from fenlei.datasets.create import BadValue
from fenlei.datasets.draw import PARTS, draw, draw_more
from fenlei.datasets.found import Part
from fenlei.datasets.kin import kin
from fenlei.store import Conflict, Store, Work
from fenlei.store.browse import Glance
from fenlei.store.selection import Selection

FRACTIONS = {Part.TRAIN: 0.8, Part.VALIDATION: 0.1, Part.TEST: 0.1}


class Method(StrEnum):
    """Where the parts come from."""

    STRATIFIED = "stratified"
    """A draw in which every class has its share; groups and duplicates stay together. Pictures without a class are in
    no part."""

    COLUMN = "column"
    """What the imports brought: a column of a manifest, or folders called train, val and test."""

    CLEAR = "clear"
    """No picture is in any part."""


def split_dataset(
    store: Store,
    dataset_id: str,
    method: str,
    *,
    fractions: Mapping[str, float] | None = None,
    seed: int = 0,
    fill: bool = False,
    by: str | None = None,
    revision: int | None = None,
) -> Outcome:
    """Put all pictures into parts, as one change that can be undone. The same data set, fractions and seed give the
    same parts.

    Args:
        store: where the data set is.
        dataset_id: which one.
        method: see `Method`.
        fractions: share of `train`, `validation` and `test`, together 1; for a draw. Those left out are 0.
        seed: another seed, another draw.
        fill: leave pictures that have a part where they are.
        by: id of the user.
        revision: the one that the caller saw.

    Raises:
        NotFound, Stale: no such data set; another revision.
        BadValue: the method or the fractions are not understood.
        Conflict: there is nothing to draw from: no picture has a class, or no import brought parts.
    """
    how, shares = _method(method), _fractions(fractions)
    with store.writing() as work:
        dataset = work.datasets.lock(dataset_id, revision)
        pictures = work.browse.all(dataset_id)
        if how is Method.STRATIFIED:
            parts = _drawn(work, dataset_id, pictures, shares, seed, fill=fill)
        elif how is Method.COLUMN:
            parts = _brought(pictures, fill=fill)
        else:
            parts = {None: [each.id for each in pictures]}
        change = work.changes.start(dataset_id, "split", by, fields=["split"])
        count = work.changes.give(change, "split", parts)
        if not count:
            work.changes.drop(change)
            return Outcome(None, 0, dataset.revision)
        summary: dict[str, Any] = {"method": how.value, "fill": fill, "pictures": count}
        if how is Method.STRATIFIED:
            summary |= {"fractions": {part.value: shares[part] for part in PARTS}, "seed": seed}
        return done(work, change, count, summary)


def set_split(
    store: Store,
    dataset_id: str,
    pictures: Selection,
    split: str | None,
    by: str | None = None,
    *,
    revision: int | None = None,
) -> Outcome:
    """Put pictures into a part by hand, or out of any.

    Args:
        store: where the data set is.
        dataset_id: which one.
        pictures: their numbers, or a filter.
        split: `train`, `validation`, `test`, or None.
        by: id of the user.
        revision: the one that the caller saw.

    Raises:
        NotFound, Stale: no such data set or picture; another revision.
        BadValue: there is no such part.
    """
    if split is not None and split not in set(PARTS):
        raise BadValue(f"There is no part {split!r}.", "split", ", ".join(PARTS))
    with store.writing() as work:
        work.datasets.lock(dataset_id, revision)
        return change_pictures(work, dataset_id, pictures, {"split": split}, "split", by, {"split": split})


def _drawn(
    work: Work, dataset_id: str, pictures: list[Glance], shares: Mapping[Part, float], seed: int, *, fill: bool
) -> dict[str | None, list[int]]:
    groups = kin(work, dataset_id, pictures)
    drawn = np.array([number for number, each in enumerate(pictures) if each.label_id is not None], np.int64)
    if not len(drawn):
        raise Conflict("No picture has a class yet; parts are drawn so that every class has its share of each.")
    of_class = {label.id: number for number, label in enumerate(work.labels.of(dataset_id))}
    labels = [of_class[pictures[number].label_id or ""] for number in drawn]
    if fill:
        numbers = {part.value: number for number, part in enumerate(PARTS)}
        present = np.array([numbers.get(pictures[number].split or "", -1) for number in drawn], np.int64)
        parts = draw_more(labels, groups[drawn], present, shares, seed)
    else:
        parts = draw(labels, groups[drawn], shares, seed)
    found: dict[str | None, list[int]] = {part.value: [] for part in PARTS}
    for number, part in zip(drawn, parts, strict=True):
        found[PARTS[part].value].append(pictures[number].id)
    if not fill:
        found[None] = [each.id for each in pictures if each.label_id is None]
    return found


def _brought(pictures: list[Glance], *, fill: bool) -> dict[str | None, list[int]]:
    if not any(each.given_split for each in pictures):
        raise Conflict(
            "No picture came with a part. Imports bring parts in a column `split` of a manifest, or in folders called "
            "train, val and test."
        )
    found: dict[str | None, list[int]] = {}
    for each in pictures:
        if not fill or each.split is None:
            found.setdefault(each.given_split, []).append(each.id)
    return found


def _method(method: str) -> Method:
    try:
        return Method(method)
    except ValueError as exc:
        raise BadValue(f"There is no way {method!r} to split.", "method", ", ".join(Method)) from exc


def _fractions(given: Mapping[str, float] | None) -> dict[Part, float]:
    allowed = "train, validation and test, each from 0 to 1, together 1, train more than 0"
    if given is None:
        return dict(FRACTIONS)
    strange = set(given) - set(PARTS)
    if strange:
        raise BadValue(f"There is no part {sorted(strange)[0]!r}.", "fractions", allowed)
    shares = {part: float(given.get(part, 0.0)) for part in PARTS}
    # Also false of what is no number.
    if not (all(0 <= share <= 1 for share in shares.values()) and abs(sum(shares.values()) - 1) < 1e-6):
        raise BadValue(f"The shares of the parts are {_said(shares)}; together they are 1.", "fractions", allowed)
    if shares[Part.TRAIN] <= 0:
        raise BadValue("Without a training part there is nothing to learn from.", "fractions", allowed)
    return shares


def _said(shares: Mapping[Part, float]) -> str:
    return ", ".join(f"{part.value} {share:g}" for part, share in shares.items())
