"""Pictures that lie somewhere on this machine, read into the workspace as a graph has them."""

from __future__ import annotations

from collections.abc import Sequence

from fenlei.contract.errors import FenleiError
from fenlei.datasets.found import FoundPictures
from fenlei.datasets.version_content import VersionContent, VersionEntry, content_of
from fenlei.imaging import decode_for_training, read_header
from fenlei.imaging.sniff import sniff
from fenlei.pipelines.context import NodeContext

_TOGETHER = 64
"""Pictures that are put among the blobs at a time."""

_TINY = 16


def bring(ctx: NodeContext, found: FoundPictures, labels: Sequence[str] | None = None) -> VersionContent:
    """Put pictures among the blobs. What cannot be read is left aside and named in the log.

    Args:
        ctx: of the node.
        found: where they are.
        labels: the order that classes shall have, as far as it names them; None: as they were found.

    Raises:
        Stopped: the run shall stop.
    """
    for skipped in found.skipped:
        ctx.log(f"left aside: {skipped.name}: {skipped.reason}")
    order = [each for each in labels or () if each in found.labels]
    order += [each for each in found.labels if each not in order]
    number = {label: place for place, label in enumerate(order)}
    entries: list[VersionEntry] = []
    for first in range(0, len(found.items), _TOGETHER):
        ctx.check()
        ctx.progress("reading pictures", first / len(found.items))
        read: list[tuple[VersionEntry, bytes]] = []
        for item in found.items[first : first + _TOGETHER]:
            try:
                data = item.read()
                width, height = _size(data)
            except FenleiError as exc:
                ctx.log(f"left aside: {item.name}: {exc}")
                continue
            part = None if item.part is None else item.part.value
            entry = VersionEntry(item.name, "", number[item.label], part, item.group, width, height, len(data))
            read.append((entry, data))
        digests = ctx.blobs.put_many([data for _, data in read])
        entries += [entry._replace(sha256=digest) for (entry, _), digest in zip(read, digests, strict=True)]
    return content_of(order, entries)


def _size(data: bytes) -> tuple[int, int]:
    """Width and height of the upright picture.

    Raises:
        FenleiError: it cannot be read.
    """
    if sniff(data) in ("JPEG", "PNG"):
        return read_header(data).upright_size
    height, width = decode_for_training(data, (_TINY, _TINY)).shape[:2]
    return width, height
