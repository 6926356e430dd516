"""What backbones are here: ready in the cache, installed, or missing with what to do about it."""

from __future__ import annotations

from collections.abc import Container, Sequence
from enum import StrEnum
from pathlib import Path

import msgspec

from fenlei.backbones import efficientnet
from fenlei.backbones.catalogue import CATALOGUE, BackboneInfo
from fenlei.backbones.needs import version
from fenlei.backbones.shelf import REFUSED, Backbone, Record, Shelf


class Condition(StrEnum):
    """How near a backbone is to being used."""

    READY = "ready"
    INSTALLED = "installed"
    MISSING = "missing"


class State(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one backbone of the catalogue on this machine.

    Attributes:
        condition: ready, installed or missing.
        sizes: sides in pixels that are exported already.
        said: the same in words.
        remedy: what to do when it is missing; empty otherwise.
    """

    condition: Condition
    sizes: tuple[int, ...]
    said: str
    remedy: str = ""

    @property
    def usable(self) -> bool:
        """Whether `open_backbone` would succeed without installing anything."""
        return self.condition is not Condition.MISSING


def available(cache: Path) -> list[tuple[BackboneInfo, State]]:
    """Every backbone of the catalogue with its state here. Reads records only: no torch, no network."""
    exported = Shelf(cache).all()
    needed = {name for info in CATALOGUE.values() for name in _needed(info)}
    absent = {name for name in needed if version(name) is None}  # each is looked for once: that takes a while
    return [(info, _state(info, exported, absent)) for info in CATALOGUE.values()]


def kept(cache: Path) -> list[Backbone]:
    """Every exported network in the cache, those of files and hubs included, newest first. Digests are not verified."""
    return Shelf(cache).all()


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """At which sizes a backbone of a hub is kept, in pixels.

    Attributes:
        own: that it was published for; None where it was fetched at others only.
        others: all others, ascending.
        refused: a size that was tried and that it does not take.
        why: the sentence that says so.
    """

    own: int | None
    others: tuple[int, ...]
    refused: int | None = None
    why: str = ""

    @property
    def all(self) -> tuple[int, ...]:
        """Its own first."""
        return self.others if self.own is None else (self.own, *self.others)


def fetched(cache: Path) -> dict[str, Sizes]:
    """The sizes at which backbones of a hub are kept, by the name that opens them. No network."""
    records: dict[str, list[Record]] = {}
    for record in Shelf(cache).fetched():
        records.setdefault(record.id, []).append(record)
    return {name: _sizes(records[name]) for name in sorted(records)}


def _sizes(records: list[Record]) -> Sizes:
    """Of one backbone, newest first."""
    own = next((record for record in records if record.default), None)
    others = {record.size for record in records if own is None or record.size != own.size}
    size, _, why = ("" if own is None else own.made_with.get(REFUSED, "")).partition(" ")
    if own is None or not size.isdecimal() or int(size) in others:
        return Sizes(own=None if own is None else own.size, others=tuple(sorted(others)))
    return Sizes(own=own.size, others=tuple(sorted(others)), refused=int(size), why=why)


def by_digest(digest: str, cache: Path) -> Backbone | None:
    """The exported network with this SHA-256, verified; None when it is not in the cache."""
    return Shelf(cache).by_digest(digest)


def _needed(info: BackboneInfo) -> tuple[str, ...]:
    """What must be installed to export it."""
    return info.weights.distribution, efficientnet.DISTRIBUTION, "torch", "onnx"


def _state(info: BackboneInfo, exported: Sequence[Backbone], absent: Container[str]) -> State:
    sizes = tuple(sorted({backbone.size for backbone in exported if backbone.id == info.id}))
    lacking = [name for name in _needed(info) if name in absent]
    if sizes:
        at = ", ".join(map(str, sizes))
        more = "" if lacking else "; other sizes are exported when first used"
        return State(condition=Condition.READY, sizes=sizes, said=f"ready at {at} pixels{more}")
    if not lacking:
        return State(condition=Condition.INSTALLED, sizes=(), said="installed; exported when first used")
    return State(
        condition=Condition.MISSING,
        sizes=(),
        said=f"missing: {', '.join(lacking)}",
        remedy="pip install 'fenlei[train]'",
    )
