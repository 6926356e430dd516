"""What was found, small enough to be shown before anything is imported."""

from __future__ import annotations

from collections import Counter
from typing import Any

from fenlei.datasets.found import Part
from fenlei.datasets.importers.found import Found
from fenlei.datasets.importers.names import cut

MOST_LABELS = 1000
MOST_NOTES = 50
_EXAMPLES = 3


def preview(found: Found, most: int = 20) -> dict[str, Any]:
    """A summary that JSON can carry.

    Args:
        found: what `look` found.
        most: so many names of pictures, and so many reasons for leaving files aside, are told.

    Returns:
        `format`; `pictures`, how many; `labels` in their order, with the pictures of each, in all and by part;
        `labels_left_off`, how many more there are; `unlabelled`; `parts`; `groups`, how many different ones; `first`
        pictures; `skipped`, with `files`, how many, and `reasons`, most frequent first; `notes`.
    """
    per_label = Counter((file.label, file.part) for file in found.files)
    in_all: Counter[str | None] = Counter()
    for (label, _), count in per_label.items():
        in_all[label] += count
    return {
        "format": found.format,
        "pictures": len(found.files),
        "labels": [
            {"name": label, "pictures": in_all[label], **_by_part(per_label, label)}
            for label in found.labels[:MOST_LABELS]
        ],
        "labels_left_off": max(0, len(found.labels) - MOST_LABELS),
        "unlabelled": in_all[None],
        "parts": _parts(found),
        "groups": len({file.group for file in found.files if file.group is not None}),
        "first": [
            {"name": file.name, "label": file.label, "part": file.part and file.part.value, "group": file.group}
            for file in found.files[:most]
        ],
        "skipped": _skipped(found, most),
        "notes": [cut(note) for note in found.notes[:MOST_NOTES]],
    }


def _by_part(per_label: Counter[tuple[str | None, Part | None]], label: str | None) -> dict[str, int]:
    return {**{part.value: per_label[label, part] for part in Part}, "none": per_label[label, None]}


def _parts(found: Found) -> dict[str, int]:
    counts = Counter(file.part for file in found.files)
    return {**{part.value: counts[part] for part in Part}, "none": counts[None]}


def _skipped(found: Found, most: int) -> dict[str, Any]:
    counts = Counter(each.reason for each in found.skipped)
    examples: dict[str, list[str]] = {}
    for each in found.skipped:
        told = examples.setdefault(each.reason, [])
        if len(told) < _EXAMPLES:
            told.append(each.name)
    reasons = [
        {"reason": cut(reason), "files": count, "examples": examples[reason]}
        for reason, count in counts.most_common(most)
    ]
    return {
        "files": len(found.skipped),
        "reasons": reasons,
        "reasons_left_off": max(0, len(counts) - most),
    }
