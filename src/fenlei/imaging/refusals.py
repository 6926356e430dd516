"""The sentences a caller reads when a picture is refused: what was found, and what is allowed."""

from __future__ import annotations

from fenlei.contract.codes import Code
from fenlei.contract.errors import Detail, Refused
from fenlei.contract.limits import MAX_FILE_BYTES, MAX_RATIO, MAX_SIDE, MIN_SIDE


def empty() -> Refused:
    """The picture has no bytes at all."""
    return Refused(
        Code.BAD_TYPE,
        Detail("图片内容为空；请传入 JPEG 或 PNG 图片。", "The picture is empty; send a JPEG or PNG picture."),
    )


def foreign(name: str | None) -> Refused:
    """The content is neither JPEG nor PNG; `name` is the format it is, where that is known."""
    zh = f"图片内容是 {name} 格式" if name else "内容不是可识别的图片"
    en = f"The content is a {name} file" if name else "The content is no picture that could be recognised"
    return Refused(
        Code.BAD_TYPE,
        Detail(
            f"{zh}；只支持 JPG、JPEG、PNG（按文件内容判断，不看文件名）。",
            f"{en}; only JPEG and PNG are accepted (judged by content, not by name).",
        ),
    )


def no_header(name: str, zh: str, en: str) -> Refused:
    """The content begins like a JPEG or PNG, but its size cannot be read."""
    return Refused(
        Code.BAD_TYPE,
        Detail(
            f"{name} 图片的文件头无法读取：{zh}；请传入完整的 JPEG 或 PNG 图片。",
            f"The header of this {name} picture cannot be read: {en}; send a complete JPEG or PNG picture.",
        ),
    )


def broken(name: str, zh: str, en: str) -> Refused:
    """The header is fine, but the pixels cannot be decoded to the last row."""
    return Refused(
        Code.BAD_TYPE,
        Detail(
            f"{name} 图片已损坏或不完整：{zh}；请传入能够完整解码的 JPEG 或 PNG 图片。",
            f"This {name} picture is damaged or incomplete: {en}; send a JPEG or PNG picture that decodes to its "
            "last row.",
        ),
    )


def cut_short(name: str) -> Refused:
    """The decoder did not reach the last row."""
    return broken(name, "数据在最后一行之前中断或无法解码", "its data ends or fails before the last row")


def unsupported(name: str, zh: str, en: str) -> Refused:
    """A sound file of a kind that cannot be decoded here."""
    return Refused(
        Code.BAD_TYPE,
        Detail(
            f"不支持这种 {name} 图片：{zh}；请另存为普通的 8 位 JPEG 或 PNG。",
            f"This kind of {name} picture is not supported: {en}; save it as an ordinary 8-bit JPEG or PNG.",
        ),
    )


def too_heavy(width: int, height: int) -> Refused:
    """Decoding would need more memory than one picture may take."""
    return Refused(
        Code.BAD_TYPE,
        Detail(
            f"图片为 {width}×{height} 像素，解码所需内存超过限制；请缩小后再试。",
            f"The picture is {width}×{height} pixels and would need more memory to decode than one picture may take; "
            "make it smaller.",
        ),
    )


def too_large(size: int) -> Refused:
    """The file has more bytes than the contract allows."""
    return Refused(
        Code.TOO_LARGE,
        Detail(
            f"图片文件为 {size:,} 字节；最大允许 {MAX_FILE_BYTES:,} 字节（4 MB）。",
            f"The picture file has {size:,} bytes; at most {MAX_FILE_BYTES:,} bytes (4 MB) are allowed.",
        ),
    )


def bad_pixels(width: int, height: int) -> Refused:
    """A side is shorter or longer than the contract allows."""
    return Refused(
        Code.BAD_PIXELS,
        Detail(
            f"图片为 {width}×{height} 像素；每边须在 {MIN_SIDE} 到 {MAX_SIDE} 像素之间。",
            f"The picture is {width}×{height} pixels; each side must have {MIN_SIDE} to {MAX_SIDE} pixels.",
        ),
    )


def bad_ratio(width: int, height: int) -> Refused:
    """The picture is longer and thinner than the contract allows."""
    ratio = max(width, height) / min(width, height)
    return Refused(
        Code.BAD_RATIO,
        Detail(
            f"图片为 {width}×{height} 像素，长宽比约 {ratio:.3g}:1；长边不得超过短边的 {MAX_RATIO} 倍。",
            f"The picture is {width}×{height} pixels, a ratio of about {ratio:.3g}:1; the longer side may be at most "
            f"{MAX_RATIO} times the shorter.",
        ),
    )
