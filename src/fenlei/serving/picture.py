"""From a request body to the bytes of its picture file, in two passes over memory."""

from __future__ import annotations

import binascii

import pybase64

from fenlei.contract.base64text import decode_base64
from fenlei.contract.request import parse_body


def picture_of(body: bytes) -> bytes:
    """Return the picture file that a request body carries; nothing is known about it yet.

    Raises:
        Refused: 10310 or 10311, as the contract says.
    """
    text = parse_body(body)
    try:
        # What nearly every caller sends: the standard alphabet, padded, without line breaks.
        return pybase64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return decode_base64(text)
