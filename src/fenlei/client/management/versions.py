"""Versions of data sets: made, compared, taken away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fenlei.client.management.link import Link
from fenlei.client.management.records import DatasetVersion, Diff, Difference


class Versions:
    """Data sets as they were; never changed."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def make(self, dataset_id: str, note: str = "") -> DatasetVersion:
        """Keep a data set as it is now. Where it is as it was in an earlier version, that one is the version."""
        return self._link.post(f"/datasets/{dataset_id}/versions", DatasetVersion, {"note": note})

    def list(self, dataset_id: str) -> Iterator[DatasetVersion]:
        """The versions of a data set, the latest first."""
        return self._link.pages(f"/datasets/{dataset_id}/versions", DatasetVersion)

    def get(self, version_id: str) -> DatasetVersion:
        """A version."""
        return self._link.get(f"/versions/{version_id}", DatasetVersion)

    def diff(self, version_id: str, other_id: str) -> Diff:
        """What is different in the other version, counted."""
        return self._link.get(f"/versions/{version_id}/diff/{other_id}", Diff, limit=1)

    def differences(self, version_id: str, other_id: str, *, kind: str | None = None) -> Iterator[Difference]:
        """What is different, picture by picture; only of a kind (added, removed, relabelled, moved, regrouped) if one
        is named."""
        return self._link.pages(f"/versions/{version_id}/diff/{other_id}", Difference, limit=500, kind=kind)

    def download(self, version_id: str, target: str | Path, *, parts: bool = False) -> Path:
        """Save the pictures as a zip of class folders; with `parts`, below `train/`, `validation/` and `test/`."""
        return self._link.download(f"/versions/{version_id}/download.zip", Path(target), parts=parts)

    def manifest(self, version_id: str, target: str | Path) -> Path:
        """Save the list of the pictures as CSV."""
        return self._link.download(f"/versions/{version_id}/manifest.csv", Path(target))
