"""Features on disk, so that the same picture never runs through the same network twice.

One file per backbone and preprocessing, `embeddings/BACKBONE-SPEC.features`: a header, then records of one size, only
ever appended to. A record carries its own checksum, so it does not matter when a writer was killed: a record cut off
at the end is overwritten by the next writer, one that never reached the disk whole does not count. Writers of several
processes take turns through a lock on the file; readers need none.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fenlei.datasets.fingerprint import THUMBNAIL_SIDE, VIEW_SIDE, Fingerprint
from fenlei.inference.gpu import CPU
from fenlei.training.errors import TrainingError
from fenlei.training.locking import lock, open_to_lock, unlock

MAGIC = b"FENLEI-FEATURES4"
"""Ends in the version of the record. A file of another version is begun anew: its pictures run once more."""

_HEADER_BYTES = len(MAGIC) + 4 + 32 + 32


class Seen(NamedTuple):
    """What is remembered of one picture.

    Attributes:
        picture: SHA-256 of its file, 32 bytes.
        fingerprint: of its prepared input.
        features: (d,) float32.
    """

    picture: bytes
    fingerprint: Fingerprint
    features: NDArray[np.float32]


UNSEEN = Fingerprint(0, 0, np.zeros(THUMBNAIL_SIDE**2, np.uint8))
"""The fingerprint of what nobody compares."""


class FeatureCache:
    """The features of one backbone under one preprocessing. For one thread; any number of processes.

    Args:
        folder: where such files live; made if absent.
        backbone: SHA-256, hex, of the ONNX file.
        spec: `InputSpec.digest`.
        width: numbers per picture.

    Raises:
        TrainingError: the folder cannot be written.
    """

    def __init__(self, folder: Path, backbone: str, spec: str, width: int) -> None:
        self.path = folder / f"{backbone[:16]}-{spec[:16]}.features"
        self._header = MAGIC + width.to_bytes(4, "little") + bytes.fromhex(backbone) + bytes.fromhex(spec)
        self._record = np.dtype(
            [
                ("picture", "V32"),
                ("pixels", "<u8"),
                ("dhash", "<u8"),
                ("thumbnail", "u1", (THUMBNAIL_SIDE**2,)),
                ("view", "u1", (VIEW_SIDE**2,)),
                ("features", "<f4", (width,)),
                ("crc", "<u4"),
            ]
        )
        self._rows: dict[bytes, int] = {}
        self._map: NDArray[np.void] | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with self._locked() as file:
                self._whole_records(file)
        except OSError as exc:
            raise TrainingError(f"The cache {self.path} cannot be written: {exc.strerror or exc}.") from exc
        self.refresh()

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, picture: bytes) -> bool:
        return picture in self._rows

    def refresh(self) -> None:
        """See what other processes have added."""
        count = (self.path.stat().st_size - _HEADER_BYTES) // self._record.itemsize
        if count <= 0:
            self._map, self._rows = None, {}
            return
        self._map = np.memmap(self.path, self._record, "r", offset=_HEADER_BYTES, shape=(count,))
        self._rows = {picture.tobytes(): row for row, picture in enumerate(self._map["picture"])}

    def get(self, picture: bytes) -> Seen | None:
        """What is remembered of the picture with this SHA-256; None where nothing is, or it was damaged on disk."""
        row = self._rows.get(picture)
        if row is None or self._map is None:
            return None
        record = self._map[row]
        if int(record["crc"]) != _checksum(record):
            return None
        known = Fingerprint(
            int(record["pixels"]), int(record["dhash"]), np.array(record["thumbnail"]), np.array(record["view"])
        )
        return Seen(picture, known, np.array(record["features"]))

    def add(self, pictures: Sequence[Seen]) -> None:
        """Append records in one write. They are found after the next `refresh`.

        Raises:
            OSError: the disk is full or the file cannot be written any more.
        """
        records = np.zeros(len(pictures), self._record)
        for row, seen in enumerate(pictures):
            records[row] = (np.void(seen.picture), *seen.fingerprint, seen.features, 0)
            records[row]["crc"] = _checksum(records[row])
        with self._locked() as file:
            end = self._whole_records(file)
            file.seek(end)
            file.write(records.tobytes())
            file.flush()

    @contextmanager
    def _locked(self) -> Iterator[IO[bytes]]:
        with open_to_lock(self.path) as file:
            lock(file)
            try:
                yield file
            finally:
                unlock(file)

    def _whole_records(self, file: IO[bytes]) -> int:
        """Where the last whole record ends. Cuts off what a killed writer left; begins a file that is not ours anew."""
        file.seek(0)
        if file.read(_HEADER_BYTES) != self._header:
            file.truncate(0)
            file.seek(0)
            file.write(self._header)
            file.flush()
        size = file.seek(0, os.SEEK_END)
        end = size - (size - _HEADER_BYTES) % self._record.itemsize
        if end != size:
            file.truncate(end)
        return end


def forget_features(folder: Path, backbone: str) -> None:
    """Remove what is remembered of a backbone, by its SHA-256; who has it open keeps it.

    Args:
        folder: where such files live.
        backbone: SHA-256, hex, of the ONNX file.
    """
    for path in folder.glob(f"{backbone[:16]}-*.features"):
        with suppress(OSError):
            path.unlink()


def seen_by(spec: str, engine: str) -> str:
    """What stands for the preprocessing in the name of a file, and for the engine where that is not the usual one:
    engines differ in the last digits, and what is made again must come of what it was made of.

    Args:
        spec: SHA-256, hex, of how pictures are prepared.
        engine: its name.
    """
    return spec if engine == CPU else hashlib.sha256(f"{spec} {engine}".encode()).hexdigest()


def _checksum(record: np.void) -> int:
    return zlib.crc32(record.tobytes()[:-4])
