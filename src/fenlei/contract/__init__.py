"""The source document as code: limits, codes and their messages, the request, the answer, and how both travel.

Needs msgspec and the standard library only, so that a server, a client and a test can all stand on it.
"""

from __future__ import annotations

from fenlei.contract.address import (
    KEY_HEADER,
    KEY_PARAMETER,
    METHOD,
    PATH_PREFIX,
    REQUEST_ID_HEADER,
    BadName,
    check_name,
    is_name,
    name_in_path,
    prediction_path,
    prediction_url,
    sent_key,
)
from fenlei.contract.answer import ClassScore, Failure, PredictResult, Success, failure, success
from fenlei.contract.base64text import decode_base64
from fenlei.contract.codes import Code
from fenlei.contract.errors import Detail, FenleiError, Refused
from fenlei.contract.language import Language, choose
from fenlei.contract.limits import MAX_BODY_BYTES, MAX_FILE_BYTES, MAX_RATIO, MAX_SIDE, MIN_SIDE, NAME_PATTERN
from fenlei.contract.request import CONTENT_TYPE, MEDIA_TYPE, check_content_type, encode_request, parse_body
from fenlei.contract.wire import PLAIN, Envelope, NotAnAnswer, StatusStyle, WireOptions, read, render

__all__ = [
    "CONTENT_TYPE",
    "KEY_HEADER",
    "KEY_PARAMETER",
    "MAX_BODY_BYTES",
    "MAX_FILE_BYTES",
    "MAX_RATIO",
    "MAX_SIDE",
    "MEDIA_TYPE",
    "METHOD",
    "MIN_SIDE",
    "NAME_PATTERN",
    "PATH_PREFIX",
    "PLAIN",
    "REQUEST_ID_HEADER",
    "BadName",
    "ClassScore",
    "Code",
    "Detail",
    "Envelope",
    "Failure",
    "FenleiError",
    "Language",
    "NotAnAnswer",
    "PredictResult",
    "Refused",
    "StatusStyle",
    "Success",
    "WireOptions",
    "check_content_type",
    "check_name",
    "choose",
    "decode_base64",
    "encode_request",
    "failure",
    "is_name",
    "name_in_path",
    "parse_body",
    "prediction_path",
    "prediction_url",
    "read",
    "render",
    "sent_key",
    "success",
]
