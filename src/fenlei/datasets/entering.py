"""What one batch of an import writes: pictures, labels and the entries that say what became of each file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fenlei.datasets.file_names import MOST_NAME_CHARS, kept_name
from fenlei.datasets.found import Skipped
from fenlei.datasets.imports import MOST_LABEL_CHARS
from fenlei.datasets.placing import Place, place
from fenlei.datasets.reading import Examined, Outcome
from fenlei.store import Work, now
from fenlei.store.tables import Import

MOST_GROUP_CHARS = 200


@dataclass(frozen=True)
class _Arriving:
    """A picture with all that the store keeps of it, its label by name."""

    name: str
    sha256: str
    label: str | None
    part: str | None
    group: str | None
    picture: Examined


class Entering:
    """Writes one batch of an import, in its transaction.

    Attributes:
        counts: files that were added, existing, skipped so far; grows with what is written.
    """

    def __init__(self, row: Import, counts: dict[str, Any]) -> None:
        self._row = row
        self._label: str | None = row.options.get("label")
        self._number = sum(counts[each] for each in ("added", "existing", "skipped"))
        self.counts = counts

    def declare(self, work: Work, labels: Iterable[str]) -> None:
        """Make the labels that the source declares, in its order."""
        names = [kept_name(each).strip() for each in labels]
        names = [each for each in names if 0 < len(each) <= MOST_LABEL_CHARS]
        if self._label is not None:
            names.append(self._label)
        work.datasets.lock(self._row.dataset_id)
        if work.pictures.missing_labels(self._row.dataset_id, names):
            work.pictures.declare_labels(self._row.dataset_id, names)
            work.datasets.touch(self._row.dataset_id)

    def leave_out(self, work: Work, skipped: Sequence[Skipped]) -> None:
        """Write down files that the importer left aside."""
        work.imports.add_entries([self._entry(each.name, "skipped", each.reason) for each in skipped])

    def bring_in(self, work: Work, batch: Sequence[Outcome], digests: Sequence[str]) -> None:
        """Write a batch: what can be used becomes pictures.

        Args:
            work: the transaction.
            batch: files that were examined.
            digests: SHA-256 of those of them that can be used, in their order; their blobs are there.
        """
        work.datasets.lock(self._row.dataset_id)
        asked = iter(digests)
        told = [self._arriving(each, next(asked)) if isinstance(each, Examined) else each.reason for each in batch]
        became = iter(self._write(work, [each for each in told if isinstance(each, _Arriving)]))
        work.imports.add_entries(
            [
                self._entry(outcome.file.name, "skipped", each)
                if isinstance(each, str)
                else self._entry(outcome.file.name, *next(became))
                for outcome, each in zip(batch, told, strict=True)
            ]
        )

    def _arriving(self, each: Examined, sha256: str) -> _Arriving | str:
        """A picture as it will be kept, or the reason why it cannot be."""
        file = each.file
        name = kept_name(file.name)
        label = kept_name(file.label or "").strip() or self._label
        group = kept_name(file.group) if file.group else None
        for what, text, most in (
            ("name", name, MOST_NAME_CHARS),
            ("class", label, MOST_LABEL_CHARS),
            ("group", group, MOST_GROUP_CHARS),
        ):
            if text is not None and len(text) > most:
                return f"its {what} has {len(text):,} characters; at most {most:,} can be kept"
        return _Arriving(name, sha256, label, None if file.part is None else file.part.value, group, each)

    def _write(self, work: Work, arriving: list[_Arriving]) -> list[tuple[str, str | None, int]]:
        """Make them pictures where they are none yet; returns outcome, reason and picture of each."""
        dataset_id = self._row.dataset_id
        labels = work.pictures.declare_labels(dataset_id, [each.label for each in arriving if each.label is not None])
        names = {label_id: name for name, label_id in labels.items()}
        places = place(work, dataset_id, [(each.name, each.sha256) for each in arriving])
        rows = [self._values(each, where.name, labels) for each, where in zip(arriving, places, strict=True)]
        new = [number for number, where in enumerate(places) if where.is_new]
        ids = dict(zip(new, work.pictures.add_many([rows[number] for number in new]), strict=True))
        back = [(number, where.known) for number, where in enumerate(places) if where.known and where.known.removed]
        for number, known in back:
            given = {key: value for key, value in rows[number].items() if key in _GIVEN and value is not None}
            work.pictures.bring_back(
                dataset_id, known.id, given | {key: rows[number][key] for key in ("import_id", "added_at")}
            )
        if new or back:
            work.datasets.touch(dataset_id)
        became: list[tuple[str, str | None, int]] = []
        for number, (each, where) in enumerate(zip(arriving, places, strict=True)):
            if where.known is not None:
                ids[number] = where.known.id
            elif where.first is not None:
                ids[number] = ids[where.first]
            outcome, reason = _became(each, where, names)
            became.append((outcome, reason, ids[number]))
        return became

    def _values(self, each: _Arriving, name: str, labels: Mapping[str, str]) -> dict[str, Any]:
        facts = each.picture.facts
        return {
            "dataset_id": self._row.dataset_id,
            "name": name,
            "sha256": each.sha256,
            "label_id": None if each.label is None else labels[each.label],
            "split": each.part,
            "given_split": each.part,
            "group": each.group,
            "width": facts.width,
            "height": facts.height,
            "bytes": len(each.picture.data),
            "format": facts.format,
            "import_id": self._row.id,
            "added_at": now(),
        }

    def _entry(self, name: str, outcome: str, reason: str | None, picture_id: int | None = None) -> dict[str, Any]:
        self.counts[outcome] += 1
        self._number += 1
        return {
            "import_id": self._row.id,
            "number": self._number,
            "name": entry_name(name),
            "outcome": outcome,
            "reason": reason,
            "picture_id": picture_id,
        }


_GIVEN = {"label_id", "split", "given_split", "group"}


def entry_name(name: str) -> str:
    """The name under which the report speaks of a file."""
    return kept_name(name)[:MOST_NAME_CHARS]


def _became(each: _Arriving, where: Place, names: Mapping[str, str]) -> tuple[str, str | None]:
    """Outcome and reason of a picture that could be used."""
    other_name = None if where.name == each.name else f"another picture is called that; this one is {where.name}"
    if where.is_new:
        return "added", other_name
    if where.known is None:
        return "existing", "the same file came before it under this name"
    if where.known.removed:
        return "added", "it had been removed, and is there again"
    said = "it is there already" + ("" if where.name == each.name else f" as {where.name}")
    has = None if where.known.label_id is None else names.get(where.known.label_id)
    if each.label is not None and each.label != has:
        kept = "without a label" if has is None else f"as {has}"
        said += f", {kept}, which stays; here it is {each.label}"
    return "existing", said
