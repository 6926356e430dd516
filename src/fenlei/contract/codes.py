"""Every code an answer can carry, with the source document's message to the letter."""

from __future__ import annotations

from enum import Enum


class Code(Enum):
    """A result code. `Code(10310)` finds one by its number; messages never change with the caller's language."""

    message: str
    http_status: int
    rest_status: int

    def __new__(cls, number: int, message: str = "", http_status: int = 200, rest_status: int = 200) -> Code:
        code = object.__new__(cls)
        code._value_ = number
        code.message = message
        code.http_status = http_status
        code.rest_status = rest_status
        return code

    #                    number  message               status  status where REST statuses are asked for
    SUCCESS = (10000, "", 200, 200)
    MISSING_PARAMETER = (10310, "缺少必要参数", 200, 400)
    BAD_PARAMETER = (10311, "参数有误", 200, 400)
    BAD_TYPE = (10440, "图片类型错误", 200, 415)
    TOO_LARGE = (10441, "图片大小超过限制", 200, 413)
    BAD_PIXELS = (10442, "图片像素超过限制", 200, 422)
    BAD_RATIO = (10443, "图片比例超过限制", 200, 422)
    INTERNAL = (-2, "服务器内部错误", 200, 500)
    BAD_KEY = (2000, "用户APPK错误", 200, 401)
    UPSTREAM = (1100, "API返回消息不是200", 200, 502)
    GATEWAY = (2100, "网关内部异常", 200, 500)

    # Ours, not in the source document.
    TOO_MANY_REQUESTS = (2001, "请求过于频繁", 429, 429)
    QUOTA_USED_UP = (2002, "调用额度已用完", 429, 429)
    OVERLOADED = (2003, "服务繁忙", 503, 503)

    @property
    def number(self) -> int:
        """The number on the wire."""
        return int(self.value)

    @property
    def documented(self) -> bool:
        """Whether the source document lists this code."""
        return self.number not in {2001, 2002, 2003}

    @property
    def from_gateway(self) -> bool:
        """Whether the gateway says this code, and not the model service behind it."""
        return self.number in {1100, 2000, 2001, 2002, 2003, 2100}
