"""Turn whatever a caller calls a picture into the bytes of a file, refusing early what the contract surely refuses."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from fenlei.client.errors import PredictionError, UnreadableSource, error_for
from fenlei.contract import MAX_FILE_BYTES, MAX_RATIO, MAX_SIDE, MIN_SIDE, Code, Detail, Language

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

Source: TypeAlias = (
    "str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | NDArray[np.uint8] | Image.Image"
)
"""What can be predicted."""

_PNG_MODES = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "I;16"})


def read_picture(source: Source, language: Language | None = None) -> bytes:
    """Return the bytes of a picture file.

    Args:
        source: a path; the bytes of a file; a file object opened for reading bytes, read from where it stands; a numpy
            array (height, width, 3) of uint8 in RGB order; or a Pillow image. The last two are written as PNG.
        language: of the sentence in an error; English where nothing is said.

    Raises:
        UnreadableSource: there is no such file, or the object is none of the above.
        PredictionError: the kind that the server would answer with, for a file that is empty or of more than 4 MiB, and
            for an array or image whose sides the contract does not allow.
    """
    name, data = _name_and_bytes(source, language)
    if not data:
        raise _local(
            Code.MISSING_PARAMETER,
            Detail(f"{name} 是空的，应为 JPEG 或 PNG 图片文件。", f"{name} is empty; a JPEG or PNG file is expected."),
            language,
        )
    if len(data) > MAX_FILE_BYTES:
        raise _too_large(name, len(data), language)
    return data


def name_of(source: Source) -> str:
    """Return what to call a picture in a sentence."""
    if isinstance(source, (str, os.PathLike)):
        return os.fspath(source)
    opened_as = getattr(source, "name", None)
    return opened_as if isinstance(opened_as, str) else "The picture"


def _name_and_bytes(source: Any, language: Language | None) -> tuple[str, bytes]:
    name = name_of(source)
    if isinstance(source, (str, os.PathLike)):
        return name, _read_file(Path(source), language)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return name, bytes(source)
    if hasattr(source, "save") and hasattr(source, "mode"):
        return name, _encode_image(source, language)
    if hasattr(source, "__array__"):
        return name, _encode_array(source, language)
    if hasattr(source, "read"):
        try:
            data = source.read()
        except (OSError, ValueError) as error:  # ValueError: it is closed, or not open for reading
            raise UnreadableSource(f"{name} cannot be read: {error}.") from error
        if isinstance(data, bytes):
            return name, data
        raise UnreadableSource(f'{name} gives text, not bytes; open a picture file with mode "rb".')
    raise UnreadableSource(
        f"A {type(source).__name__} is no picture; give a path, bytes, a file opened for bytes, a numpy array "
        "(height, width, 3) of uint8, or a Pillow image."
    )


def _read_file(path: Path, language: Language | None) -> bytes:
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > MAX_FILE_BYTES:
                raise _too_large(str(path), size, language)
            return file.read()
    except OSError as error:
        raise UnreadableSource(f"{path} cannot be read: {error.strerror or error}.") from error
    except ValueError as error:  # the name holds a zero byte
        raise UnreadableSource(f"{str(path)!r} cannot be read: {error}.") from error


def _encode_array(source: Any, language: Language | None) -> bytes:
    import numpy as np

    array = np.asarray(source)
    if array.ndim != 3 or array.shape[2] != 3 or array.dtype != np.uint8:
        raise UnreadableSource(
            f"An array of shape {array.shape} and type {array.dtype} is no picture; "
            "it must be of shape (height, width, 3) and type uint8, in RGB order."
        )
    from PIL import Image

    _check_sides(array.shape[1], array.shape[0], language)
    return _png(Image.fromarray(array))


def _encode_image(source: Any, language: Language | None) -> bytes:
    from PIL import Image, ImageOps

    if not isinstance(source, Image.Image):
        raise UnreadableSource(f"A {type(source).__name__} is no Pillow image; give one, or a path, or bytes.")
    _check_sides(*source.size, language)
    # PNG written by Pillow carries no orientation, and the server would turn the original file.
    try:
        upright = ImageOps.exif_transpose(source)
        return _png(upright if upright.mode in _PNG_MODES else upright.convert("RGB"))
    except OSError as error:
        raise UnreadableSource(f"The Pillow image cannot be read: {error}.") from error


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _check_sides(width: int, height: int, language: Language | None) -> None:
    short, long = sorted((width, height))
    if short < MIN_SIDE or long > MAX_SIDE:
        raise _local(
            Code.BAD_PIXELS,
            Detail(
                f"图片为 {width}x{height} 像素，宽和高都应在 {MIN_SIDE} 到 {MAX_SIDE} 像素之间。",
                f"The picture is {width}x{height} pixels; both sides must be {MIN_SIDE} to {MAX_SIDE} pixels.",
            ),
            language,
        )
    if long > MAX_RATIO * short:
        raise _local(
            Code.BAD_RATIO,
            Detail(
                f"图片为 {width}x{height} 像素，长边不得超过短边的 {MAX_RATIO} 倍。",
                f"The picture is {width}x{height}; the longer side may be at most {MAX_RATIO} times the shorter.",
            ),
            language,
        )


def _too_large(name: str, size: int, language: Language | None) -> PredictionError:
    return _local(
        Code.TOO_LARGE,
        Detail(
            f"{name} 有 {size} 字节，图片文件不得超过 {MAX_FILE_BYTES} 字节（4 MiB）。",
            f"{name} has {size} bytes; a picture file may have {MAX_FILE_BYTES} bytes (4 MiB) at most.",
        ),
        language,
    )


def _local(code: Code, detail: Detail, language: Language | None) -> PredictionError:
    return error_for(code.number, detail.zh if language == "zh" else detail.en)
