"""Pictures as nodes work with them: the manifest behind a reference, and a reference to a new manifest."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from fenlei.datasets.disjoint_sets import DisjointSets
from fenlei.datasets.version_content import VersionContent, VersionEntry, content_of, read_manifest, write_manifest
from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.errors import PipelineError
from fenlei.pipelines.reference import Images, Split


def content(ctx: NodeContext, reference: Images | Split) -> VersionContent:
    """What is behind a reference.

    Raises:
        FenleiError: it is not there any more, or damaged.
    """
    return read_manifest(ctx.blobs.get(reference.digest))


def images_of(ctx: NodeContext, found: VersionContent) -> Images:
    """Keep pictures, and refer to them.

    Raises:
        PipelineError: there are none; it says so rather than let whatever follows find out.
    """
    if not found.entries:
        raise PipelineError("No picture is left.")
    labels, unlabelled = _counted(found)
    digest = ctx.blobs.put(write_manifest(found))
    return Images(digest=digest, pictures=len(found.entries), labels=labels, unlabelled=unlabelled)


def split_of(ctx: NodeContext, found: VersionContent) -> Split:
    """Keep pictures of which each is in a part, and refer to them."""
    parts = Counter(str(entry.split) for entry in found.entries)
    digest = ctx.blobs.put(write_manifest(found))
    return Split(digest=digest, labels=_counted(found)[0], parts=dict(sorted(parts.items())))


def only(found: VersionContent, keeps: Callable[[VersionEntry], bool]) -> VersionContent:
    """Those that are kept, and of the labels those that are left, in their order."""
    entries = [entry for entry in found.entries if keeps(entry)]
    left = sorted({entry.label for entry in entries if entry.label is not None})
    number = {old: new for new, old in enumerate(left)}
    renumbered = [
        entry if entry.label is None else entry._replace(label=number[entry.label]) for entry in entries
    ]  # fmt: skip
    return content_of([found.labels[label] for label in left], renumbered)


def drawn(found: VersionContent, seed: int) -> list[VersionEntry]:
    """The pictures in an order that chance decides: of each picture by its own digest, so that adding some moves no
    others; equal for equal seeds."""
    return sorted(
        found.entries, key=lambda entry: hashlib.sha256(f"{seed} {entry.sha256} {entry.name}".encode()).digest()
    )


def together(entries: Sequence[VersionEntry]) -> list[int]:
    """(n) numbers of pictures that stay on one side: those with the same bytes, and those of one group."""
    sets = DisjointSets(len(entries))
    first: dict[tuple[str, str], int] = {}
    for row, entry in enumerate(entries):
        sets.join(row, first.setdefault(("bytes", entry.sha256), row))
        if entry.group:
            sets.join(row, first.setdefault(("group", entry.group), row))
    return list(np.asarray(sets.numbers()).tolist())


def _counted(found: VersionContent) -> tuple[dict[str, int], int]:
    counts = Counter(entry.label for entry in found.entries)
    return {label: counts[number] for number, label in enumerate(found.labels)}, counts[None]
