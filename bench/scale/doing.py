"""What is done to a large data set once: brought in, split, labelled, kept, downloaded, deleted; how long it takes."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx

from bench.scale.figures import Figures
from bench.scale.peaks import Peaks
from fenlei import Platform
from fenlei.client.management.records import Run

T = TypeVar("T")

COMPARES = "near-duplicates"
"""The check that takes a network."""

VERSION_SECONDS = 2.0
"""That keeping 100,000 pictures as a version may take."""


class Doing:
    """Works on one data set.

    Args:
        platform: signed in as owner.
        http: the same, for what the client has no word for.
        dataset_id: the data set.
        figures: told what it took.
        peaks: watches the platform's processes.
    """

    def __init__(self, platform: Platform, http: httpx.Client, dataset_id: str, figures: Figures, peaks: Peaks) -> None:
        self._platform = platform
        self._datasets = platform.datasets
        self._http = http
        self._id = dataset_id
        self._figures = figures
        self._peaks = peaks

    def bring_in(self, archive: Path) -> int:
        """Upload, preview and import a zip, and wait for the checks that follow; returns how many pictures it added."""
        size = archive.stat().st_size / 1e6
        stages: dict[str, float] = {}
        told = 0

        def progress(stage: str, part: float) -> None:
            nonlocal told
            stages[stage] = time.time()
            if int(part * 10) != told:
                told = int(part * 10)
                self._figures.tell(f"  {stage} {part:.0%}")

        began = time.time()
        brought = self._datasets.bring(self._id, archive, progress=progress)
        run = self._platform.runs.get(brought.run_id or "")
        sent, added = stages["sending"], int(brought.counts["added"])
        self._figures.once(
            "upload", sent - began, f"{size / (sent - began):.0f} MB/s", remarks=f"{size:.0f} MB, one zip"
        )
        self._figures.once("preview", run.created_at.timestamp() - sent)
        self._run("import", run, added, "pictures/s")
        check = next(run for run in self._platform.runs.list(kind="check") if COMPARES not in run.settings["checks"])
        for run in self._platform.runs.list(kind="check", state="queued"):
            if COMPARES in run.settings["checks"]:  # of a data set that is small enough; it would be in our way
                self._platform.runs.cancel(run.id)
        self._run("checks without features, files new", self._platform.runs.wait(check.id), added, "pictures/s")
        return added

    def check_again(self) -> None:
        """Ask the same checks again: every file is known."""
        names = [check.check for check in self._datasets.checks(self._id) if check.found is not None]
        self._timed("checks without features, files known", lambda: self._datasets.check(self._id, *names))

    def split(self) -> None:
        """Draw parts, half of the pictures for training."""
        self._timed(
            "split, stratified",
            lambda: self._datasets.split(self._id, train=0.5, validation=0.25, test=0.25),
            lambda outcome: f"{outcome.pictures:,} pictures",
        )

    def relabel(self, text: str) -> None:
        """Give all pictures with a text in their names a class, and take that back."""
        label = self._http.post(f"/datasets/{self._id}/labels", json={"name": "of the bench"})
        label.raise_for_status()
        body = {"pictures": {"filter": {"text": text}}, "label_id": label.json()["id"]}

        def call() -> int:
            response = self._http.patch(f"/datasets/{self._id}/pictures", json=body)
            response.raise_for_status()
            return int(response.json()["pictures"])

        self._timed("relabel by filter", call, lambda count: f"{count:,} pictures")
        self._timed("undo it", lambda: self._datasets.undo(self._id), lambda outcome: f"{outcome.pictures:,} pictures")

    def versions(self, label_id: str) -> None:
        """Keep versions, and compare two."""
        first = self._timed("version", lambda: self._datasets.make_version(self._id), bound=VERSION_SECONDS)
        again = self._timed("version again, nothing changed", lambda: self._datasets.make_version(self._id))
        if again.id != first.id:
            raise RuntimeError("the same content became another version")
        others = (each.id for each in self._datasets.pictures(self._id) if each.label_id != label_id)
        chosen = list(itertools.islice(others, 1000))
        self._timed(
            "relabel 1,000 by id",
            lambda: self._datasets.label(self._id, chosen, label_id),
            lambda outcome: f"{outcome.pictures:,} pictures",
        )
        second = self._timed("version after it", lambda: self._datasets.make_version(self._id), bound=VERSION_SECONDS)
        self._timed(
            "diff of both",
            lambda: self._platform.versions.diff(first.id, second.id),
            lambda diff: f"{diff.counts['relabelled']:,} relabelled",
        )

    def download(self, target: Path) -> None:
        """Save all as a zip."""
        began = time.perf_counter()
        self._datasets.download(self._id, target)
        self._rate("download zip", time.perf_counter() - began, target.stat().st_size / 1e6)
        target.unlink()

    def delete(self) -> None:
        """Delete the data set."""
        self._timed("delete", lambda: self._datasets.delete(self._id, everything=True))

    def _run(self, what: str, run: Run, pictures: int, unit: str) -> None:
        if run.started_at is None or run.finished_at is None:
            raise RuntimeError(f"{run.id} has not run")
        seconds = (run.finished_at - run.started_at).total_seconds()
        peak = self._peaks.of("run-job", run.id)
        self._figures.once(what, seconds, f"{pictures / seconds:.0f} {unit}", remarks=f"its process: {peak}")

    def _rate(self, what: str, seconds: float, size: float) -> None:
        self._figures.once(what, seconds, f"{size / seconds:.0f} MB/s", remarks=f"{size:.0f} MB")

    def _timed(
        self,
        what: str,
        call: Callable[[], T],
        remarks: Callable[[T], Any] = lambda found: "",
        *,
        bound: float | None = None,
    ) -> T:
        began = time.perf_counter()
        found = call()
        self._figures.once(what, time.perf_counter() - began, bound=bound, remarks=str(remarks(found)))
        return found
