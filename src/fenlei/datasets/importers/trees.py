"""Read a tree of folders whose names are classes."""

from __future__ import annotations

from fenlei.datasets.found import Part, Skipped
from fenlei.datasets.importers.found import Found, FoundFile
from fenlei.datasets.importers.pile import Pile
from fenlei.datasets.layout import Layout, children, why_no_picture
from fenlei.datasets.listing import Entry

UNLABELLED = "_unlabelled"
"""The folder in which a download of Fenlei puts pictures without a class."""


def read_tree(pile: Pile, layout: Layout, format: str) -> Found:  # noqa: A002
    """Every picture below a class folder; and those of parts that have no class folders, without a class."""
    listing = pile.listing
    labels = [label for label in layout.labels(listing, to_learn=False) if label != UNLABELLED]
    found = Found(format, labels, [], list(listing.skipped), list(listing.notes), listing.close)
    flat = {top for top in layout.parts if not children(listing, (*layout.inside, top))}
    for entry in listing.entries:
        place = _place(entry, layout, flat)
        reason = place if isinstance(place, str) else why_no_picture(entry)
        if isinstance(place, str) or reason is not None:
            found.skipped.append(Skipped(entry.name, str(reason)))
        else:
            label, part = place
            found.files.append(FoundFile(entry.name, None if label == UNLABELLED else label, part, None, entry.read))
    found.labels = sorted({*found.labels} | {file.label for file in found.files if file.label is not None})
    return found


def _place(entry: Entry, layout: Layout, flat: set[str]) -> tuple[str | None, Part | None] | str:
    path, depth = entry.path, len(layout.inside)
    if flat and len(path) == depth + 2 and path[:depth] == layout.inside and path[depth] in flat:
        return None, layout.parts[path[depth]]
    return layout.place(entry)
