"""Names in a zip come out right whoever wrote it."""

from __future__ import annotations

import pytest

from fenlei.datasets.archive import decode_names
from fenlei.datasets.zip_directory import UTF8_FLAG


def entry(name: str, encoding: str | None = None) -> tuple[bytes, int]:
    """Name and flags as they lie in a zip: marked as UTF-8, or bytes of which the zip says nothing."""
    return (name.encode(), UTF8_FLAG) if encoding is None else (name.encode(encoding), 0)


@pytest.mark.parametrize(
    ("names", "encoding"),
    [
        (["猫/一.jpg", "狗/二.jpg"], None),
        (["猫/一.jpg", "狗/二.jpg"], "gbk"),
        (["猫/1.jpg", "犬/2.jpg"], "gbk"),  # each of these is valid UTF-8 by accident
        (["蒲公英/a.jpg", "向日葵/b.jpg", "plain/c.jpg"], "gbk"),
        (["猫/一.jpg", "狗/二.jpg"], "utf-8"),
        (["蒲公英/a.jpg"], "utf-8"),
        (["fore\u0302t/1.jpg", "straße/2.jpg"], "utf-8"),
        (["café/1.jpg", "thé/2.jpg"], "utf-8"),  # each é is a common Chinese character in GBK
        (["cats/1.jpg", "dogs/2.jpg"], "ascii"),
    ],
)
def test_names_are_read_as_they_were_written(names: list[str], encoding: str | None) -> None:
    assert decode_names([entry(name, encoding) for name in names]) == names


def test_backslashes_of_windows_are_slashes_and_the_second_byte_of_a_character_is_none() -> None:
    # 乗 ends in 0x5C, the backslash, in GBK.
    assert decode_names([entry("乗\\1.jpg", "gbk"), entry("狗\\2.jpg", "gbk")]) == ["乗/1.jpg", "狗/2.jpg"]
