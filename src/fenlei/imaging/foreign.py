"""Formats that training takes beyond the contract's two: BMP, GIF, TIFF, WebP, and HEIC where its library is present.

They leave through the same door as JPEG and PNG: upright RGB, transparency over white. Prediction requests never come
here; a caller's picture meets no parser but the two small ones of this room.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import io
import logging
import warnings

import numpy as np
from numpy.typing import NDArray
from PIL import BmpImagePlugin, GifImagePlugin, Image, ImageFile, ImageOps, TiffImagePlugin, WebPImagePlugin, _imaging

from fenlei.contract.errors import Refused
from fenlei.imaging.colour import high_byte, over_white
from fenlei.imaging.decode import MAX_HELD_BYTES, MAX_PIXELS, decode
from fenlei.imaging.errors import DECODER_ERRORS, Unreadable
from fenlei.imaging.sniff import sniff

_PLUGINS: dict[str, type[ImageFile.ImageFile]] = {
    "BMP": BmpImagePlugin.BmpImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "WebP": WebPImagePlugin.WebPImageFile,
}
_TAKEN = "JPEG, PNG, BMP, GIF, TIFF and WebP pictures can be used, and HEIC where pillow-heif is installed."


def decode_for_training(data: bytes, at_least: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    """Decode a training picture of any format that is taken to upright RGB; of several frames or pages, the first.

    Args:
        data: the file.
        at_least: as for `decode`; formats other than JPEG and PNG always come out at full size.

    Returns:
        (height, width, 3) uint8, C-contiguous.

    Raises:
        Unreadable: the format is not taken, the file is damaged, or it would need too much memory.
    """
    name = sniff(data)
    if name in ("JPEG", "PNG"):
        try:
            return decode(data, at_least)
        except Refused as exc:
            raise Unreadable(str(exc)) from exc
    if name in _PLUGINS:
        return _decode_plugin(data, name)
    if name == "HEIC":
        return _decode_heic(data)
    what = f"The content is {name}." if name else "The file is empty." if not data else "The file is no picture."
    raise Unreadable(f"{what} {_TAKEN}")


def _decode_plugin(data: bytes, name: str) -> NDArray[np.uint8]:
    _mute_pillow()
    try:
        image = _PLUGINS[name](io.BytesIO(data))  # not Image.open: its size warning is a process-wide matter
        _check_weight(image.size)
        image.load()
        return _to_rgb(ImageOps.exif_transpose(image), name)
    except DECODER_ERRORS as exc:
        raise Unreadable(
            f"This {name} picture is damaged or of an unknown kind: {_said(exc)}. Save it anew as PNG."
        ) from exc


def _decode_heic(data: bytes) -> NDArray[np.uint8]:
    try:
        library = importlib.import_module("pillow_heif")
    except ImportError as exc:
        raise Unreadable(
            "HEIC pictures need the package pillow-heif: pip install pillow-heif, or save them as JPEG."
        ) from exc
    _mute_pillow()
    try:
        file = library.open_heif(data, convert_hdr_to_8bit=True)
        _check_weight(file.size)
        return _to_rgb(ImageOps.exif_transpose(file.to_pillow()), "HEIC")
    except DECODER_ERRORS as exc:
        raise Unreadable(
            f"This HEIC picture is damaged or of an unknown kind: {_said(exc)}. Save it anew as JPEG."
        ) from exc


def _said(error: Exception) -> str:
    """What a decoder said, as the end of a sentence; some say nothing."""
    return str(error).rstrip(". ") or type(error).__name__


def _check_weight(size: tuple[int, int]) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise Unreadable(f"The picture is {width}×{height} pixels; there is nothing to see in it.")
    if width * height > MAX_PIXELS or 7 * width * height > MAX_HELD_BYTES:
        raise Unreadable(
            f"The picture is {width}×{height} pixels and would need more memory to decode than one picture may take; "
            "make it smaller or save it as JPEG."
        )


def _to_rgb(image: Image.Image, name: str) -> NDArray[np.uint8]:
    if image.mode.startswith("I;16"):
        image = Image.fromarray(high_byte(np.asarray(image).astype(np.uint16)))
    elif image.mode == "I":
        samples = np.asarray(image)
        if samples.min() < 0 or samples.max() > 0xFFFF:
            raise Unreadable(f"This {name} picture has 32-bit samples; save it with 8 or 16 bits per sample.")
        image = Image.fromarray(high_byte(samples.astype(np.uint16)))
    elif image.mode == "F":
        raise Unreadable(f"This {name} picture has floating-point samples; save it with 8 or 16 bits per sample.")
    if image.has_transparency_data:
        image = over_white(image.convert("RGBA"))
    return np.array(image.convert("RGB"))


def _mute_pillow() -> None:
    """Keep what Pillow and its TIFF library remark about odd files out of the trainer's terminal.

    `warnings.catch_warnings` swaps process-wide state and is not safe among threads; adding one filter that concerns
    Pillow alone is, and doing it again changes nothing.
    """
    warnings.filterwarnings("ignore", module=r"PIL\.")
    _mute_libraries()


@functools.cache
def _mute_libraries() -> None:
    # Without a handler of its own, logging prints what Pillow logs as an error.
    logging.getLogger("PIL").addHandler(logging.NullHandler())
    try:
        # libtiff writes to stderr itself, a line for every odd tag; what matters comes back as an error all the same.
        ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler(None)
    except (AttributeError, OSError):
        return  # built into Pillow without its names (Windows): it stays as talkative as it is
