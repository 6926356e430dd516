"""Classify pictures with the network beside this file.

    python run.py PICTURE ...      one line of JSON for each picture
    python run.py --self-test      score the pictures in parity/ and compare with what they must get

Needs Python 3.9 or later and three packages: numpy, onnxruntime, Pillow. From another program: `Classifier().scores(
Path("cat.jpg").read_bytes())`. The network itself takes any upright RGB picture; what is done here in front of it is
reading the file exactly as the server does that the model was made for.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from PIL import Image, ImageChops

HERE = Path(__file__).resolve().parent


class Classifier:
    """The network, its labels, and how its pictures are read."""

    def __init__(self, folder: Path = HERE) -> None:
        """Open what the export unpacked into `folder`."""
        about = json.loads((folder / "about.json").read_text("utf-8"))
        self.labels = json.loads((folder / "labels.json").read_text("utf-8"))
        self.tolerance = about["tolerance"]
        self._input = about["input"]
        self._asked = ["scores"] if about.get("unknown") is None else ["scores", "strangeness"]
        self._session = onnxruntime.InferenceSession(str(folder / "network.onnx"), providers=["CPUExecutionProvider"])

    def scores(self, data: bytes) -> Any:
        """One score per label, summing to one, for the bytes of a JPEG or PNG file."""
        return self.scores_of_pixels(read(data, self._input))

    def scores_of_pixels(self, pixels: Any) -> Any:
        """The same for an upright RGB picture, uint8 (height, width, 3), of any size."""
        return self.judge_pixels(pixels)[0]

    def judge(self, data: bytes) -> Any:
        """Scores and strangeness for the bytes of a JPEG or PNG file; see `judge_pixels`."""
        return self.judge_pixels(read(data, self._input))

    def judge_pixels(self, pixels: Any) -> Any:
        """Scores, and how strange the picture is: above 1 it is one of nothing known; None without a rule for that."""
        said = self._session.run(self._asked, {"picture": np.ascontiguousarray(pixels)})
        return said[0], float(said[1][0]) if len(said) > 1 else None


def read(data: bytes, target: dict[str, Any]) -> Any:
    """Decode a JPEG or PNG to upright RGB, uint8 (height, width, 3), no finer than the network can use."""
    with Image.open(io.BytesIO(data), formats=["JPEG", "PNG"]) as image:
        jpeg = image.format != "PNG"
        width, height = image.size
        if not jpeg:
            image.load()  # orientation may stand behind the pixels
        turn = _orientation(image.info.get("exif"))
        columns, rows = (height, width) if turn >= 5 else (width, height)
        rows, columns = _wanted(columns, rows, target)
        at_least = (columns, rows) if turn >= 5 else (rows, columns)
        pixels = _jpeg(image, *at_least) if jpeg else _png(image, data, *at_least)
    if turn >= 5:
        pixels = pixels.transpose(1, 0, 2)
    if turn in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if turn in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _wanted(width: int, height: int, target: dict[str, Any]) -> tuple[int, int]:
    """Rows and columns that are enough: twice what the resize will make of them."""
    rows, columns, used_height, used_width = target["height"], target["width"], float(height), float(width)
    across, down = columns / width, rows / height
    if target["policy"] == "letterbox":
        scale = min(across, down)
        rows, columns = max(1, min(rows, round(height * scale))), max(1, min(columns, round(width * scale)))
    elif target["policy"] == "crop":
        scale = max(across, down)
        kept_height, kept_width = min(used_height, rows / scale), min(used_width, columns / scale)
        top, left = (height - kept_height) / 2, (width - kept_width) / 2
        used_height, used_width = top + kept_height - top, left + kept_width - left
    return int(-(-2 * rows * height // used_height)), int(-(-2 * columns * width // used_width))


def _orientation(exif: Any) -> int:
    """Which way up: EXIF 1 to 8, where 1 is upright and also what everything odd means."""
    if not exif:
        return 1
    try:
        tags = Image.Exif()
        tags.load(exif)
        value = tags.get(0x0112, 1)
    except Exception:  # noqa: BLE001 (a stranger's metadata)
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _jpeg(image: Any, rows: int, columns: int) -> Any:
    width, height = image.size
    scale = next((s for s in (8, 4, 2) if -(-height // s) >= rows and -(-width // s) >= columns), 1)
    if scale > 1:
        image.draft(image.mode, (width // scale, height // scale))
    image.load()
    if image.mode == "CMYK" and "adobe" not in image.info:
        # Pillow takes every CMYK file for one of Adobe's, which are stored inverted.
        image = ImageChops.invert(image)
    return np.asarray(image.convert("RGB"))


def _png(image: Any, data: bytes, rows: int, columns: int) -> Any:
    flat = _flat(image, data[24])
    shrink = max(1, min(image.height // max(1, rows), image.width // max(1, columns)))
    return np.asarray((flat.reduce(shrink) if shrink > 1 else flat).convert("RGB"))


def _flat(image: Any, bits: int) -> Any:
    """Lay transparency over white; of sixteen bits the high byte counts."""
    key = image.info.get("transparency")
    if image.mode == "P":
        return _flat_palette(image, key)
    if image.mode in ("LA", "RGBA"):
        image = image.convert("RGBA")
        sheet = Image.new("RGB", image.size, (255, 255, 255))
        sheet.paste(image, (0, 0), image)
        return sheet
    if image.mode == "RGB":
        pixels = np.array(image)
        if isinstance(key, tuple):
            colour = [value >> 8 if bits == 16 else value & 255 for value in key]
            pixels[(pixels == np.array(colour, np.uint8)).all(axis=2)] = 255
        return Image.fromarray(pixels)
    samples = np.asarray(image if image.mode.startswith("I") else image.convert("L"))
    grey = (samples >> 8).astype(np.uint8) if image.mode.startswith("I") else samples.copy()
    if isinstance(key, int):
        grey[samples == (key * 255 // ((1 << bits) - 1) if bits < 8 else key)] = 255
    return Image.fromarray(grey)


def _flat_palette(image: Any, key: Any) -> Any:
    colours = np.zeros((256, 3), np.uint32)
    given = np.array(image.getpalette("RGB"), np.uint32).reshape(-1, 3)[:256]
    colours[: len(given)] = given
    opacity = np.full((256, 1), 255, np.uint32)
    if isinstance(key, bytes):
        opacity[: min(len(key), 256), 0] = np.frombuffer(key[:256], np.uint8)
    elif isinstance(key, int):
        opacity[key] = 0
    table = ((colours * opacity + 255 * (255 - opacity) + 127) // 255).astype(np.uint8)
    return Image.fromarray(table[np.asarray(image)])


def self_test(classifier: Classifier, folder: Path = HERE) -> float:
    """Score the pictures in parity/; returns how far the farthest score lies from what it must be."""
    rows = json.loads((folder / "parity" / "scores.json").read_text("utf-8"))
    farthest = 0.0
    for row in rows:
        scores = classifier.scores((folder / "parity" / row["file"]).read_bytes())
        farthest = max(farthest, float(np.abs(scores - np.array(row["scores"])).max()))
    return farthest


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Classify pictures (JPEG or PNG).")
    parser.add_argument("pictures", nargs="*", metavar="PICTURE", help="a JPEG or PNG file")
    parser.add_argument("--self-test", action="store_true", help="compare with the scores the model was exported with")
    words = parser.parse_args()
    if not words.pictures and not words.self_test:
        parser.print_usage(sys.stderr)
        return 2
    classifier, status = Classifier(), 0
    if words.self_test:
        farthest = self_test(classifier)
        passed = farthest <= classifier.tolerance
        sys.stdout.write(f"{'passed' if passed else 'FAILED'}: farthest score {farthest:.6f} apart\n")
        status = 0 if passed else 1
    for name in words.pictures:
        try:
            scores, strangeness = classifier.judge(Path(name).read_bytes())
        except (OSError, SyntaxError, ValueError) as exc:
            sys.stderr.write(f"{name}: {exc}\n")
            status = 1
            continue
        named = {label: round(float(score), 6) for label, score in zip(classifier.labels, scores)}  # noqa: B905
        line = {"picture": name, "prediction": classifier.labels[int(scores.argmax())], "scores": named}
        if strangeness is not None:
            line.update(unknown=strangeness > 1, strangeness=round(strangeness, 6))
        sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
