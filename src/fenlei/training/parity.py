"""Up to twenty pictures that travel with a model, with the scores it must give them wherever it is loaded."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fenlei.contract.errors import FenleiError
from fenlei.contract.limits import MAX_RATIO, MIN_SIDE
from fenlei.imaging import InputSpec, check, decode_for_training, prepare
from fenlei.inference.engine import Engine
from fenlei.modelfile import Head, ParityPicture
from fenlei.training.division import learnable
from fenlei.training.look import Picture

PARITY_PICTURES = 20
"""The most that travel. Each proves the whole path, from its file to the scores of all classes: what is amiss with
decoder, preprocessing, network or head shows on any of them; twenty are for what moves some more than others."""

_ONE_IN = 8
"""Of those learned from that many travel, where that is fewer: of a small set the file does not give most away, and
making them small and running them does not take as long as learning."""

LONGEST_SIDE = 256
_DRAWN_SIDE = 192
_PNG_EVERY = 4
"""One of so many is a PNG, the others are JPEG."""


def how_many_travel(learnable: int) -> int:
    """An eighth of the pictures that may be learned from; at least four, one of them a PNG, and at most twenty."""
    return min(PARITY_PICTURES, max(learnable // _ONE_IN, _PNG_EVERY))


def spread_over_classes(truth: NDArray[np.int64], limit: int) -> list[int]:
    """Rows that take turns over the classes: the first of each class, the second of each, until there are enough."""
    turn = np.zeros(len(truth), np.int64)
    for label in np.unique(truth):
        rows = np.flatnonzero(truth == label)
        turn[rows] = np.arange(len(rows))
    return [int(row) for row in np.lexsort((truth, turn))[:limit]]


def parity_files(pictures: Sequence[Picture], labels: Sequence[str], *, only_drawn: bool, seed: int) -> list[bytes]:
    """The files that travel with a model.

    Args:
        pictures: usable ones; those of a part of the folder that judges stay out.
        labels: class names in class order.
        only_drawn: whether no picture may travel.
        seed: of drawn ones.
    """
    if only_drawn:
        return drawn(seed)
    return from_pictures(travellers(pictures, labels)) or drawn(seed)


def travellers(pictures: Sequence[Picture], labels: Sequence[str]) -> list[Picture]:
    """Those of usable pictures that may travel with a model; arguments as for `parity_files`."""
    may, number = learnable(pictures), {label: place for place, label in enumerate(labels)}
    truth = np.array([number[picture.item.label] for picture in may], np.int64)
    rows = spread_over_classes(truth, how_many_travel(len(may)))
    return [may[row] for row in rows]


def from_pictures(pictures: Sequence[Picture]) -> list[bytes]:
    """Small files, within the contract's limits, of pictures one learned from: JPEG, and PNG for every fourth."""
    files = []
    for number, picture in enumerate(pictures):
        try:
            pixels = decode_for_training(picture.item.read(), at_least=(LONGEST_SIDE, LONGEST_SIDE))
            data = small_file(pixels, png=number % _PNG_EVERY == _PNG_EVERY - 1)
            check(data)
        except FenleiError:
            continue  # gone since it was read, or of a shape that no prediction request may have
        files.append(data)
    return files


def drawn(seed: int, count: int = PARITY_PICTURES) -> list[bytes]:
    """Pictures of nothing: coloured gradients with blobs. They prove a model without showing anybody's pictures."""
    files = []
    grid_y, grid_x = np.mgrid[0:_DRAWN_SIDE, 0:_DRAWN_SIDE].astype(np.float32) / _DRAWN_SIDE
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        canvas = np.stack([grid_x, grid_y, (grid_x + grid_y) / 2], axis=-1) * rng.uniform(40, 220, 3)
        for _ in range(6):
            x, y, radius = rng.uniform(0, 1), rng.uniform(0, 1), rng.uniform(0.05, 0.35)
            blob = np.exp(-((grid_x - x) ** 2 + (grid_y - y) ** 2) / radius**2)
            canvas += blob[..., None] * rng.uniform(-150, 150, 3)
        canvas += rng.normal(0, 4, canvas.shape)
        pixels = np.clip(canvas, 0, 255).astype(np.uint8)
        files.append(small_file(pixels, png=number % _PNG_EVERY == _PNG_EVERY - 1))
    return files


def small_file(
    pixels: NDArray[np.uint8], *, png: bool = False, longest: int = LONGEST_SIDE, quality: int = 88
) -> bytes:
    """A picture (h, w, 3) as a small JPEG or PNG file. Ends of pictures longer than the contract allows are cut off."""
    height, width = pixels.shape[:2]
    tall, wide = min(height, MAX_RATIO * width), min(width, MAX_RATIO * height)
    top, left = (height - tall) // 2, (width - wide) // 2
    picture = Image.fromarray(np.ascontiguousarray(pixels[top : top + tall, left : left + wide]))
    factor = min(1.0, longest / max(tall, wide))
    # Rounding must not make a picture of exactly 3:1 longer than that, nor one of few pixels too small.
    short = max(MIN_SIDE, round(min(tall, wide) * factor))
    long = min(max(short, round(max(tall, wide) * factor)), MAX_RATIO * short)
    size = (long, short) if wide >= tall else (short, long)
    if size != picture.size:
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    out = io.BytesIO()
    if png:
        picture.save(out, "PNG", compress_level=1)  # a quarter of the time, and hardly larger
    else:
        picture.save(out, "JPEG", quality=quality)
    return out.getvalue()


def features_of_files(files: Sequence[bytes], spec: InputSpec, engine: Engine) -> NDArray[np.float32]:
    """Features (n, d) of picture files."""
    return engine.infer(np.stack([prepare(data, spec) for data in files]))


def expected(files: Sequence[bytes], features: NDArray[np.float32], head: Head) -> list[ParityPicture]:
    """The files (m) with their scores, computed the way serving computes them: by their features (m, d), one at a time.

    An engine gives a picture the same features alone and in company.
    """
    return [ParityPicture(data, head.scores(row[None])[0]) for data, row in zip(files, features, strict=True)]
