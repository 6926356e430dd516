"""The smallest server that keeps the contract: contract and imaging rooms, a rule in place of a model, no speed.

It proves that the contract suite can be met, and gives the client something real to talk to.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from urllib.parse import urlsplit

from fenlei.contract import (
    CONTENT_TYPE,
    KEY_HEADER,
    MAX_BODY_BYTES,
    METHOD,
    PLAIN,
    REQUEST_ID_HEADER,
    Code,
    Detail,
    Failure,
    Refused,
    Success,
    WireOptions,
    check_content_type,
    choose,
    decode_base64,
    failure,
    name_in_path,
    parse_body,
    render,
    sent_key,
    success,
)
from fenlei.imaging.checks import check
from fenlei.imaging.decode import decode

LABELS = ["bottom_left", "bottom_right", "top_left", "top_right"]


def brightest_corner(picture: bytes) -> list[float]:
    """Score the four corners of a picture file by how bright they are.

    Raises:
        Refused: the contract does not allow the picture.
    """
    header = check(picture)
    pixels = decode(picture, (64, 64), header)
    middle, centre = pixels.shape[0] // 2, pixels.shape[1] // 2
    corners = [
        pixels[middle:, :centre],
        pixels[middle:, centre:],
        pixels[:middle, :centre],
        pixels[:middle, centre:],
    ]
    weights = [math.exp(float(corner.mean()) / 32) for corner in corners]
    return [weight / sum(weights) for weight in weights]


@dataclass(frozen=True)
class Place:
    """A deployment of the reference server; open where it has no key."""

    key: str | None
    options: WireOptions = PLAIN


class ReferenceServer:
    """Answers requests as plain values; whoever likes puts a socket in front of it."""

    def __init__(self, places: Mapping[str, Place]) -> None:
        self._places = places
        self._keys = {place.key for place in places.values()} - {None}
        self._numbers = count(1)

    def answer(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Answer one request.

        Args:
            method: of HTTP.
            target: path and query.
            headers: names in lower case.
            body: whole.
        """
        number = f"ref-{next(self._numbers)}"
        language = choose(headers.get("accept-language"))
        given = {"Content-Type": CONTENT_TYPE, REQUEST_ID_HEADER: number}
        said: Success | Failure
        options = PLAIN
        try:
            options = self._admit(method, target, headers)
            said = success(LABELS, brightest_corner(_picture(headers, body)))
        except Refused as refused:
            said = failure(refused.code, refused.detail, number, language)
        status, rendered = render(said, options)
        if method != METHOD:
            return 405, {**given, "Allow": METHOD}, rendered
        return status, given, rendered

    def _admit(self, method: str, target: str, headers: Mapping[str, str]) -> WireOptions:
        if method != METHOD:
            raise Refused(Code.BAD_PARAMETER, Detail("只接受 POST。", "Only POST is accepted."))
        parts = urlsplit(target)
        place = self._places.get(name_in_path(parts.path) or "")
        key = sent_key(parts.query, headers)
        if (place.key if place else next(iter(self._keys), None)) not in {key, None}:
            raise Refused(
                Code.BAD_KEY,
                Detail(f"APPK 缺失或无效，请检查 {KEY_HEADER}。", f"The key is missing or wrong; check {KEY_HEADER}."),
            )
        if place is None:
            raise Refused(Code.UPSTREAM, Detail("没有这个服务。", "There is no such deployment."))
        return place.options


def _picture(headers: Mapping[str, str], body: bytes) -> bytes:
    check_content_type(headers.get("content-type"))
    if len(body) > MAX_BODY_BYTES:
        raise Refused(Code.TOO_LARGE, Detail("请求体过大。", "The body is too long; a picture may have 4 MiB."))
    return decode_base64(parse_body(body))
