"""A memory in a folder: results of nodes as small JSON files, whole or not there, for as long as the folder is."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

import msgspec

from fenlei.pipelines.errors import PipelineError
from fenlei.pipelines.memory import Outputs
from fenlei.pipelines.reference import AnyReference

_SUFFIX = ".json"
_DECODER = msgspec.json.Decoder(dict[str, AnyReference])


class DiskMemory:
    """See `Memory`. Safe from many threads and processes; runs that share the folder share results.

    Args:
        folder: made where it is missing.
        has: whether what a digest names is still there.
    """

    def __init__(self, folder: Path, has: Callable[[str], bool]) -> None:
        self._folder, self._has = folder, has
        self._lock = Lock()
        self._ended: dict[tuple[str, str], Outputs] = {}

    def finished(self, node: str, key: str) -> Outputs | None:
        """See `Memory`; this process is the run."""
        with self._lock:
            return self._ended.get((node, key))

    def find(self, key: str) -> Outputs | None:
        """See `Memory`. What is found counts as used now; see `all`."""
        path = self._path(key)
        found = _read(path)
        if found is None or not all(self._has(each.digest) for each in found.values() if each.kept):
            return None
        with suppress(OSError):
            os.utime(path)
        return found

    def keep(self, node: str, key: str, outputs: Outputs, *, share: bool) -> None:
        """See `Memory`.

        Raises:
            PipelineError: the folder cannot be written.
        """
        if share:
            self._write(self._path(key), msgspec.json.encode(outputs, order="deterministic"))
        with self._lock:
            self._ended[node, key] = outputs

    def all(self) -> Iterator[tuple[str, datetime, list[AnyReference]]]:
        """Every result that is kept: its key, when it was last used, what it names."""
        for path in sorted(self._folder.glob(f"??/*{_SUFFIX}")):
            found = _read(path)
            with suppress(OSError):
                used = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                yield path.name.removesuffix(_SUFFIX), used, list((found or {}).values())

    def forget(self, keys: Iterable[str]) -> None:
        """Remove results; those that are gone already are no fault.

        Raises:
            PipelineError: one cannot be removed.
        """
        for key in keys:
            path = self._path(key)
            try:
                path.unlink(missing_ok=True)
            except OSError as exc:
                raise PipelineError(f"{path} cannot be removed: {exc.strerror or exc}.") from exc

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}{_SUFFIX}"

    def _write(self, path: Path, data: bytes) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            number, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
            try:
                with os.fdopen(number, "wb") as out:
                    out.write(data)
                Path(name).replace(path)
            except BaseException:
                with suppress(OSError):
                    Path(name).unlink()
                raise
        except OSError as exc:
            raise PipelineError(f"{path.parent} cannot be written: {exc.strerror or exc}.") from exc


def _read(path: Path) -> Outputs | None:
    try:
        return _DECODER.decode(path.read_bytes())
    except (OSError, msgspec.MsgspecError):
        return None
