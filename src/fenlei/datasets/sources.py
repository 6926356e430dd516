"""What an import reads: files that were sent, or a path on this machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fenlei.datasets.folder import scan
from fenlei.datasets.found import DatasetError, Part, Skipped
from fenlei.store.tables import Import, Upload

FORMATS = ["class-folders"]


@dataclass(frozen=True)
class FoundFile:
    name: str
    label: str | None
    part: Part | None
    group: str | None
    read: Callable[[], bytes]


@dataclass
class Found(AbstractContextManager["Found"]):
    format: str
    labels: list[str]
    files: list[FoundFile]
    skipped: list[Skipped]
    notes: list[str]
    close: Callable[[], None] = field(default=lambda: None)

    def __exit__(self, *args: object) -> None:
        self.close()


def preview(found: Found, most: int = 20) -> dict[str, Any]:
    return {"format": found.format, "labels": dict(Counter(each.label for each in found.files)), "notes": found.notes}


def open_source(folder: Path, row: Import, uploads: Sequence[Upload]) -> Found:
    """Open what an import reads."""
    if row.source["kind"] == "path":
        path = Path(row.source["path"])
    elif len(uploads) == 1:
        path = folder / row.id / uploads[0].id
        if not path.is_file():
            raise DatasetError("The files that were sent are gone.")
    else:
        raise DatasetError("…")
    scanned = scan(path, to_learn=False)
    files = [FoundFile(item.name, item.label, item.part, None, item.read) for item in scanned.items]
    return Found("class-folders", scanned.labels, files, scanned.skipped, [], scanned.close)
