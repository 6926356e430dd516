"""Headers are read by content, exactly, and without ever reading past the file."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenlei.contract.codes import Code
from fenlei.contract.errors import Refused
from fenlei.imaging import Header, read_header
from tests.support.drawing import image, jpeg, png
from tests.support.oddities import (
    SIGNATURE,
    chunk,
    exif_block,
    ihdr,
    jpeg_segment,
    mpo,
    saved,
    turned,
    with_segment,
    without_segment,
)


def refusal(data: bytes) -> Refused:
    with pytest.raises(Refused) as caught:
        read_header(data)
    return caught.value


@pytest.mark.parametrize(
    ("pillow_mode", "mode"), [("L", "grey"), ("RGB", "ycbcr"), ("CMYK", "cmyk")], ids=["grey", "ycbcr", "cmyk"]
)
def test_a_jpeg_says_its_size_and_colours(pillow_mode: str, mode: str) -> None:
    header = read_header(jpeg(61, 40, pillow_mode))
    assert (header.format, header.width, header.height, header.mode) == ("JPEG", 61, 40, mode)
    assert (header.bits, header.progressive, header.orientation) == (8, False, 1)


def test_a_jpeg_kept_in_rgb_is_told_from_ycbcr() -> None:
    assert read_header(jpeg(40, 40, keep_rgb=True)).mode == "rgb"


def test_adobes_transform_byte_tells_ycck_from_cmyk() -> None:
    plain = without_segment(jpeg(40, 40, "CMYK"), 0xEE)
    adobe = b"Adobe\0\x64\0\0\0\0"
    assert read_header(with_segment(plain, 0xEE, adobe + b"\x02")).mode == "ycck"
    assert read_header(with_segment(plain, 0xEE, adobe + b"\x00")).mode == "cmyk"
    assert read_header(with_segment(plain, 0xEE, adobe + b"\x00")).adobe
    assert not read_header(plain).adobe


def test_a_progressive_jpeg_is_known_before_decoding() -> None:
    assert read_header(jpeg(64, 64, progressive=True)).progressive


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_read_in_both_byte_orders(orientation: int, order: str) -> None:
    header = read_header(turned(jpeg(60, 40), orientation, order))
    assert header.orientation == orientation
    assert header.upright_size == ((40, 60) if orientation >= 5 else (60, 40))


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_means_upright(value: int) -> None:
    assert read_header(turned(jpeg(60, 40), value)).orientation == 1


@given(st.binary(max_size=60))
def test_any_rubbish_in_exif_means_upright(rubbish: bytes) -> None:
    data = with_segment(jpeg(30, 30), 0xE1, b"Exif\0\0II*\x00" + rubbish)
    assert 1 <= read_header(data).orientation <= 8


def test_a_thumbnail_inside_exif_does_not_lend_its_size() -> None:
    data = with_segment(jpeg(200, 100), 0xE1, b"Exif\0\0" + exif_block(1) + jpeg(16, 16))
    assert read_header(data).upright_size == (200, 100)


def test_junk_between_segments_is_stepped_over_as_decoders_do() -> None:
    data = jpeg(50, 40)
    after_jfif = 20
    odd = data[:after_jfif] + b"\x00\xff\x00junk\xff\xff\xff" + data[after_jfif:]
    assert read_header(odd).upright_size == (50, 40)


def test_the_first_picture_of_an_mpo_is_the_picture() -> None:
    header = read_header(mpo(70, 50))
    assert (header.format, header.width, header.height) == ("JPEG", 70, 50)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_png_says_its_size_and_layout(mode: str) -> None:
    header = read_header(png(61, 40, mode))
    assert (header.format, header.width, header.height, header.mode) == ("PNG", 61, 40, mode)


def test_an_orientation_in_png_is_read_before_and_after_the_pixels() -> None:
    data, block = png(60, 40), chunk(b"eXIf", exif_block(6))
    after_ihdr, before_iend = len(SIGNATURE) + 25, len(data) - 12
    for at in (after_ihdr, before_iend):
        assert read_header(data[:at] + block + data[at:]).upright_size == (40, 60)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("GIF", saved(image(40, 40), "GIF")),
        ("BMP", saved(image(40, 40), "BMP")),
        ("TIFF", saved(image(40, 40), "TIFF")),
        ("WebP", saved(image(40, 40), "WEBP")),
        ("HEIC", b"\0\0\0\x18ftypheic" + bytes(16)),
    ],
)
def test_another_format_is_refused_by_name_whatever_the_file_is_called(name: str, data: bytes) -> None:
    refused = refusal(data)
    assert refused.code is Code.BAD_TYPE
    assert name in refused.detail.zh
    assert name in refused.detail.en
    assert "PNG" in refused.detail.zh


@pytest.mark.parametrize("data", [b"", b"\xff", b"\xff\xd8", b"hello", bytes(100), b"\xff\xd8\x00\xff" + bytes(40)])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    assert refusal(data).code is Code.BAD_TYPE


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8" + jpeg_segment(0xC0, b""),
        b"\xff\xd8" + jpeg_segment(0xC0, struct.pack(">BHHB", 8, 40, 40, 3)),
        b"\xff\xd8" + jpeg_segment(0xC0, struct.pack(">BHHB", 8, 0, 40, 1) + b"\1\x11\0"),
        b"\xff\xd8" + jpeg_segment(0xC0, struct.pack(">BHHB", 8, 40, 0, 1) + b"\1\x11\0"),
        b"\xff\xd8\xff\xe0\x00\x00" + jpeg(40, 40)[2:],
        SIGNATURE,
        SIGNATURE + chunk(b"IDAT", b""),
        SIGNATURE + ihdr(0, 40, 8, 2),
        SIGNATURE + ihdr(40, 40, 3, 2),
        SIGNATURE + ihdr(40, 40, 8, 1),
        SIGNATURE + ihdr(40, 40, 8, 2, interlace=2),
        SIGNATURE + ihdr(40, 40, 8, 2)[:-1] + b"?",
    ],
)
def test_a_header_without_a_usable_size_is_refused(data: bytes) -> None:
    assert refusal(data).code is Code.BAD_TYPE


@pytest.mark.parametrize("whole", [turned(jpeg(60, 40), 6), png(60, 40)], ids=["JPEG", "PNG"])
def test_a_file_cut_anywhere_gives_the_same_header_or_a_refusal(whole: bytes) -> None:
    full = read_header(whole)
    for length in range(700):
        try:
            header = read_header(whole[:length])
        except Refused as refused:
            assert refused.code is Code.BAD_TYPE  # noqa: PT017
        else:
            assert (header.width, header.height) == (full.width, full.height)


@given(st.binary(max_size=200))
def test_random_bytes_after_a_signature_never_surprise(rubbish: bytes) -> None:
    for start in (b"\xff\xd8\xff", SIGNATURE, SIGNATURE + ihdr(40, 40, 8, 2)):
        try:
            assert isinstance(read_header(start + rubbish), Header)
        except Refused as refused:
            assert refused.code is Code.BAD_TYPE  # noqa: PT017


def test_a_million_tiny_segments_end_quickly() -> None:
    many = b"\xff\xe0\x00\x02" * 1_000_000
    assert refusal(b"\xff\xd8" + many).code is Code.BAD_TYPE
    assert refusal(b"\xff\xd8" + many + jpeg(40, 40)[2:]).code is Code.BAD_TYPE  # nobody looks that far


def test_of_two_frame_headers_the_first_counts() -> None:
    data = jpeg(50, 40)
    second = jpeg_segment(0xC0, struct.pack(">BHHB", 8, 99, 99, 1) + b"\1\x11\0")
    at = data.index(b"\xff\xda")
    assert read_header(data[:at] + second + data[at:]).upright_size == (50, 40)
