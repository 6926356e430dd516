"""From file to network input in one step, the same step in training and in serving."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fenlei.contract.errors import Refused
from fenlei.imaging.decode import decode
from fenlei.imaging.errors import Unreadable
from fenlei.imaging.foreign import decode_for_training
from fenlei.imaging.header import Header, read_header
from fenlei.imaging.resize import to_input, wanted_size
from fenlei.imaging.sniff import sniff
from fenlei.imaging.spec import InputSpec


def prepare(data: bytes, spec: InputSpec, header: Header | None = None) -> NDArray[np.uint8]:
    """Turn a JPEG or PNG file into a network's input: decode no finer than needed, put upright, resize once.

    The contract's limits are not looked at here; a prediction request calls `check` first and hands its header on.

    Args:
        data: the file.
        spec: size and policy of the input.
        header: what `read_header` or `check` said about this very file.

    Returns:
        (spec.height, spec.width, 3) uint8, C-contiguous.

    Raises:
        Refused: BAD_TYPE where the file cannot be decoded to its last row.
    """
    header = header or read_header(data)
    return to_input(decode(data, wanted_size(*header.upright_size, spec), header), spec)


def prepare_for_training(data: bytes, spec: InputSpec) -> NDArray[np.uint8]:
    """Turn a picture file of any kind that training takes into a network's input.

    A JPEG or PNG comes out byte for byte as `prepare` makes it. The contract's limits on bytes, pixels and ratio do not
    bind training pictures.

    Returns:
        (spec.height, spec.width, 3) uint8, C-contiguous.

    Raises:
        Unreadable: the file cannot be used; the text says why.
    """
    if sniff(data) not in ("JPEG", "PNG"):
        return to_input(decode_for_training(data), spec)
    try:
        return prepare(data, spec)
    except Refused as exc:
        raise Unreadable(str(exc)) from exc
