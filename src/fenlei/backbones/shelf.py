"""The shelf of exported networks in the cache folder: each an ONNX file with a record beside it."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from fenlei.backbones.errors import BackboneError
from fenlei.backbones.source import Network

FORMAT = 1
TUNED = "fine-tuned"
"""Of what kind the origin of a network is that was fine-tuned."""

HUB = "hub"
"""Of what kind the origin of a network is that was fetched from a hub."""

REFUSED = "refused"
"""Under which word a record says at which other size its network was tried in vain: the size and the sentence."""

WORTH_A_TRY = "worth a try"
"""Under which word a record says at which other size a network may be made from the same file."""

STALE = 3600.0
"""Seconds after which an unfinished file belongs to nobody."""


class Backbone(msgspec.Struct, frozen=True, kw_only=True):
    """A backbone that is ready to run.

    Attributes:
        id: what models made from it call it.
        title: what people read.
        licence: SPDX identifier of the weights, or a sentence when none is known.
        size: side of the square input in pixels.
        width: features per picture.
        digest: SHA-256, hex, of the ONNX file.
        network: the ONNX file.
    """

    id: str
    title: str
    licence: str
    size: int
    width: int
    digest: str
    network: Path


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What lies beside each network, as JSON."""

    format: int
    id: str
    title: str
    licence: str
    size: int
    width: int
    digest: str
    default: bool
    origin: dict[str, str]
    made_with: dict[str, str]


class Shelf:
    """One folder of exported networks. Several processes may use it at once: files appear whole, under their digest."""

    def __init__(self, cache: Path) -> None:
        self.folder = cache / "backbones"

    def find(self, identity: str, size: int | None, origin: dict[str, str] | None) -> Backbone | None:
        """A whole network with this identity.

        Args:
            identity: the source's id.
            size: side in pixels; None finds the one made when no size was asked for.
            origin: where it must come from; None takes any, for when the place itself is not there.
        """
        found = self._find(identity, size, origin)
        return None if found is None else found[0]

    def record(self, identity: str, size: int | None, origin: dict[str, str] | None) -> Record | None:
        """The record of that network; arguments as for `find`."""
        found = self._find(identity, size, origin)
        return None if found is None else found[1]

    def _find(self, identity: str, size: int | None, origin: dict[str, str] | None) -> tuple[Backbone, Record] | None:
        for path, record in self._records(f"{_slug(identity)}-*.json"):
            if record.id != identity or (origin is not None and record.origin != origin):
                continue
            if record.size == size or (size is None and record.default):
                found = _whole(path, record)
                if found is not None:
                    return found, record
        return None

    def all(self) -> list[Backbone]:
        """Everything on the shelf, newest first, as the records say; the digests are not verified."""
        return [_backbone(record, path.with_suffix(".onnx")) for path, record in self._records("*.json")]

    def by_digest(self, digest: str) -> Backbone | None:
        """The whole network with this digest."""
        for path, record in self._records(f"*-{digest[:12]}.json"):
            if record.digest == digest:
                found = _whole(path, record)
                if found is not None:
                    return found
        return None

    def tuned(self) -> Iterator[tuple[str, Backbone]]:
        """Networks that came of fine-tuning, each with the key of its training; the digests are not verified."""
        for path, record in self._records("*.json"):
            if record.origin.get("kind") == TUNED:
                yield record.origin.get("training", ""), _backbone(record, path.with_suffix(".onnx"))

    def fetched(self) -> Iterator[Record]:
        """The records of networks that came from a hub, newest first; the digests are not verified."""
        for _, record in self._records("*.json"):
            if record.origin.get("kind") == HUB:
                yield record

    def note(self, network: Backbone, said: dict[str, str]) -> None:
        """Add something to what the record of a network says of its making.

        Raises:
            BackboneError: the folder cannot be written.
        """
        path = network.network.with_suffix(".json")
        record = _read(path)
        if record is not None:
            self._write_record(path, msgspec.structs.replace(record, made_with={**record.made_with, **said}))

    def remove(self, network: Backbone) -> None:
        """Take a network off, its record first. Whoever has it open keeps it; where that forbids it, it stays."""
        for path in (network.network.with_suffix(".json"), network.network):
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def _records(self, pattern: str) -> Iterator[tuple[Path, Record]]:
        """Records newest first: after a hub's main branch moved on, the later export is the one to use."""
        dated = []
        for path in self.folder.glob(pattern):
            with suppress(OSError):
                dated.append((-path.stat().st_mtime_ns, path))
        for _, path in sorted(dated):
            record = _read(path)
            if record is not None:
                yield path, record

    def put(self, identity: str, title: str, network: Network, origin: dict[str, str], *, default: bool) -> Backbone:
        """Write a network and its record, each atomically, the record last.

        Raises:
            BackboneError: the folder cannot be written.
        """
        digest = hashlib.sha256(network.content).hexdigest()
        path = self.folder / f"{_slug(identity)}-{network.size}-{digest[:12]}.onnx"
        before = _read(path.with_suffix(".json"))
        if before is not None and (before.id, before.digest, before.origin) == (identity, digest, origin):
            default = default or before.default  # asked for by its own size, it stays what it is
        record = Record(
            format=FORMAT,
            id=identity,
            title=title,
            licence=network.licence,
            size=network.size,
            width=network.width,
            digest=digest,
            default=default,
            origin=origin,
            made_with=network.made_with,
        )
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._sweep()
            _write(path, network.content)
        except OSError as exc:
            raise self._unwritable(exc) from exc
        self._write_record(path.with_suffix(".json"), record)
        return _backbone(record, path)

    def _write_record(self, path: Path, record: Record) -> None:
        try:
            _write(path, msgspec.json.format(msgspec.json.encode(record), indent=2))
        except OSError as exc:
            raise self._unwritable(exc) from exc

    def _unwritable(self, exc: OSError) -> BackboneError:
        return BackboneError(f"The network cannot be written to {self.folder}: {exc.strerror or exc}.")

    def _sweep(self) -> None:
        """Remove what a process that was killed while writing left behind."""
        for path in self.folder.glob(".*.part"):
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > STALE:
                    path.unlink()


def _whole(path: Path, record: Record) -> Backbone | None:
    """The network of a record if its file is what it was; else both are removed, to be made again."""
    backbone = _backbone(record, path.with_suffix(".onnx"))
    if _digest(backbone.network) == record.digest:
        return backbone
    for damaged in (path, backbone.network):
        with suppress(OSError):
            damaged.unlink()
    return None


def _backbone(record: Record, network: Path) -> Backbone:
    return Backbone(
        id=record.id,
        title=record.title,
        licence=record.licence,
        size=record.size,
        width=record.width,
        digest=record.digest,
        network=network,
    )


def _read(path: Path) -> Record | None:
    try:
        record = msgspec.json.decode(path.read_bytes(), type=Record)
    except (OSError, msgspec.DecodeError):
        return None
    return record if record.format == FORMAT else None


def _digest(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _write(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _slug(identity: str) -> str:
    """A file name of letters every file system takes."""
    return re.sub(r"[^A-Za-z0-9._]+", "-", identity).strip("-.")
