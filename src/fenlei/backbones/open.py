"""From the name of a backbone to a network that is ready to run, exported once and kept."""

from __future__ import annotations

import threading
from pathlib import Path

from fenlei.backbones.catalogue import CATALOGUE
from fenlei.backbones.errors import BackboneError
from fenlei.backbones.package import PackageSource
from fenlei.backbones.shelf import Backbone, Shelf
from fenlei.backbones.source import BackboneSource, Report

_EXPORT = threading.Lock()
"""torch's exporter keeps global state: one export at a time in a process."""


def open_backbone(
    name: str,
    *,
    size: int | None = None,
    cache: Path,
    allow_network: bool = True,
    report: Report | None = None,
) -> Backbone:
    """Have a backbone ready in the cache folder.

    The first call exports it, which takes a second or more and needs the `train` extra. Later calls read a small
    record, verify the digest, and import neither torch nor onnx. A damaged file is noticed and made again.

    Args:
        name: an id of the catalogue.
        size: side of the square input in pixels; None takes the backbone's own.
        cache: the workspace's cache folder.
        allow_network: whether another machine may be asked.
        report: told what is going on.

    Raises:
        BackboneError: it cannot be had; the sentence says why and what to do.
    """
    source = source_for(name)
    wanted = size if size is not None else source.default_size()
    if wanted is not None:
        source.check_size(wanted)
    shelf = Shelf(cache)
    origin = source.origin()
    found = shelf.find(source.id, wanted, origin)
    if found is not None:
        return found
    if source.online and not allow_network:
        raise BackboneError(f"{name} is not in the cache, and fetching it was not allowed.")
    with _EXPORT:
        found = shelf.find(source.id, wanted, origin)  # another thread may have made it meanwhile
        if found is not None:
            return found
        network = source.make(wanted, report or _silent)
        return shelf.put(source.id, source.title, network, origin or {}, default=size is None)


def source_for(name: str) -> BackboneSource:
    """The place a name points to.

    Raises:
        BackboneError: the name is none of the kinds that are known.
    """
    if name in CATALOGUE:
        return PackageSource(CATALOGUE[name])
    raise BackboneError(f"There is no backbone `{name}`. The catalogue has {', '.join(CATALOGUE)}.")


def _silent(what: str, done: int, total: int) -> None:
    return None
