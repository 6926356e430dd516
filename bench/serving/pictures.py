"""The request bodies that the tables are made with: real photographs where they are at hand, drawn ones elsewhere."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from PIL import Image, ImageOps
from tests.support import drawing

from fenlei.contract import encode_request

SHARED = Path(__file__).parents[3] / "shared" / "data"
SIZES = ((640, 427), (1280, 960))
PHOTOGRAPHS = 12


def request_sets() -> dict[str, list[bytes]]:
    """JSON bodies by the name of their set; `mixed` has both sizes, photographs as they are and files from the wild."""
    originals = _originals()
    sets = {f"JPEG {width}×{height}": [_resized(data, width, height) for data in originals] for width, height in SIZES}
    sets["mixed"] = [data for group in sets.values() for data in group[:8]] + originals + _wild()
    return {name: [encode_request(data) for data in pictures] for name, pictures in sets.items()}


def described() -> str:
    """Where the pictures come from."""
    return "photographs of ../shared/data" if _found() else "drawn pictures (no ../shared/data here)"


def _found() -> list[Path]:
    # Only training pictures: test/ is for accuracy, and is looked at by nothing else.
    return sorted((SHARED / "open" / "weather" / "train").glob("*/*.jpg"))


def _originals() -> list[bytes]:
    files = _found()
    if not files:
        return [drawing.jpeg(500 + 61 * n, 400 + 37 * n, seed=n, quality=90) for n in range(PHOTOGRAPHS)]
    readable = []
    for file in files[:: max(1, len(files) // (3 * PHOTOGRAPHS))]:
        with Image.open(file) as picture:
            if min(picture.size) >= 200 and max(picture.size) <= 3 * min(picture.size) and picture.format == "JPEG":
                readable.append(file.read_bytes())
    return readable[:PHOTOGRAPHS]


def _wild() -> list[bytes]:
    manifest = SHARED / "corpus" / "manifest.csv"
    if not manifest.is_file():
        return [drawing.png(500, 400, seed=n) for n in range(4)]
    with manifest.open(newline="", encoding="utf-8") as rows:
        names = [row["path"] for row in csv.DictReader(rows) if row["accepted_codes"] == "10000"]
    return [(manifest.parent / name).read_bytes() for name in names if name.startswith("wild/")]


def _resized(data: bytes, width: int, height: int) -> bytes:
    out = io.BytesIO()
    with Image.open(io.BytesIO(data)) as picture:
        ImageOps.fit(picture.convert("RGB"), (width, height)).save(out, "JPEG", quality=90)
    return out.getvalue()
