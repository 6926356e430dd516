"""Write and read `NAME.fenlei`: a zip that common tools open, the same bytes for the same model, whole or not there."""

from __future__ import annotations

import errno
import hashlib
import io
import math
import os
import tempfile
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from fenlei.modelfile.decision import check_decision
from fenlei.modelfile.errors import DamagedModelFile, NewerModelFile, NotAModelFile
from fenlei.modelfile.head import Head
from fenlei.modelfile.head_file import (
    TEMPERATURE,
    VECTOR,
    from_safetensors,
    least_format,
    refs,
    to_safetensors,
)
from fenlei.modelfile.manifest import FORMAT, MOST_TOLERANCE, Calibration, Manifest
from fenlei.modelfile.unknown import Unknown
from fenlei.modelfile.unknown_file import UNKNOWN, unknown_from_safetensors, unknown_ref, unknown_to_safetensors

MANIFEST = "manifest.json"
NETWORK = "backbone.onnx"
HEAD = "head.safetensors"
REPORT = "report/"
PARITY = "parity/"
PARITY_SCORES = "parity/scores.json"

MAX_MEMBER_BYTES = 4 * 1024**3
"""A backbone of a billion parameters fits; a zip bomb's promise does not."""

_EPOCH = (1980, 1, 1, 0, 0, 0)

_ROOM = 400
"""Bytes that a zip needs beside a member's own, and more."""


@dataclass(frozen=True)
class ParityPicture:
    """A picture with the scores this model must give it.

    Attributes:
        data: a JPEG or PNG file within the contract's limits.
        scores: (classes,) in label order, as computed when the model was made.
    """

    data: bytes
    scores: NDArray[np.float64]


@dataclass(frozen=True)
class ModelFile:
    """A model as it travels.

    Attributes:
        manifest: labels, preprocessing and the rest.
        head: the learned layer.
        network: the backbone's ONNX file; None where it is referenced by digest.
        report: files of the evaluation report by name below `report/`.
        parity: pictures that every load runs through the model.
        unknown: the rule for pictures of nothing known, if there is one.
    """

    manifest: Manifest
    head: Head
    network: bytes | None
    report: dict[str, bytes] = field(default_factory=dict)
    parity: list[ParityPicture] = field(default_factory=list)
    unknown: Unknown | None = None


class _ParityRow(msgspec.Struct):
    file: str
    scores: list[float]


class Sealed(bytes):
    """Bytes that were hashed before; whoever packs them need not hash them again.

    Attributes:
        sha256: of them, hex.
    """

    sha256: str

    @classmethod
    def of(cls, path: Path) -> Self:
        """What a file holds.

        Raises:
            OSError: it cannot be read.
        """
        made = cls(path.read_bytes())
        made.sha256 = hashlib.sha256(made).hexdigest()
        return made


def pack(model: ModelFile) -> bytes:
    """The bytes of the model file. Equal models give equal bytes: no clock, no path, fixed order."""
    members = _members(model)
    manifest = msgspec.structs.replace(
        model.manifest,
        format=least_format(model.head),
        input_digest=model.manifest.input.digest,
        backbone=msgspec.structs.replace(model.manifest.backbone, embedded=model.network is not None),
        head=refs(model.head),
        calibration=_calibration(model),
        unknown=None if model.unknown is None else unknown_ref(model.unknown),
        files={name: _sha256(data) for name, data in members.items()},
    )
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    out = io.BytesIO()
    # Memory for all of it at once: growing into the network's place takes several times as long as copying it.
    out.seek(len(text) + sum(map(len, members.values())) + _ROOM * (1 + len(members)))
    out.write(b"\0")
    out.seek(0)
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in {MANIFEST: text, **members}.items():
            info = zipfile.ZipInfo(name, _EPOCH)
            info.external_attr = 0o644 << 16
            # Arrays and pictures do not shrink, and a stored network can be mapped in place.
            readable = name.endswith((".json", ".html", ".csv"))
            info.compress_type = zipfile.ZIP_DEFLATED if readable else zipfile.ZIP_STORED
            archive.writestr(info, data)
    out.truncate()
    return out.getvalue()


def write(path: Path, model: ModelFile) -> str:
    """Write the model file so that `path` holds the old file, the new one whole, or none.

    Where `path` is a link, the link stays and the file it leads to is replaced.

    Returns:
        SHA-256 of the file, hex.

    Raises:
        OSError: the folder is absent, full or not writable, or something other than a file has the name. Nothing is
            left behind.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        # Renaming over it would take a folder's or a device's place: as root, /dev/null's.
        raise OSError(errno.EEXIST, "it is there already and is no file", str(path))
    data = pack(model)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:  # KeyboardInterrupt too: half a file must not stay
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)
    return hashlib.sha256(data).hexdigest()


def read(path: Path) -> ModelFile:
    """Read a model file and hold every part against its digest.

    Raises:
        NotAModelFile: there is no such file, or it is something else.
        NewerModelFile: it needs a newer Fenlei.
        DamagedModelFile: a part is missing, was changed, or does not fit.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _read(archive, path)
    except FileNotFoundError as exc:
        raise NotAModelFile(f"{path}: there is no such file. `fenlei train DIR` makes one.") from exc
    except IsADirectoryError as exc:
        raise NotAModelFile(f"{path} is a folder; a model file (NAME.fenlei) is needed.") from exc
    except PermissionError as exc:
        raise NotAModelFile(f"{path} may not be read by this user.") from exc
    except zipfile.BadZipFile as exc:
        # A zip that lost its tail reads as no zip at all; its head still says what it was.
        if _starts_like_zip(path):
            raise DamagedModelFile(f"{path} is cut short or damaged: {exc}.") from exc
        raise NotAModelFile(f"{path} is no model file: a NAME.fenlei made by `fenlei train` is needed.") from exc
    except (EOFError, OSError, NotImplementedError, RuntimeError, zipfile.LargeZipFile) as exc:
        raise DamagedModelFile(f"{path} cannot be read: {exc}.") from exc


def _calibration(model: ModelFile) -> Calibration:
    said = msgspec.structs.replace(model.manifest.calibration, temperature=float(model.head.temperature))
    if model.head.scale is not None:
        return msgspec.structs.replace(said, method=VECTOR)
    return msgspec.structs.replace(said, method=TEMPERATURE) if said.method == VECTOR else said


def _sha256(data: bytes) -> str:
    return data.sha256 if isinstance(data, Sealed) else hashlib.sha256(data).hexdigest()


def _members(model: ModelFile) -> dict[str, bytes]:
    members = {HEAD: to_safetensors(model.head)}
    if model.network is not None:
        members[NETWORK] = model.network
    if model.unknown is not None and (arrays := unknown_to_safetensors(model.unknown)) is not None:
        members[UNKNOWN] = arrays
    for name, data in sorted(model.report.items()):
        members[REPORT + name] = data
    rows = []
    for number, picture in enumerate(model.parity):
        name = f"{number:02d}.png" if picture.data.startswith(b"\x89PNG") else f"{number:02d}.jpg"
        members[PARITY + name] = picture.data
        rows.append(_ParityRow(name, [float(score) for score in picture.scores]))
    members[PARITY_SCORES] = msgspec.json.encode(rows)
    return members


def _read(archive: zipfile.ZipFile, path: Path) -> ModelFile:
    names = archive.namelist()
    if MANIFEST not in names:
        raise NotAModelFile(f"{path} is a zip without {MANIFEST}; a NAME.fenlei made by `fenlei train` is needed.")
    manifest = _manifest(_member(archive, MANIFEST, path), path)
    if len(set(names)) != len(names) or set(names) != {MANIFEST, *manifest.files}:
        odd = sorted(set(names) ^ {MANIFEST, *manifest.files}) or ["a name that stands twice"]
        raise DamagedModelFile(f"{path}: its members are not those of its manifest ({', '.join(odd[:5])}).")
    parts = {name: _member(archive, name, path) for name in manifest.files}
    for name, data in parts.items():
        if hashlib.sha256(data).hexdigest() != manifest.files[name]:
            raise DamagedModelFile(f"{path}: {name} was changed after the model was made (its digest differs).")
    for name in (HEAD, PARITY_SCORES, *([NETWORK] if manifest.backbone.embedded else [])):
        if name not in parts:
            raise DamagedModelFile(f"{path}: {name} is missing.")
    network = parts.get(NETWORK)
    if network is not None and manifest.files[NETWORK] != manifest.backbone.digest:
        raise DamagedModelFile(f"{path}: {NETWORK} is not the backbone that its manifest names.")
    head = from_safetensors(
        parts[HEAD],
        width=manifest.backbone.width,
        classes=len(manifest.labels),
        voters=manifest.head,
        calibration=manifest.calibration,
    )
    unknown = None
    if manifest.unknown is not None:
        unknown = unknown_from_safetensors(parts.get(UNKNOWN), manifest.unknown, manifest.backbone.width)
    if not 0 < manifest.allowed <= MOST_TOLERANCE:
        raise DamagedModelFile(
            f"{path}: its parity pictures may be {manifest.allowed} off; more than 0 and at most {MOST_TOLERANCE} can "
            "be allowed."
        )
    if manifest.decision is not None:
        check_decision(manifest.decision, len(manifest.labels))
    report = {name.removeprefix(REPORT): data for name, data in parts.items() if name.startswith(REPORT)}
    return ModelFile(manifest, head, network, report, _parity(parts, len(manifest.labels), path), unknown)


def _manifest(data: bytes, path: Path) -> Manifest:
    try:
        version = msgspec.json.decode(data, type=dict[str, msgspec.Raw]).get("format")
        number = msgspec.json.decode(version, type=int) if version is not None else None
    except (msgspec.DecodeError, msgspec.ValidationError) as exc:
        raise DamagedModelFile(f"{path}: {MANIFEST} cannot be read: {exc}.") from exc
    if number is None:
        raise NotAModelFile(f"{path}: {MANIFEST} names no format; a NAME.fenlei made by `fenlei train` is needed.")
    if number < 1:
        raise DamagedModelFile(f"{path}: {MANIFEST} names format {number}; formats are counted from 1.")
    if number > FORMAT:
        raise NewerModelFile(
            f"{path} has format {number}; this Fenlei reads formats up to {FORMAT}. Install a newer Fenlei to use it."
        )
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, msgspec.ValidationError) as exc:
        raise DamagedModelFile(f"{path}: {MANIFEST} cannot be read: {exc}.") from exc
    if len(manifest.labels) < 2 or len(set(manifest.labels)) != len(manifest.labels):
        raise DamagedModelFile(f"{path}: at least two different labels are needed, found {manifest.labels!r}.")
    if manifest.input_digest != manifest.input.digest:
        raise DamagedModelFile(f"{path}: the preprocessing was changed after the model was made (its hash differs).")
    return manifest


def _member(archive: zipfile.ZipFile, name: str, path: Path) -> bytes:
    info = archive.getinfo(name)
    if info.file_size > MAX_MEMBER_BYTES:
        raise DamagedModelFile(f"{path}: {name} claims {info.file_size} bytes; at most {MAX_MEMBER_BYTES} are allowed.")
    try:
        return archive.read(info)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError) as exc:
        raise DamagedModelFile(f"{path}: {name} cannot be read: {exc}.") from exc


def _parity(parts: dict[str, bytes], classes: int, path: Path) -> list[ParityPicture]:
    try:
        rows = msgspec.json.decode(parts[PARITY_SCORES], type=list[_ParityRow])
    except (msgspec.DecodeError, msgspec.ValidationError) as exc:
        raise DamagedModelFile(f"{path}: {PARITY_SCORES} cannot be read: {exc}.") from exc
    pictures = []
    for row in rows:
        data = parts.get(PARITY + row.file)
        if data is None or len(row.scores) != classes or not all(map(math.isfinite, row.scores)):
            raise DamagedModelFile(f"{path}: parity picture {row.file} is missing or has not one score per label.")
        pictures.append(ParityPicture(data, np.asarray(row.scores, dtype=np.float64)))
    return pictures


def _starts_like_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable, where the system lets a folder be synced."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
