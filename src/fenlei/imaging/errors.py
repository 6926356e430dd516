"""Errors of this room, and what the decoders below it may throw at a stranger's bytes.

FenleiError
├── Refused       (contract) a picture that a prediction request may not send
└── Unreadable    a picture that training cannot use
"""

from __future__ import annotations

import struct
import zlib

from PIL import Image

from fenlei.contract.errors import FenleiError

DECODER_ERRORS: tuple[type[Exception], ...] = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    SystemError,
    TypeError,
    ValueError,
    Image.DecompressionBombError,
    struct.error,
    zlib.error,
)
"""Everything that the decoders were seen to raise, or may, on damaged files. None is a fault of this program."""


class Unreadable(FenleiError):
    """This picture cannot be used; the text says why and what can be."""
