"""Let go of what graphs left behind and nobody has used for long: results, and what only they name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from fenlei.contract.errors import FenleiError
from fenlei.datasets.version_content import read_manifest
from fenlei.pipelines.disk_memory import DiskMemory
from fenlei.pipelines.reference import AnyReference, Features, Images, Report, Split
from fenlei.store import Blobs

_DIGEST = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


class Pruned(NamedTuple):
    """What goes, or went.

    Attributes:
        results: of nodes.
        files: blobs that no other result names.
        bytes: of those files.
    """

    results: int
    files: int
    bytes: int


def prune(memory: DiskMemory, blobs: Blobs, before: datetime, *, remove: bool) -> Pruned:
    """Find results that nobody has used since then, and blobs as old that no other result names; with `remove` they go,
    the results first, so that none is left that names what is gone. No run may be at work here.

    Args:
        memory: of results.
        blobs: what they name; of graphs alone.
        before: what was used since then stays.
        remove: whether it goes.

    Raises:
        FenleiError: a file cannot be removed.
    """
    old: list[str] = []
    named: set[str] = set()
    for key, used, outputs in memory.all():
        if used < before or any(each.kept and not blobs.has(each.digest) for each in outputs):
            old.append(key)
        else:
            named |= set(_named(outputs, blobs))
    going = {each.sha256: each.bytes for each in blobs.all() if each.sha256 not in named and each.written_at < before}
    told = Pruned(len(old), len(going), sum(going.values()))
    if remove:
        memory.forget(old)
        blobs.remove(list(going), before)
        blobs.sweep(min(before, datetime.now(UTC)))
    return told


def _named(outputs: Iterable[AnyReference], blobs: Blobs) -> Iterator[str]:
    """Digests of all blobs that references lead to."""
    for each in outputs:
        inside = each.split if isinstance(each, Features) else each
        if inside.kept:
            yield inside.digest
        try:
            if isinstance(inside, Images | Split):
                yield from (entry.sha256 for entry in read_manifest(blobs.get(inside.digest)).entries)
            elif isinstance(inside, Report):
                # A report names files among its figures, such as the maps of an explanation.
                yield from (found.decode() for found in _DIGEST.findall(blobs.get(inside.digest)))
        except FenleiError:
            continue  # gone or damaged: it leads to nothing any more
