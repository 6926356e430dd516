"""Data sets: filled, labelled, looked through, kept as versions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from fenlei.client.management.hanging import DatasetHanging
from fenlei.client.management.imports import Imports, Progress, silent
from fenlei.client.management.link import Link
from fenlei.client.management.records import (
    Change,
    Check,
    Counts,
    Dataset,
    DatasetVersion,
    Entry,
    Finding,
    Import,
    Label,
    Outcome,
    Picture,
    Run,
)
from fenlei.client.management.runs import Runs


class Datasets:
    """The data sets of a platform."""

    def __init__(self, link: Link, runs: Runs, imports: Imports) -> None:
        self._link = link
        self._runs = runs
        self._imports = imports

    def create(self, name: str, note: str = "") -> Dataset:
        """Make an empty data set."""
        return self._link.post("/datasets", Dataset, {"name": name, "note": note})

    def list(self) -> Iterator[Dataset]:
        """Every data set."""
        return self._link.pages("/datasets", Dataset)

    def get(self, dataset_id: str) -> Dataset:
        """A data set."""
        return self._link.get(f"/datasets/{dataset_id}", Dataset)

    def rename(self, dataset_id: str, name: str, *, revision: int | None = None) -> Dataset:
        """Give it another name."""
        return self._link.patch(f"/datasets/{dataset_id}", Dataset, {"name": name}, revision=revision)

    def describe(self, dataset_id: str, note: str, *, revision: int | None = None) -> Dataset:
        """Give it another note."""
        return self._link.patch(f"/datasets/{dataset_id}", Dataset, {"note": note}, revision=revision)

    def delete(self, dataset_id: str, *, everything: bool = False) -> None:
        """Delete a data set; with `everything`, also what hangs on it."""
        self._link.delete(f"/datasets/{dataset_id}", and_all=everything or None)

    def what_hangs_on(self, dataset_id: str) -> DatasetHanging:
        """What would go, or lose its data set, if this one were deleted."""
        return self._link.get(f"/datasets/{dataset_id}/hanging", DatasetHanging)

    def bring(
        self,
        dataset_id: str,
        source: str | Path,
        *,
        format: str | None = None,  # noqa: A002
        label: str | None = None,
        progress: Progress = silent,
    ) -> Import:
        """Bring pictures into a data set: a picture, an archive, a manifest, or a folder, whatever its format.

        Asked for again after an interruption, it goes on where it stopped. `imports.send` and `imports.commit` are its
        two halves, for those who want to see first what is in it.

        Args:
            dataset_id: where they go.
            source: on this machine; it is sent.
            format: slug of a format; None finds out by looking.
            label: class of all pictures that bring none of their own.
            progress: told how far sending and importing are.

        Returns:
            The import as it ended; `counts` says what became of the files, `entries` of each one.

        Raises:
            PlatformError, RunEnded: it was not imported.
            OSError: it cannot be read.
        """
        sent = self._imports.send(dataset_id, source, format=format, label=label, progress=progress)
        return self._imports.commit(sent.id, progress=progress)

    def bring_from_server(
        self,
        dataset_id: str,
        path: str,
        *,
        format: str | None = None,  # noqa: A002
        label: str | None = None,
        progress: Progress = silent,
    ) -> Import:
        """Bring pictures in that lie on the server, below a folder from which its operator allows imports."""
        found = self._imports.find_on_server(dataset_id, path, format=format, label=label)
        return self._imports.commit(found.id, progress=progress)

    def entries(self, import_id: str) -> Iterator[Entry]:
        """What became of each file of an import."""
        return self._link.pages(f"/imports/{import_id}/entries", Entry)

    def pictures(
        self,
        dataset_id: str,
        *,
        label: str | None = None,
        split: str | None = None,
        check: str | None = None,
        text: str | None = None,
    ) -> Iterator[Picture]:
        """Pictures that meet every condition that is given; `label` is a label's id."""
        return self._link.pages(
            f"/datasets/{dataset_id}/pictures", Picture, limit=500, label=label, split=split, check=check, text=text
        )

    def counts(self, dataset_id: str) -> Counts:
        """How many pictures there are, by class and part."""
        return self._link.get(f"/datasets/{dataset_id}/counts", Counts)

    def labels(self, dataset_id: str) -> Sequence[Label]:
        """The classes, in their order."""
        return self._link.get(f"/datasets/{dataset_id}/labels", list[Label])

    def label(self, dataset_id: str, picture_ids: Sequence[int], label_id: str | None) -> Outcome:
        """Give pictures a class, or none."""
        body = {"pictures": {"ids": list(picture_ids)}, "label_id": label_id}
        return self._link.patch(f"/datasets/{dataset_id}/pictures", Outcome, body)

    def remove(self, dataset_id: str, picture_ids: Sequence[int]) -> Outcome:
        """Remove pictures; `undo` brings them back."""
        body = {"pictures": {"ids": list(picture_ids)}, "removed": True}
        return self._link.patch(f"/datasets/{dataset_id}/pictures", Outcome, body)

    def changes(self, dataset_id: str) -> Iterator[Change]:
        """Who changed what and when, the latest first."""
        return self._link.pages(f"/datasets/{dataset_id}/changes", Change)

    def undo(self, dataset_id: str) -> Outcome:
        """Take back the last change."""
        return self._link.post(f"/datasets/{dataset_id}/changes/undo", Outcome)

    def redo(self, dataset_id: str) -> Outcome:
        """Make the change again that was undone last."""
        return self._link.post(f"/datasets/{dataset_id}/changes/redo", Outcome)

    def checks(self, dataset_id: str) -> Sequence[Check]:
        """Every check, and what it said when it was asked last."""
        return self._link.get(f"/datasets/{dataset_id}/checks", list[Check])

    def check(self, dataset_id: str, *names: str, progress: Progress = silent) -> Sequence[Check]:
        """Ask checks, all of them when none is named, and wait for what they say."""
        run = self._link.post(f"/datasets/{dataset_id}/checks", Run, {"checks": [*names] or None})
        self._runs.wait(run.id, on_progress=progress)
        return self.checks(dataset_id)

    def findings(self, dataset_id: str, check: str) -> Iterator[Finding]:
        """What a check found and still stands, pictures that belong together one after the other."""
        return self._link.pages(f"/datasets/{dataset_id}/checks/{check}/findings", Finding)

    def fix(self, dataset_id: str, check: str) -> Outcome:
        """Put right what a check found; `undo` takes it back."""
        return self._link.post(f"/datasets/{dataset_id}/checks/{check}/fix", Outcome)

    def split(
        self, dataset_id: str, method: str = "stratified", *, seed: int = 0, fill: bool = False, **fractions: float
    ) -> Outcome:
        """Put pictures into parts.

        Args:
            dataset_id: which one.
            method: `stratified`, `column` (as the imports brought) or `clear`.
            seed: another seed, another draw.
            fill: leave pictures that have a part where they are.
            fractions: of a draw: train, validation, test; together 1.
        """
        body = {"method": method, "fractions": fractions or None, "seed": seed, "fill": fill}
        return self._link.post(f"/datasets/{dataset_id}/splits", Outcome, body)

    def make_version(self, dataset_id: str, note: str = "") -> DatasetVersion:
        """Keep the data set as it is now."""
        return self._link.post(f"/datasets/{dataset_id}/versions", DatasetVersion, {"note": note})

    def versions(self, dataset_id: str) -> Iterator[DatasetVersion]:
        """Its versions, the latest first."""
        return self._link.pages(f"/datasets/{dataset_id}/versions", DatasetVersion)

    def download(self, dataset_id: str, target: str | Path, *, parts: bool = False) -> Path:
        """Save the pictures as a zip of class folders; with `parts`, below `train/`, `validation/` and `test/`."""
        return self._link.download(f"/datasets/{dataset_id}/download.zip", Path(target), parts=parts)

    def manifest(self, dataset_id: str, target: str | Path) -> Path:
        """Save the list of the pictures as CSV."""
        return self._link.download(f"/datasets/{dataset_id}/manifest.csv", Path(target))
