"""Bytes to checked header to upright RGB to model input: the one decode and resize, for training and for serving."""

from __future__ import annotations

from fenlei.imaging.checks import check
from fenlei.imaging.decode import decode
from fenlei.imaging.errors import Unreadable
from fenlei.imaging.foreign import decode_for_training
from fenlei.imaging.header import Header, read_header
from fenlei.imaging.prepare import prepare, prepare_for_training
from fenlei.imaging.resize import from_input, to_input, wanted_size
from fenlei.imaging.spec import METHOD, InputSpec, Policy

__all__ = [
    "METHOD",
    "Header",
    "InputSpec",
    "Policy",
    "Unreadable",
    "check",
    "decode",
    "decode_for_training",
    "from_input",
    "prepare",
    "prepare_for_training",
    "read_header",
    "to_input",
    "wanted_size",
]
