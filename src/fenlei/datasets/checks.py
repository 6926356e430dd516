"""Look for what may be wrong with the pictures of a data set, and keep what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np

from fenlei.datasets.checking import CHECKS, Check, Need, Seen, Survey
from fenlei.datasets.checking.looker import File, Looker
from fenlei.datasets.create import BadValue
from fenlei.datasets.duplicates import find_duplicates
from fenlei.datasets.looking import HOW, look_at
from fenlei.store import NotFound, Store, Work
from fenlei.store.errors import DamagedBlob
from fenlei.store.tables import Finding

LOOK, COMPARE, WRITE = "looking at pictures", "computing features", "writing down"
"""Stages of `run_checks`, as its progress names them."""

Progress = Callable[[str, int, int], None]

_NEEDS_FEATURES = "needs features: no backbone was given to compare pictures with"


@dataclass(frozen=True)
class Checked:
    """What `run_checks` has done.

    Attributes:
        found: findings by check.
        skipped: why a check was not asked, by its name.
        looked: files that were decoded; all others were known.
        revision: of the data set, as it was looked at.
        stopped: whether it was cancelled before the end; what was found by then is kept.
    """

    found: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    looked: int = 0
    revision: int = 0
    stopped: bool = False


@dataclass(frozen=True)
class CheckState:
    """Where a check stands.

    Attributes:
        check: its name.
        found: open findings about pictures that are there, or about the data set; None where it was never asked.
        at: when it was last asked.
        revision: of the data set, as it was then.
        stale: whether the data set was changed since, so that it may find something else now.
        advice: what the fix does, and what a person can do.
    """

    check: str
    found: int | None
    at: datetime | None
    revision: int | None
    stale: bool
    advice: str


def run_checks(
    store: Store,
    dataset_id: str,
    names: Sequence[str] | None = None,
    *,
    looker: Looker | None = None,
    progress: Progress = lambda stage, done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
    guard: Callable[[Work], None] = lambda work: None,
) -> Checked:
    """Ask checks about a data set as it is now; what they say takes the place of what they said before.

    Every file is decoded once in its life: what was seen is kept by its digest, a few files at a time, so that a kill
    costs little and a second asking nothing. Nothing in the data set changes, so its revision stays.

    Args:
        store: where the data set is.
        dataset_id: which one.
        names: of the checks; None for all.
        looker: computes features, for near duplicates; without one that check is skipped.
        progress: told the stage, and how much of how much of it is done.
        cancelled: asked now and then; True stops, and what was written by then stays.
        guard: called first in every transaction that writes; raises when this caller may not write any more.

    Raises:
        NotFound: there is no such data set.
        BadValue: there is no such check.
    """
    checks = _named(names)
    with store.reading() as work:
        dataset = work.datasets.get(dataset_id)
        survey = Survey(work.browse.all(dataset_id), {label.id: label.name for label in work.labels.of(dataset_id)})
    course = _Course(store, dataset_id, progress, cancelled, guard)
    done = Checked(revision=dataset.revision)
    if looker is None:
        skipped = {each.name: _NEEDS_FEATURES for each in checks if Need.FEATURES in each.needs}
        done = replace(done, skipped=skipped)
        checks = [each for each in checks if each.name not in skipped]
    needs = frozenset[Need]().union(*(each.needs for each in checks))
    if Need.LOOKS in needs:
        looks, looked = course.look(survey)
        done = replace(done, looked=looked)
        survey = replace(survey, looks=looks or {})
        if looks is None:
            return replace(done, stopped=True)
    if looker is not None and Need.FEATURES in needs:
        near = course.compare(survey, looker)
        survey = replace(survey, near=near or {})
        if near is None:
            return replace(done, stopped=True)
    for number, check in enumerate(checks):
        if cancelled():
            return replace(done, stopped=True)
        progress(WRITE, number, len(checks))
        done.found[check.name] = course.write(check, survey, dataset.revision)
    progress(WRITE, len(checks), len(checks))
    return done


def check_states(work: Work, dataset_id: str) -> list[CheckState]:
    """Where every check stands, in the order of `CHECKS`.

    Raises:
        NotFound: there is no such data set.
    """
    revision = work.datasets.get(dataset_id).revision
    runs, counts = work.findings.runs(dataset_id), work.findings.open_counts(dataset_id)
    states = []
    for check in CHECKS.values():
        run = runs.get(check.name)
        states.append(
            CheckState(
                check.name,
                None if run is None else counts.get(check.name, 0),
                None if run is None else run.at,
                None if run is None else run.revision,
                run is not None and run.revision != revision,
                check.advice,
            )
        )
    return states


def findings(
    work: Work, dataset_id: str, check: str, after: int | None = None, limit: int = 100
) -> tuple[list[Finding], int | None]:
    """Open findings of a check about pictures that are there, those of a cluster one after the other, and the cursor
    of the next page. `picture_id` is None where the finding is about the data set.

    Raises:
        NotFound: there is no such data set.
        BadValue: there is no such check.
    """
    work.datasets.get(dataset_id)
    (asked,) = _named([check])
    return work.findings.page(dataset_id, asked.name, after, limit)


def _named(names: Sequence[str] | None) -> list[Check]:
    for name in names or ():
        if name not in CHECKS:
            raise BadValue(f"There is no check {name!r}.", "checks", ", ".join(CHECKS))
    return [check for name, check in CHECKS.items() if names is None or name in names]


class _Course:
    """One asking of checks."""

    def __init__(
        self,
        store: Store,
        dataset_id: str,
        progress: Progress,
        cancelled: Callable[[], bool],
        guard: Callable[[Work], None],
    ) -> None:
        self._store = store
        self._dataset_id = dataset_id
        self._progress = progress
        self._cancelled = cancelled
        self._guard = guard

    def look(self, survey: Survey) -> tuple[dict[str, Seen] | None, int]:
        """What is known of every file after those were decoded that were not known; None where it was stopped. And how
        many were decoded."""
        with self._store.reading() as work:
            known = work.looks.of(self._dataset_id, HOW)
        looks = {sha256: Seen(*each) for sha256, each in known.items()}
        new = [each for each in dict.fromkeys(picture.sha256 for picture in survey.pictures) if each not in looks]
        gone: dict[str, str] = {}

        def read(sha256: str) -> bytes:
            try:
                return self._store.blobs.get(sha256)
            except (NotFound, DamagedBlob) as exc:
                gone[sha256] = str(exc)
                return b""

        done = 0
        for batch in look_at(new, read, self._cancelled):
            seen = {sha256: each for sha256, each in batch if sha256 not in gone}
            with self._writing() as work:
                work.looks.remember([{"sha256": key, "method": HOW, **each._asdict()} for key, each in seen.items()])
            # A file that is gone may come back; what was not seen is not remembered.
            looks |= seen | {key: Seen(gone[key], None, None) for key, _ in batch if key in gone}
            done += len(batch)
            self._progress(LOOK, done, len(new))
        return (looks if done == len(new) else None), done

    def compare(self, survey: Survey, looker: Looker) -> dict[str, int] | None:
        """The group of near duplicates of every file that can be decoded; None where it was stopped."""
        first = {each.sha256: each.name for each in reversed(survey.pictures)}
        usable = [
            each for each in dict.fromkeys(picture.sha256 for picture in survey.pictures) if _usable(survey, each)
        ]
        files = [File(first[each], each, _Reader(self._store, each)) for each in usable]
        if not files:
            return {}
        seen = looker(files, lambda done, total: self._progress(COMPARE, done, total), self._cancelled)
        if seen is None:
            return None
        digests = [usable[number] for number in seen.index.tolist()]
        if not digests:
            return {}
        groups = find_duplicates(
            [bytes.fromhex(each) for each in digests], list(seen.prints), np.asarray(seen.features)
        )
        return dict(zip(digests, groups.group_of.tolist(), strict=True))

    def write(self, check: Check, survey: Survey, revision: int) -> int:
        """Ask a check and keep what it says; returns how much that is."""
        rows: list[dict[str, Any]] = [
            {"picture_id": each.picture, "cluster": each.cluster, "detail": each.detail} for each in check.find(survey)
        ]
        with self._writing() as work:
            work.datasets.lock(self._dataset_id)
            work.findings.replace(self._dataset_id, check.name, revision, rows)
        return len(rows)

    @contextmanager
    def _writing(self) -> Iterator[Work]:
        with self._store.writing() as work:
            self._guard(work)
            yield work


class _Reader:
    """Reads one blob when asked."""

    def __init__(self, store: Store, sha256: str) -> None:
        self._store = store
        self._sha256 = sha256

    def __call__(self) -> bytes:
        return self._store.blobs.get(self._sha256)


def _usable(survey: Survey, sha256: str) -> bool:
    return survey.looks[sha256].problem is None
