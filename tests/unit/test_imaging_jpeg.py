"""Every kind of JPEG decodes to upright RGB, or is refused before half a picture is ever shown to a network."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from fenlei.contract.codes import Code
from fenlei.contract.errors import Refused
from fenlei.imaging import decode, read_header
from tests.support.drawing import image, jpeg, pixels
from tests.support.oddities import mpo, turned, with_segment, without_segment


def distance(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """Mean difference in grey levels."""
    assert a.shape == b.shape
    return float(np.abs(a.astype(np.int16) - b).mean())


def refused_as_broken(data: bytes, at_least: tuple[int, int] | None = None) -> bool:
    with pytest.raises(Refused) as caught:
        decode(data, at_least)
    assert caught.value.detail.zh
    return caught.value.code is Code.BAD_TYPE


@pytest.mark.parametrize(
    "options",
    [{}, {"progressive": True}, {"subsampling": 0}, {"subsampling": 2}, {"keep_rgb": True}, {"restart_marker_rows": 1}],
    ids=str,
)
def test_ordinary_jpegs_come_back_as_they_were_drawn(options: dict[str, Any]) -> None:
    out = decode(jpeg(121, 90, seed=3, quality=97, **options))
    assert out.dtype == np.uint8
    assert out.flags.c_contiguous
    assert distance(out, pixels(121, 90, seed=3)) < 2


def test_a_grey_jpeg_becomes_three_equal_channels() -> None:
    out = decode(jpeg(60, 50, "L", quality=97))
    assert (out[..., 0] == out[..., 1]).all()
    assert (out[..., 0] == out[..., 2]).all()
    assert distance(out, np.asarray(image(60, 50, "L").convert("RGB"))) < 2


def test_adobes_inverted_cmyk_and_plain_cmyk_both_show_their_colours() -> None:
    drawn = image(80, 60, "CMYK")
    inverted = jpeg(80, 60, "CMYK", quality=97)  # Pillow writes as Adobe does
    assert read_header(inverted).adobe
    assert distance(decode(inverted), np.asarray(drawn.convert("RGB"))) < 3

    out = io.BytesIO()
    Image.fromarray(255 - np.asarray(drawn), "CMYK").save(out, "JPEG", quality=97)  # undoes the inversion
    plain = without_segment(out.getvalue(), 0xEE)
    assert not read_header(plain).adobe
    assert distance(decode(plain), np.asarray(drawn.convert("RGB"))) < 3


def test_ycck_is_turned_into_inks_first() -> None:
    """Stored inverted, as Adobe does: libjpeg's inks are 255 minus the RGB inside YCC, and light is 255 minus ink."""
    drawn = pixels(80, 60, seed=8)
    planes = np.full((60, 80, 4), 255, np.uint8)
    planes[..., :3] = np.asarray(Image.fromarray(255 - drawn).convert("YCbCr"))
    out = io.BytesIO()
    Image.fromarray(255 - planes, "CMYK").save(out, "JPEG", quality=97)
    data = with_segment(without_segment(out.getvalue(), 0xEE), 0xEE, b"Adobe\0\x64\0\0\0\0\x02")
    assert read_header(data).mode == "ycck"
    assert distance(decode(data), drawn) < 3


def test_colours_sampled_in_an_unusual_way_are_decoded() -> None:
    data = bytearray(jpeg(64, 64, quality=95, subsampling=0))
    frame = data.index(b"\xff\xc0")
    data[frame + 11] = data[frame + 14] = data[frame + 17] = 0x12  # all three components alike: legal, and nobody does
    wide = decode(bytes(data[: frame + 5]) + bytes([0, 64]) + bytes(data[frame + 7 :]))
    assert wide.shape == (64, 64, 3)


def test_the_first_picture_of_an_mpo_is_decoded() -> None:
    assert distance(decode(mpo(90, 60)), pixels(90, 60, seed=0)) < 3


@pytest.mark.parametrize("tail", [bytes(5000), b"\xff\xda" * 3000, jpeg(30, 30)], ids=["zeros", "marks", "picture"])
def test_what_follows_the_end_mark_does_not_matter(tail: bytes) -> None:
    data = jpeg(64, 48)
    np.testing.assert_array_equal(decode(data + tail), decode(data))


def test_junk_between_segments_is_forgiven() -> None:
    data = jpeg(64, 48)
    np.testing.assert_array_equal(decode(data[:20] + b"junk" + data[20:]), decode(data))


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_jpeg_cut_anywhere_is_refused(mode: str, progressive: bool) -> None:
    data = jpeg(160, 120, mode, seed=5, quality=90, progressive=progressive)
    for part in (0.3, 0.5, 0.8, 0.95):
        assert refused_as_broken(data[: int(len(data) * part)])
        assert refused_as_broken(data[: int(len(data) * part)], (20, 20))
    assert refused_as_broken(data[:-4])


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_jpeg_cut_in_the_middle_and_closed_with_an_end_mark_is_refused(mode: str) -> None:
    data = jpeg(160, 120, mode, seed=5, quality=90)
    for part in (0.5, 0.7, 0.9):
        assert refused_as_broken(data[: int(len(data) * part)] + b"\xff\xd9")
        assert refused_as_broken(data[: int(len(data) * part)] + b"\xff\xd9", (20, 20))


def test_a_jpeg_of_headers_only_is_refused() -> None:
    data = jpeg(64, 64)
    assert refused_as_broken(data[: data.index(b"\xff\xda")] + b"\xff\xd9")


def test_twelve_bit_and_lossless_jpegs_are_refused_by_what_they_are() -> None:
    data = bytearray(jpeg(64, 64))
    frame = data.index(b"\xff\xc0")
    for at, value, word in ((frame + 4, 12, "12"), (frame + 1, 0xC3, "lossless")):
        odd = data.copy()
        odd[at] = value
        with pytest.raises(Refused, match=word):
            decode(bytes(odd))


def test_a_file_of_endless_scans_is_refused_before_it_costs_anything() -> None:
    data = jpeg(1024, 1024, progressive=True)
    last = data.rindex(b"\xff\xda")
    with pytest.raises(Refused, match="scans"):
        decode(data[:-2] + data[last:-2] * 500 + data[-2:])


@pytest.mark.parametrize(("width", "height"), [(100, 100), (127, 33), (640, 427), (801, 1203)])
@pytest.mark.parametrize("at_least", [(1, 1), (20, 20), (64, 64), (150, 100), (448, 448)])
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_scaled_decode_is_at_least_as_large_as_asked(
    width: int, height: int, at_least: tuple[int, int], orientation: int
) -> None:
    data = turned(jpeg(width, height), orientation)
    full_width, full_height = read_header(data).upright_size
    rows, columns = decode(data, at_least).shape[:2]
    assert rows >= min(at_least[0], full_height)
    assert columns >= min(at_least[1], full_width)
    assert (rows, columns) in [(-(-full_height // k), -(-full_width // k)) for k in (1, 2, 4, 8)]


def test_a_large_jpeg_is_decoded_no_finer_than_needed() -> None:
    data = jpeg(1600, 1200)
    assert decode(data, (448, 448)).shape == (600, 800, 3)
    assert decode(data, (300, 300)).shape == (300, 400, 3)
    assert decode(data, (100, 100)).shape == (150, 200, 3)


def test_a_scaled_decode_shows_the_same_picture() -> None:
    data = jpeg(800, 600, seed=2, quality=95)
    whole = Image.fromarray(decode(data)).resize((200, 150), Image.Resampling.BOX)
    assert distance(decode(data, (150, 200)), np.asarray(whole)) < 1.5
