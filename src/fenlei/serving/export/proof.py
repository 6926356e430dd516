"""Hold an export against the model it was made of, through the very program that is shipped with it."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fenlei.modelfile import ParityPicture
from fenlei.serving.export.errors import ExportError
from fenlei.serving.predictor import Predictor

CLOSE = 0.1
"""So near to the threshold of 1 a picture may be unknown to one and not to the other: files are not read to the last
bit alike."""


@dataclass(frozen=True)
class Proof:
    """What was compared.

    Attributes:
        pictures: how many.
        farthest: the largest difference of a score.
    """

    pictures: int
    farthest: float


def prove(
    parts: dict[str, bytes], predictor: Predictor, parity: Sequence[ParityPicture], name: str, tolerance: float
) -> tuple[Proof, dict[str, bytes]]:
    """Unpack an export and run it beside the model, on the parity pictures and on some that are harder to read.

    Args:
        parts: the files of the export, by name.
        predictor: the model as the API runs it.
        parity: the model's own pictures.
        name: of the model, for the sentence.
        tolerance: how far a score of the export may lie from the one that the API gives.

    Returns:
        The comparison, and the files of `parity/`: every picture with the score the API gives it.

    Raises:
        ExportError: it does not run, or a score is farther away than `tolerance`.
    """
    from fenlei.serving.export.runner import Classifier, read

    pictures = [*(picture.data for picture in parity), *hard_pictures()]
    with tempfile.TemporaryDirectory(prefix="fenlei-export-") as folder:
        for part, data in parts.items():
            (Path(folder) / part).write_bytes(data)
        try:
            classifier = Classifier(Path(folder))
            about = msgspec.json.decode(parts["about.json"])
            rows, files, farthest = [], {}, 0.0
            for number, data in enumerate(pictures):
                promised, strange = predictor.judge(
                    predictor.engine.infer(predictor.prepare(data)[None]), strangeness=True
                )
                given: NDArray[np.float32]
                given, stranger = classifier.judge_pixels(read(data, about["input"]))
                farthest = max(farthest, float(np.abs(given - promised).max()))
                _agree(name, strange, stranger)
                file = f"{number:02d}.png" if data.startswith(b"\x89PNG") else f"{number:02d}.jpg"
                files[f"parity/{file}"] = data
                rows.append({"file": file, "scores": [float(score) for score in promised]})
        except (RuntimeError, OSError, ValueError) as exc:
            raise ExportError(f"The export of {name} does not run in ONNX Runtime: {exc}") from exc
    if not farthest <= tolerance:  # also when it is not a number
        raise ExportError(
            f"The export of {name} gives other scores than the model: a picture's score differs by {farthest:.4f}, at "
            f"most {tolerance:g} is allowed. Nothing was exported."
        )
    files["parity/scores.json"] = msgspec.json.format(msgspec.json.encode(rows), indent=1) + b"\n"
    return Proof(len(pictures), farthest), files


def _agree(name: str, promised: float | None, given: float | None) -> None:
    """Refuse an export that calls a picture unknown where the model clearly does not, or the reverse."""
    if promised is None and given is None:
        return
    if (
        promised is None
        or given is None
        or ((promised > 1) != (given > 1) and min(abs(promised - 1), abs(given - 1)) > CLOSE)
    ):
        raise ExportError(
            f"The export of {name} finds a picture strange by {given} where the model says {promised}; both must be on "
            "the same side of 1. Nothing was exported."
        )


def hard_pictures() -> list[bytes]:
    """Drawn files in which two programs that read pictures like to differ: large enough to be decoded at a fraction,
    tall, lying on their side, in grey, in ink, transparent."""
    made: list[tuple[int, int, Callable[[Image.Image, io.BytesIO], None]]] = [
        (1700, 1100, lambda picture, out: picture.save(out, "JPEG", quality=80, subsampling="4:2:0")),
        (360, 1070, lambda picture, out: picture.save(out, "JPEG", quality=90)),
        (301, 199, lambda picture, out: picture.save(out, "JPEG", quality=85, exif=_on_its_side())),
        (200, 257, lambda picture, out: picture.convert("L").save(out, "JPEG", quality=85)),
        (240, 160, lambda picture, out: picture.convert("CMYK").save(out, "JPEG", quality=85)),
        (900, 640, lambda picture, out: _see_through(picture).save(out, "PNG", compress_level=1)),
        (30, 90, lambda picture, out: picture.save(out, "PNG")),
    ]
    files = []
    for number, (width, height, save) in enumerate(made):
        out = io.BytesIO()
        save(_drawn(width, height, number), out)
        files.append(out.getvalue())
    return files


def _drawn(width: int, height: int, seed: int) -> Image.Image:
    """Blobs of colour, made small and enlarged."""
    coarse = np.random.default_rng(seed).integers(0, 256, (12, 12, 3)).astype(np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def _see_through(picture: Image.Image) -> Image.Image:
    picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    return picture


def _on_its_side() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif.tobytes()
