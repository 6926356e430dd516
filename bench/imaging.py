"""What one decode and resize costs, and how far a scaled decode is from a full one.

    python -m bench.imaging                          drawn pictures
    python -m bench.imaging FOLDER…                  every JPEG below these folders
    python -m bench.imaging FOLDER… --cache CACHE    also the difference of EfficientNet-Lite0 features

Prints two tables in Markdown: CPU milliseconds per picture by size and way (one thread), and differences at the
network's input against a full decode with the same resize.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image
from tests.support.drawing import jpeg

from fenlei.backbones import open_backbone
from fenlei.contract.errors import FenleiError
from fenlei.imaging import InputSpec, decode, prepare, read_header, to_input
from fenlei.imaging.decode import upright
from fenlei.inference import Engine, open_engine

Pixels = NDArray[np.uint8]
Way = Callable[[bytes, int], Pixels]
SIZES = [(320, 240), (640, 427), (1280, 960), (1800, 1200), (4096, 3072)]
Resampling = Image.Resampling


def _resized(array: Pixels, side: int, how: Resampling = Resampling.BILINEAR, gap: float | None = None) -> Pixels:
    return np.asarray(Image.fromarray(array).resize((side, side), how, reducing_gap=gap))


def _turned(array: Pixels, data: bytes) -> Pixels:
    return upright(array, read_header(data).orientation)


def _scaled(times: int) -> Way:
    return lambda data, side: _resized(decode(data, (times * side, times * side)), side)


def _full(how: Resampling, gap: float | None = None) -> Way:
    return lambda data, side: _resized(decode(data), side, how, gap)


def _any_scale(data: bytes, side: int) -> Pixels:
    """Whatever of n/8 libjpeg offers, 5/8 and 7/8 included."""
    return _resized(_turned(simplejpeg.decode_jpeg(data, min_width=2 * side, min_height=2 * side), data), side)


def _pillow(draft: bool) -> Way:
    def way(data: bytes, side: int) -> Pixels:
        image = Image.open(io.BytesIO(data), formats=("JPEG",))
        if draft:
            image.draft("RGB", (2 * side, 2 * side))
        return _resized(_turned(np.asarray(image.convert("RGB")), data), side)

    return way


REFERENCE = "full decode, bilinear"
WAYS: dict[str, Way] = {
    REFERENCE: lambda data, side: to_input(decode(data), InputSpec(height=side, width=side)),
    "**Fenlei: at least twice, bilinear**": lambda data, side: prepare(data, InputSpec(height=side, width=side)),
    "at least once, bilinear": _scaled(1),
    "at least three times, bilinear": _scaled(3),
    "at least twice, any n/8, bilinear": _any_scale,
    "Pillow full, bilinear": _pillow(draft=False),
    "Pillow draft, bilinear": _pillow(draft=True),
    "full, bilinear, reducing_gap 2": _full(Resampling.BILINEAR, 2.0),
    "full, bicubic": _full(Resampling.BICUBIC),
    "full, Hamming": _full(Resampling.HAMMING),
    "full, box": _full(Resampling.BOX),
    "full, nearest": _full(Resampling.NEAREST),
}


def _milliseconds(way: Way, data: bytes, side: int) -> float:
    way(data, side)
    best = float("inf")
    for _ in range(5):
        started = time.thread_time()
        way(data, side)
        best = min(best, time.thread_time() - started)
    return best * 1000


def cost_table(pictures: dict[tuple[int, int], bytes], side: int) -> Iterator[str]:
    """Rows of CPU milliseconds per picture, the best of five."""
    yield f"| way, input {side} px | " + " | ".join(f"{w}×{h}" for w, h in pictures) + " |"
    yield "|---|" + "---:|" * len(pictures)
    for name, way in WAYS.items():
        yield f"| {name} | " + " | ".join(f"{_milliseconds(way, data, side):.1f}" for data in pictures.values()) + " |"


def difference_table(files: list[bytes], side: int, engine: Engine | None) -> Iterator[str]:
    """Rows of differences at the network's input, mean over the pictures and worst picture."""
    reference = np.stack([WAYS[REFERENCE](data, side) for data in files])
    features = engine.infer(reference) if engine else None
    yield f"| way, {len(files)} pictures, input {side} px | mean level difference | worst picture | cosine | worst |"
    yield "|---|---:|---:|---:|---:|"
    for name, way in WAYS.items():
        inputs = np.stack([way(data, side) for data in files])
        levels = np.abs(inputs.astype(np.int16) - reference).mean(axis=(1, 2, 3))
        cells = [f"{levels.mean():.2f}", f"{levels.max():.2f}", "", ""]
        if engine and features is not None:
            other = engine.infer(inputs)
            norms = np.linalg.norm(other, axis=1) * np.linalg.norm(features, axis=1)
            cosine = (other * features).sum(axis=1) / norms
            cells[2:] = [f"{cosine.mean():.4f}", f"{cosine.min():.4f}"]
        yield f"| {name} | " + " | ".join(cells) + " |"


def _at_size(source: bytes, size: tuple[int, int]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(decode(source)).resize(size, Resampling.LANCZOS).save(out, "JPEG", quality=88)
    return out.getvalue()


def _large_enough(folders: list[Path], side: int, most: int) -> list[bytes]:
    """JPEG files that a scaled decode makes a difference to, evenly taken from all of them."""
    found = []
    for path in sorted(p for folder in folders for p in folder.rglob("*") if p.suffix.lower() in {".jpg", ".jpeg"}):
        data = path.read_bytes()
        try:
            header = read_header(data)
            decode(data)
            simplejpeg.decode_jpeg_header(data)
        except (FenleiError, ValueError):  # the second: one of the ways would not take it
            continue
        if min(header.width, header.height) >= 4 * side:
            found.append(data)
    return found[:: max(1, -(-len(found) // most))]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--side", type=int, default=224, help="of the network's input in pixels")
    parser.add_argument("--most", type=int, default=100, help="pictures compared")
    parser.add_argument("--cache", type=Path, help="where backbones are kept; without it no features are compared")
    options = parser.parse_args()
    files = _large_enough(options.folders, options.side, options.most)
    if not files:
        files = [jpeg(1800, 1200, seed=seed) for seed in range(8)]
    print("\n".join(cost_table({size: _at_size(files[0], size) for size in SIZES}, options.side)), end="\n\n")
    engine = None
    if options.cache:
        backbone = open_backbone("efficientnet-lite0", size=options.side, cache=options.cache)
        engine = open_engine(backbone.network, size=(options.side, options.side))
    try:
        print("\n".join(difference_table(files, options.side, engine)))
    finally:
        if engine:
            engine.close()


if __name__ == "__main__":
    main()
