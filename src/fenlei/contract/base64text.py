"""Turn the base64 text of a request into the bytes of a picture file, as every common encoder writes it."""

from __future__ import annotations

import binascii
import re

from fenlei.contract.codes import Code
from fenlei.contract.errors import Detail, Refused

_WHITE_SPACE = b" \t\r\n\v\f"
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_PREFIX = re.compile(r"\s*(?:data:|[\w./+;=-]{0,200};base64,)", re.IGNORECASE)


def decode_base64(text: str) -> bytes:
    """Decode base64 with or without white space, `=` padding, and in the standard or the URL-safe alphabet.

    Raises:
        Refused: 10311 when the text is anything else; a `data:image/…;base64,` prefix is named as such.
    """
    if _PREFIX.match(text):
        raise Refused(
            Code.BAD_PARAMETER,
            Detail(
                "base64 的值带有“data:image/…;base64,”图片头，请去掉图片头，只保留逗号之后的编码内容。",
                "The base64 text begins with a data:image/…;base64, prefix; remove it and send what follows the comma.",
            ),
        )
    try:
        packed = text.encode("ascii").translate(_TO_STANDARD, _WHITE_SPACE)
    except UnicodeEncodeError as error:
        raise _not_base64(
            f"第 {error.start + 1} 个字符不属于 base64", f"character {error.start + 1} does not belong to base64"
        ) from None
    if not packed:
        raise _not_base64("其中只有空白字符", "it is white space only")
    digits = len(packed.rstrip(b"="))
    padding, wanted = len(packed) - digits, -digits % 4
    if wanted == 3:
        raise _not_base64(
            f"共 {digits} 个编码字符，长度不完整，可能被截断",
            f"its length of {digits} characters cannot be; it may be cut off",
        )
    if padding > wanted:
        raise _not_base64("末尾的“=”过多", "it ends in too many = signs")
    try:
        return binascii.a2b_base64(packed + b"=" * (wanted - padding), strict_mode=True)
    except binascii.Error:
        raise _not_base64("含有 base64 以外的字符", "it holds characters that do not belong to base64") from None


def _not_base64(zh: str, en: str) -> Refused:
    return Refused(
        Code.BAD_PARAMETER,
        Detail(
            f"base64 的值不是合法的 base64 编码：{zh}。应为图片文件的 base64 编码，不带图片头。",
            f"The field base64 does not hold valid base64: {en}. Send the picture file in base64, without a prefix.",
        ),
    )
