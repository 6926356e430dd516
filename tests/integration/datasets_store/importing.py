"""Data sets filled through the front door, and what is in them afterwards."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fenlei.datasets.carry_out import carry_out
from fenlei.datasets.create import create_dataset
from fenlei.datasets.imports import begin_import
from fenlei.datasets.uploads import begin_upload, receive
from fenlei.store import Store
from fenlei.store.tables import Import, Upload
from tests.support.drawing import png


def lay(root: Path, files: Mapping[str, bytes]) -> Path:
    """Write files below a folder."""
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def drawn(*names: str, side: int = 40) -> dict[str, bytes]:
    """A picture for each name, all different."""
    return {name: png(side, side, seed=number) for number, name in enumerate(names)}


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip of them."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def begun(store: Store, path: Path, dataset_id: str | None = None, **options: Any) -> Import:
    """An import by path, into a new data set where none is given."""
    into = dataset_id or create_dataset(store, str(path)[-200:]).id
    return begin_import(store, into, {"kind": "path", "path": str(path)}, options)


def imported(store: Store, path: Path, dataset_id: str | None = None, **options: Any) -> tuple[str, dict[str, Any]]:
    """Import a path; gives the data set and what carrying out answered."""
    row = begun(store, path, dataset_id, **options)
    return row.dataset_id, carry_out(store, path.parent / "uploads", row.id)


def sent(store: Store, folder: Path, import_id: str, name: str, data: bytes) -> Upload:
    """Send a file in one piece."""
    upload = begin_upload(store, folder, import_id, name, len(data))
    return receive(store, folder, upload.id, 0, [data])


def entries(store: Store, import_id: str) -> dict[str, tuple[str, str | None]]:
    """What became of each file."""
    with store.reading() as work:
        return {each.name: (each.outcome, each.reason) for each in work.imports.entries(import_id, None, 10_000)[0]}


def contents(store: Store, dataset_id: str) -> dict[str, tuple[Any, ...]]:
    """All that is kept of the pictures, by name; every blob is asked for."""
    with store.reading() as work:
        seen = work.versions.snapshot(dataset_id)
        known = work.pictures.named(dataset_id, [row[0] for row in seen.pictures])
    names = dict(seen.labels)
    assert len(known) == len(seen.pictures)
    for row in seen.pictures:
        assert len(store.blobs.get(row[1])) == row[7], f"the blob of {row[0]}"
    return {row[0]: (row[1], None if row[2] is None else names[row[2]], *row[3:]) for row in seen.pictures}


def label_names(store: Store, dataset_id: str) -> list[str]:
    """Labels in declared order."""
    with store.reading() as work:
        return [name for _, name in work.versions.snapshot(dataset_id).labels]
