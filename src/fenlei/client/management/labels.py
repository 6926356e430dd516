"""The classes of data sets: declared, renamed, merged, put in order, deleted. Every change can be undone."""

from __future__ import annotations

from collections.abc import Sequence

from fenlei.client.management.link import Link
from fenlei.client.management.records import Label, Outcome


class Labels:
    """The classes of a data set. `revision`, where it is given, is the data set's as the caller saw it."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def list(self, dataset_id: str) -> Sequence[Label]:
        """The classes, in their order."""
        return self._link.get(f"/datasets/{dataset_id}/labels", list[Label])

    def add(self, dataset_id: str, name: str, *, revision: int | None = None) -> Label:
        """Declare a class, behind the others."""
        return self._link.post(f"/datasets/{dataset_id}/labels", Label, {"name": name}, revision=revision)

    def rename(self, dataset_id: str, label_id: str, name: str, *, revision: int | None = None) -> Label:
        """Give a class another name."""
        return self._link.patch(f"/datasets/{dataset_id}/labels/{label_id}", Label, {"name": name}, revision=revision)

    def merge(self, dataset_id: str, label_ids: Sequence[str], into: str, *, revision: int | None = None) -> Outcome:
        """Make several classes one: their pictures get the class `into`, the others go."""
        body = {"labels": [*label_ids], "into": into}
        return self._link.post(f"/datasets/{dataset_id}/labels/merge", Outcome, body, revision=revision)

    def order(self, dataset_id: str, label_ids: Sequence[str], *, revision: int | None = None) -> Outcome:
        """Put the classes in another order, every one of them named once. Models trained from then on have it."""
        body = {"labels": [*label_ids]}
        return self._link.put(f"/datasets/{dataset_id}/labels/order", Outcome, body, revision=revision)

    def delete(self, dataset_id: str, label_id: str, *, revision: int | None = None) -> None:
        """Delete a class. Its pictures stay, without a class."""
        self._link.delete(f"/datasets/{dataset_id}/labels/{label_id}", revision=revision)
