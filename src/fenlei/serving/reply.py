"""An answer as it leaves by HTTP."""

from __future__ import annotations

import msgspec

from fenlei.contract import CONTENT_TYPE, Code, Detail, Failure, Language, Success, WireOptions, failure, render
from fenlei.serving.errors import Overloaded


class Reply(msgspec.Struct, frozen=True):
    """Status, headers and body, and what the figures need to know about them.

    Attributes:
        status: of HTTP.
        body: JSON, but for the page of figures.
        code: of the contract, for metrics and logs.
        content_type: of the body.
        headers: beside Content-Type, Content-Length and X-Request-Id, which every answer has.
        deployment: its name once it is known to exist; empty before that, so that strangers name no figures.
    """

    status: int
    body: bytes
    code: int
    content_type: bytes = CONTENT_TYPE.encode()
    headers: tuple[tuple[bytes, bytes], ...] = ()
    deployment: str = ""


def reply_with(answer: Success | Failure, options: WireOptions, deployment: str = "") -> Reply:
    """Write an answer the way its deployment wants it."""
    status, body = render(answer, options)
    return Reply(status, body, answer.code, deployment=deployment)


def busy(
    overloaded: Overloaded, request_id: str, language: Language, options: WireOptions, deployment: str = ""
) -> Reply:
    """Say 2003, and when to come back."""
    after = overloaded.retry_after
    detail = Detail(
        f"服务器当前请求过多，请在 {after} 秒后重试。", f"The server has too much to do; try again in {after} s."
    )
    status, body = render(failure(Code.OVERLOADED, detail, request_id, language), options)
    headers = ((b"retry-after", b"%d" % after),)
    return Reply(status, body, Code.OVERLOADED.number, headers=headers, deployment=deployment)
