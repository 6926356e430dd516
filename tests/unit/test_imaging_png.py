"""Every kind of PNG decodes to upright RGB over white, whole or not at all."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from numpy.typing import NDArray

from fenlei.contract.codes import Code
from fenlei.contract.errors import Refused
from fenlei.imaging import Header, decode
from fenlei.imaging.png_length import stream_bytes
from tests.support.drawing import image, pixels, png
from tests.support.oddities import SIGNATURE, apng, blank_png, chunk, exif_block, ihdr, raw_png

SLOPE16 = np.linspace(0, 65535, 48 * 40).astype(np.uint16).reshape(40, 48)


def grey(samples: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(samples[:, :, None], 3, axis=2)


def assert_refused(data: bytes) -> None:
    with pytest.raises(Refused) as caught:
        decode(data)
    assert caught.value.code is Code.BAD_TYPE


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_opaque_modes_come_back_exactly(mode: str) -> None:
    out = decode(png(61, 47, mode, seed=4))
    assert out.flags.c_contiguous
    np.testing.assert_array_equal(out, np.asarray(image(61, 47, mode, seed=4).convert("RGB")))


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_few_bits_of_grey_spread_over_the_whole_range(bits: int) -> None:
    top = (1 << bits) - 1
    rows = [b"\0" + bytes([value << (8 - bits)]) for value in range(top + 1)]
    data = SIGNATURE + ihdr(1, top + 1, bits, 0) + chunk(b"IDAT", zlib.compress(b"".join(rows))) + chunk(b"IEND", b"")
    assert decode(data)[:, 0, 0].tolist() == [value * 255 // top for value in range(top + 1)]


def test_sixteen_bit_grey_is_scaled_and_never_clipped() -> None:
    out = decode(raw_png(SLOPE16, 0, bits=16))
    np.testing.assert_allclose(out, grey((SLOPE16 / 257).astype(np.uint8)), atol=1)
    assert (out.min(), out.max()) == (0, 255)


def test_sixteen_bit_grey_and_the_same_in_rgb_look_alike() -> None:
    in_rgb = raw_png(np.repeat(SLOPE16[:, :, None], 3, axis=2), 2, bits=16)
    np.testing.assert_array_equal(decode(in_rgb), decode(raw_png(SLOPE16, 0, bits=16)))


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("colour", [4, 6])
def test_transparency_is_laid_over_white(colour: int, bits: int) -> None:
    top = (1 << bits) - 1
    channels = 2 if colour == 4 else 4
    samples = np.zeros((3, 40, channels), np.uint16)
    samples[0, :, -1], samples[1, :, -1], samples[2, :, -1] = 0, top // 2, top
    out = decode(raw_png(samples, colour, bits))
    np.testing.assert_allclose(out[:, 0, 0], [255, 128, 0], atol=1)


def test_a_palette_with_transparency_is_laid_over_white() -> None:
    indices = np.array([[0, 1, 2, 3]], np.uint8)
    palette = chunk(b"PLTE", bytes([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9]))
    out = decode(raw_png(indices, 3, extra=[palette, chunk(b"tRNS", bytes([255, 0, 128]))]))
    assert out[0].tolist() == [[255, 0, 0], [255, 255, 255], [127, 127, 255], [9, 9, 9]]


def test_an_index_beyond_the_palette_is_black() -> None:
    out = decode(raw_png(np.array([[0, 200]], np.uint8), 3, extra=[chunk(b"PLTE", bytes([1, 2, 3]))]))
    assert out[0].tolist() == [[1, 2, 3], [0, 0, 0]]


def test_the_one_transparent_colour_of_an_opaque_picture_is_white() -> None:
    key = chunk(b"tRNS", bytes([0, 7]))
    assert decode(raw_png(np.array([[7, 8]], np.uint8), 0, extra=[key]))[0, :, 0].tolist() == [255, 8]
    key = chunk(b"tRNS", bytes([0, 1, 0, 2, 0, 3]))
    out = decode(raw_png(np.array([[[1, 2, 3], [1, 2, 4]]], np.uint8), 2, extra=[key]))
    assert out[0].tolist() == [[255, 255, 255], [1, 2, 4]]
    key = chunk(b"tRNS", bytes([1, 2]))
    assert decode(raw_png(np.array([[0x102, 0x103]]), 0, 16, extra=[key]))[0, :, 0].tolist() == [255, 1]


def test_the_default_image_of_an_animation_is_the_picture() -> None:
    first, second = pixels(50, 40, seed=1), pixels(50, 40, seed=2)
    np.testing.assert_array_equal(decode(apng(first, second)), first)


def test_an_interlaced_picture_is_decoded() -> None:
    """Adam7 of one pixel has one pass with one row."""
    stream = zlib.compress(b"\0" + bytes([10, 20, 30]))
    data = SIGNATURE + ihdr(1, 1, 8, 2, interlace=1) + chunk(b"IDAT", stream) + chunk(b"IEND", b"")
    assert decode(data)[0, 0].tolist() == [10, 20, 30]


def test_pixels_may_come_in_many_chunks() -> None:
    drawn = pixels(40, 40)
    data = raw_png(drawn, 2)
    start, end = data.index(b"IDAT") + 4, len(data) - 16
    stream = data[start:end]
    many = b"".join(chunk(b"IDAT", stream[i : i + 7]) for i in range(0, len(stream), 7))
    np.testing.assert_array_equal(decode(data[: start - 8] + many + data[-12:]), drawn)


def test_the_orientation_of_a_png_is_applied() -> None:
    drawn = pixels(50, 40)
    out = decode(raw_png(drawn, 2, extra=[chunk(b"eXIf", exif_block(3))]))
    np.testing.assert_array_equal(out, drawn[::-1, ::-1])


def test_a_text_chunk_that_would_swell_to_gigabytes_stays_packed() -> None:
    packer = zlib.compressobj(9)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(64)) + packer.flush()
    drawn = pixels(40, 40)
    out = decode(raw_png(drawn, 2, extra=[chunk(b"zTXt", b"Comment\0\0" + bomb), chunk(b"iCCP", b"x\0\0" + bomb)]))
    np.testing.assert_array_equal(out, drawn)


def test_a_picture_that_unpacks_to_more_rows_than_it_says_gives_just_those() -> None:
    stream = zlib.compress(b"".join(b"\0" + bytes([9] * 40) for _ in range(100_000)))
    data = SIGNATURE + ihdr(40, 40, 8, 0) + chunk(b"IDAT", stream) + chunk(b"IEND", b"")
    assert decode(data).shape == (40, 40, 3)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_png_cut_anywhere_is_refused(mode: str) -> None:
    data = png(61, 47, mode)
    for end in (len(data) // 2, len(data) - 13, len(data) - 12, len(data) - 1):
        assert_refused(data[:end])


def test_a_flipped_bit_anywhere_in_the_pixels_is_refused() -> None:
    data = bytearray(png(61, 47))
    for at in range(data.index(b"IDAT") + 4, len(data) - 16, 97):
        data[at] ^= 1
        assert_refused(bytes(data))
        data[at] ^= 1
    decode(bytes(data))


@pytest.mark.parametrize(
    "stream",
    [b"", b"no zlib", zlib.compress(b""), zlib.compress(bytes(41) * 39), zlib.compress(b"\x09" + bytes(40 * 41))],
    ids=["empty", "not zlib", "no rows", "a row short", "unknown filter"],
)
def test_pixels_that_do_not_fill_the_picture_are_refused(stream: bytes) -> None:
    assert_refused(SIGNATURE + ihdr(40, 40, 8, 0) + chunk(b"IDAT", stream) + chunk(b"IEND", b""))


@pytest.mark.parametrize("interlace", [0, 1])
@pytest.mark.parametrize(
    ("mode", "colour", "bits"),
    [
        ("1", 0, 1),
        ("L", 0, 8),
        ("I;16", 0, 16),
        ("RGB", 2, 8),
        ("P", 3, 4),
        ("LA", 4, 8),
        ("LA", 4, 16),
        ("RGBA", 6, 8),
    ],
    ids=str,
)
def test_a_stream_that_ends_in_good_order_but_a_row_short_is_refused(
    mode: str, colour: int, bits: int, interlace: int
) -> None:
    header = Header("PNG", 33, 21, mode=mode, bits=bits, progressive=bool(interlace))
    full = stream_bytes(header)
    palette = chunk(b"PLTE", bytes(3))
    row = 1 + -(
        -33 * bits * {"LA": 2, "RGB": 3, "RGBA": 4}.get(mode, 1) // 8
    )  # of an interlaced picture's last pass too
    for missing in (0, 1, row, 2 * row):
        stream = zlib.compress(bytes(full - missing))
        data = SIGNATURE + ihdr(33, 21, bits, colour, interlace) + palette + chunk(b"IDAT", stream)
        data += chunk(b"IEND", b"")
        if missing:
            assert_refused(data)
        else:
            assert decode(data).shape == (21, 33, 3)


def test_a_last_row_of_any_colour_is_no_missing_row() -> None:
    for colour, value in ((0, [113]), (2, [113, 17, 211]), (6, [113, 17, 211, 19])):
        assert decode(raw_png(np.tile(np.array(value, np.uint8), (40, 40, 1)), colour)).shape == (40, 40, 3)
    assert decode(png(40, 40, "1")).shape == (40, 40, 3)


def test_a_palette_picture_without_palette_or_pixels_is_refused() -> None:
    assert_refused(raw_png(np.zeros((40, 40), np.uint8), 3))
    assert_refused(SIGNATURE + ihdr(40, 40, 8, 2) + chunk(b"IEND", b""))


@pytest.mark.parametrize(("colour", "bits"), [(6, 16), (2, 8), (0, 16), (3, 8)])
def test_a_bomb_is_refused_by_its_header(colour: int, bits: int) -> None:
    assert_refused(SIGNATURE + ihdr(60_000, 60_000, bits, colour) + chunk(b"PLTE", bytes(3)) + chunk(b"IDAT", b"x"))


@pytest.mark.parametrize(("width", "height"), [(900, 700), (701, 1999)])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "I;16"])
def test_a_shrunken_decode_is_the_mean_and_at_least_as_large_as_asked(mode: str, width: int, height: int) -> None:
    data = png(width, height, mode)
    full, small = decode(data), decode(data, (200, 150))
    assert small.shape[0] >= 200
    assert small.shape[1] >= 150
    assert small.shape[0] < height
    k = -(-height // small.shape[0])
    rows, columns = height // k, width // k
    means = full[: rows * k, : columns * k].reshape(rows, k, columns, k, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(small[:rows, :columns], means, atol=1)


def test_bands_leave_no_seams() -> None:
    drawn = pixels(1500, 2100, seed=6)
    np.testing.assert_array_equal(decode(raw_png(drawn, 2)), drawn)
    assert decode(blank_png(2100, 1500, 4, 8)).min() == 255
