"""What a published network wants done to its pictures: size and normalisation, as the file beside it says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from fenlei.backbones.catalogue import IMAGENET, Normalisation
from fenlei.backbones.errors import BackboneError

SMALLEST, LARGEST = 16, 2048
"""Sides in pixels that make sense as the input of a network."""


class Preprocessing(msgspec.Struct, frozen=True):
    """What is done to a picture.

    Attributes:
        normalisation: in grey levels 0-255.
        whence: which file said so, for the record and for people.
        size: side of the square input; None when it is not said.
        pool: how tokens become one vector, `mean` or `first`; None when it is not said.
        licence: as stated; None when it is not.
    """

    normalisation: Normalisation
    whence: str
    size: int | None = None
    pool: str | None = None
    licence: str | None = None


def beside(path: Path, default: Normalisation) -> Preprocessing:
    """Read `NAME.json` beside a local network `NAME.onnx` or `NAME.safetensors`.

    All fields may be absent: `mean` and `std` (three numbers each, in units where white is 1, as most published
    networks write them), `size` (pixels), `pool` (`mean` or `first`), `licence`.

    Args:
        path: the network.
        default: used when neither mean nor std is said.

    Raises:
        BackboneError: the file is there and is not like that.
    """
    file = path.with_suffix(".json")
    if not file.exists():
        return Preprocessing(default, f"no {file.name} beside the file: {_name(default)}")
    said = _object(file)
    known = {"mean", "std", "size", "pool", "licence", "license"}
    if unknown := sorted(said.keys() - known):
        raise BackboneError(f"{file} has the field `{unknown[0]}`; known are {', '.join(sorted(known))}.")
    normalisation, whence = default, f"{file.name} does not say: {_name(default)}"
    if "mean" in said or "std" in said:
        mean, std = _three(said, "mean", file), _three(said, "std", file)
        normalisation, whence = _scaled(mean, std, 1 / 255, file), file.name
    pool = said.get("pool")
    if pool not in {None, "mean", "first"}:
        raise BackboneError(f"{file}: `pool` is {pool!r}; `mean` and `first` are known.")
    licence = said.get("licence", said.get("license"))
    return Preprocessing(normalisation, whence, _side(said.get("size"), file), pool, licence and str(licence))


def published(folder: Path) -> Preprocessing:
    """Read the preprocessing of a folder in Hugging Face layout.

    Where the publisher cuts a centre, its size is the input's; Fenlei's own resize policy decides how the picture
    gets there. Without such a file the ImageNet values are used, and `whence` says so.

    Raises:
        BackboneError: the file is there and cannot be understood.
    """
    file = next(
        (folder / name for name in ("preprocessor_config.json", "processor_config.json") if (folder / name).is_file()),
        None,
    )
    if file is None:
        return Preprocessing(IMAGENET, f"no preprocessor_config.json: {_name(IMAGENET)}")
    said = _object(file)
    said = said.get("image_processor", said)
    if not isinstance(said, dict):
        raise BackboneError(f"{file}: `image_processor` is not an object.")
    size = None
    if said.get("do_center_crop") or (said.get("crop_size") and "size" not in said):
        size = _side(said.get("crop_size"), file)
    size = size or _side(said.get("size"), file)
    factor = said.get("rescale_factor", 1 / 255) if said.get("do_rescale", True) else 1.0
    if not isinstance(factor, int | float) or factor <= 0:
        raise BackboneError(f"{file}: `rescale_factor` is {factor!r}; a number above 0 is needed.")
    if not said.get("do_normalize", True):
        zero, one = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
        return Preprocessing(_scaled(zero, one, factor, file), file.name, size)
    if "image_mean" not in said and "image_std" not in said:
        return Preprocessing(IMAGENET, f"{file.name} does not say: {_name(IMAGENET)}", size)
    mean, std = _three(said, "image_mean", file), _three(said, "image_std", file)
    return Preprocessing(_scaled(mean, std, factor, file), file.name, size)


def _scaled(
    mean: tuple[float, float, float], std: tuple[float, float, float], factor: float, file: Path
) -> Normalisation:
    """(level × factor - mean) / std, written for grey levels: (level - mean / factor) / (std / factor)."""
    if min(std) <= 0:
        raise BackboneError(f"{file}: the spread of a channel is {min(std)}; it must be above 0.")
    r, g, b = (round(value / factor, 6) for value in mean)
    sr, sg, sb = (round(value / factor, 6) for value in std)
    return Normalisation((r, g, b), (sr, sg, sb))


def _side(value: Any, file: Path) -> int | None:
    """A side in pixels from the several ways it is written: a number, height and width, shortest edge."""
    if isinstance(value, Mapping):
        sides = {value[key] for key in ("height", "width", "shortest_edge") if value.get(key) is not None}
        if len(sides) > 1:
            raise BackboneError(f"{file}: the input is {value}; only square inputs are supported.")
        value = sides.pop() if sides else None
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not SMALLEST <= value <= LARGEST:
        raise BackboneError(f"{file}: the size is {value!r}; whole pixels from {SMALLEST} to {LARGEST} are allowed.")
    return value


def _three(said: Mapping[str, Any], field: str, file: Path) -> tuple[float, float, float]:
    values = said.get(field)
    if isinstance(values, int | float) and not isinstance(values, bool):
        values = [values] * 3
    try:
        r, g, b = msgspec.convert(values, tuple[float, float, float])
    except msgspec.ValidationError as exc:
        raise BackboneError(f"{file}: `{field}` is {values!r}; three numbers are needed.") from exc
    return r, g, b


def _object(file: Path) -> dict[str, Any]:
    try:
        said = msgspec.json.decode(file.read_bytes())
    except (OSError, msgspec.DecodeError) as exc:
        raise BackboneError(f"{file} cannot be read as JSON: {exc}") from exc
    if not isinstance(said, dict):
        raise BackboneError(f"{file} is not a JSON object.")
    return said


def _name(normalisation: Normalisation) -> str:
    return "ImageNet mean and spread" if normalisation == IMAGENET else f"{normalisation.mean} and {normalisation.std}"
