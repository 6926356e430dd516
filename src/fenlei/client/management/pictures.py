"""The pictures of data sets: listed, labelled, moved, removed by the thousand, and saved one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fenlei.client.management.link import Link
from fenlei.client.management.records import Moved, Outcome, Picture

Which = Sequence[int] | Mapping[str, Any]
"""Pictures by their ids, or all that a filter lets through: `label` (an id), `labelled`, `split`, `check`, `text`."""


class Pictures:
    """The pictures of data sets. What is changed can be undone; `revision` is the data set's as the caller saw it."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def list(
        self,
        dataset_id: str,
        *,
        label: str | None = None,
        labelled: bool | None = None,
        split: str | None = None,
        check: str | None = None,
        text: str | None = None,
        removed: bool | None = None,
        newest_first: bool | None = None,
    ) -> Iterator[Picture]:
        """Pictures that meet every condition that is given.

        Args:
            dataset_id: which data set's.
            label: id of their class.
            labelled: whether they have a class.
            split: their part; `none` for those in no part.
            check: a check that has an open finding about them.
            text: part of their name, in whatever case.
            removed: the removed ones instead.
            newest_first: the other way round.
        """
        wanted = {"label": label, "labelled": labelled, "split": split, "check": check, "text": text}
        more = {"removed": removed, "newest_first": newest_first, "limit": 500}
        return self._link.pages(f"/datasets/{dataset_id}/pictures", Picture, **wanted, **more)

    def get(self, picture_id: int) -> Picture:
        """A picture, removed or not."""
        return self._link.get(f"/pictures/{picture_id}", Picture)

    def label(self, dataset_id: str, which: Which, label_id: str | None, *, revision: int | None = None) -> Outcome:
        """Give pictures a class, or none."""
        return self._change(dataset_id, which, revision, label_id=label_id)

    def put_into(self, dataset_id: str, which: Which, split: str | None, *, revision: int | None = None) -> Outcome:
        """Put pictures into a part (train, validation, test), or out of any."""
        return self._change(dataset_id, which, revision, split=split)

    def remove(self, dataset_id: str, which: Which, *, revision: int | None = None) -> Outcome:
        """Take pictures out of a data set."""
        return self._change(dataset_id, which, revision, removed=True)

    def restore(self, dataset_id: str, which: Which, *, revision: int | None = None) -> Outcome:
        """Put removed pictures back."""
        return self._change(dataset_id, which, revision, removed=False)

    def move(self, dataset_id: str, which: Which, to: str, *, revision: int | None = None) -> Moved:
        """Move pictures to another data set; they keep their class by its name."""
        body = {"pictures": _chosen(which), "to": to}
        return self._link.post(f"/datasets/{dataset_id}/pictures/move", Moved, body, revision=revision)

    def rename(self, picture_id: int, name: str, *, revision: int | None = None) -> Outcome:
        """Give a picture another name."""
        return self._link.patch(f"/pictures/{picture_id}", Outcome, {"name": name}, revision=revision)

    def save(self, picture_id: int, target: str | Path) -> Path:
        """Save the file of a picture, as it came."""
        return self._link.download(f"/pictures/{picture_id}/file", Path(target), as_file=True)

    def save_thumbnail(self, picture_id: int, target: str | Path, *, side: int = 256) -> Path:
        """Save a picture small, as WebP; `side` is the most pixels of its longer side, rounded up to a size we keep."""
        return self._link.download(f"/pictures/{picture_id}/thumbnail", Path(target), side=side)

    def _change(self, dataset_id: str, which: Which, revision: int | None, **value: Any) -> Outcome:
        body = {"pictures": _chosen(which), **value}
        return self._link.patch(f"/datasets/{dataset_id}/pictures", Outcome, body, revision=revision)


def _chosen(which: Which) -> dict[str, Any]:
    return {"filter": dict(which)} if isinstance(which, Mapping) else {"ids": [*which]}
