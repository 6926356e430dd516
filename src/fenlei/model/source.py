"""What a picture may be given as, and how its file or array is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fenlei.contract.errors import FenleiError

Source = str | Path | bytes | NDArray[np.uint8]
"""A picture: a path, the bytes of a file, or an array (height, width, 3) of uint8 in RGB order."""

Payload = bytes | NDArray[np.uint8]
"""What is read of it, before it is decoded."""


class PictureUnreadable(FenleiError):
    """A picture that was to be classified cannot be read."""


def reader(source: Source) -> Callable[[], Payload]:
    """What reads a source when it is called."""
    if isinstance(source, bytes):
        return lambda: source
    if isinstance(source, (str, Path)):
        return Path(source).read_bytes
    return lambda: _array(source)


def named(error: FenleiError, source: Source) -> FenleiError:
    """The error with the picture's name in front, where it has one."""
    if not isinstance(source, (str, Path)):
        return error
    cause = error.__cause__
    if isinstance(cause, FileNotFoundError):
        return PictureUnreadable(f"{source}: there is no such file.")
    return PictureUnreadable(f"{source}: {error}")


def _array(source: NDArray[np.uint8]) -> NDArray[np.uint8]:
    array = np.asarray(source)
    if array.ndim != 3 or array.shape[2] != 3 or array.dtype != np.uint8 or 0 in array.shape:
        raise PictureUnreadable(
            f"An array of shape {array.shape} and type {array.dtype} is no picture; (height, width, 3) uint8 RGB is."
        )
    return array
