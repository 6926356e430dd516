"""Training takes more formats than the contract; all come out as the same upright RGB."""

from __future__ import annotations

import struct
import sys
import warnings
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fenlei.contract.errors import Refused
from fenlei.imaging import InputSpec, Unreadable, decode, decode_for_training, prepare_for_training
from tests.support.drawing import image, jpeg, pixels, png
from tests.support.oddities import saved


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "tiff_adobe_deflate"}),
        ("WEBP", {"lossless": True}),
    ],
    ids=str,
)
def test_lossless_formats_come_back_exactly(name: str, options: dict[str, Any]) -> None:
    data = saved(image(61, 40, seed=3), name, **options)
    out = decode_for_training(data)
    assert out.flags.c_contiguous
    np.testing.assert_array_equal(out, pixels(61, 40, seed=3))
    with pytest.raises(Refused):
        decode(data)  # a caller may not send it


def test_the_first_frame_of_a_gif_is_the_picture() -> None:
    frames = [image(40, 30, "P", seed) for seed in (1, 2)]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(decode_for_training(data), np.asarray(frames[0].convert("RGB")))


def test_transparency_is_laid_over_white_in_every_format() -> None:
    clear = Image.new("RGBA", (40, 30), (200, 0, 0, 0))
    for name in ("WEBP", "TIFF", "GIF"):
        assert decode_for_training(saved(clear, name, **({"lossless": True} if name == "WEBP" else {}))).min() == 255


def test_sixteen_bit_grey_tiff_is_scaled() -> None:
    samples = np.linspace(0, 65535, 1200).astype(np.uint16).reshape(30, 40)
    out = decode_for_training(saved(Image.fromarray(samples), "TIFF"))
    np.testing.assert_allclose(out[..., 1], samples / 257, atol=1)


def test_floating_point_pixels_are_refused_because_nobody_knows_their_white() -> None:
    data = saved(Image.fromarray(np.ones((30, 40), np.float32)), "TIFF")
    with pytest.raises(Unreadable, match="floating-point"):
        decode_for_training(data)


def test_the_orientation_of_a_tiff_and_a_webp_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    for name, options in (("TIFF", {}), ("WEBP", {"lossless": True})):
        out = decode_for_training(saved(image(60, 40), name, exif=exif, **options))
        np.testing.assert_array_equal(out, np.rot90(pixels(60, 40), -1))


@pytest.mark.parametrize("data", [jpeg(100, 60), png(100, 60, "RGBA")], ids=["JPEG", "PNG"])
def test_jpeg_and_png_go_through_the_same_decode_as_in_serving(data: bytes) -> None:
    np.testing.assert_array_equal(decode_for_training(data), decode(data))


@pytest.mark.parametrize("name", ["BMP", "GIF", "TIFF", "WEBP"])
def test_a_file_cut_in_half_is_unreadable(name: str) -> None:
    data = saved(image(200, 150), name)
    with pytest.raises(Unreadable):
        decode_for_training(data[: len(data) // 2])


def test_a_bomb_of_another_format_is_unreadable_before_it_is_unpacked() -> None:
    header = (
        b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + struct.pack("<IiiHHIIiiII", 40, 40_000, 40_000, 1, 24, *[0] * 6)
    )
    with pytest.raises(Unreadable, match="40000×40000"):
        decode_for_training(header)


def test_odd_metadata_raises_no_warning_in_the_trainers_terminal() -> None:
    text_far_behind_the_end = struct.pack("<HHII", 270, 2, 100, 0x7FFFFF00)
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + text_far_behind_the_end + bytes(4)
    data = saved(image(40, 30), "WEBP", exif=exif)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        decode_for_training(data)


@pytest.mark.parametrize(("tag", "value"), [(273, 100_000), (277, 65_535)], ids=["strip behind the end", "samples"])
def test_what_the_decoders_remark_on_a_damaged_tiff_stays_out_of_the_terminal(
    tag: int, value: int, capfd: pytest.CaptureFixture[str]
) -> None:
    data = bytearray(saved(image(64, 48), "TIFF", compression="tiff_lzw"))
    (directory,) = struct.unpack_from("<I", data, 4)
    struct.pack_into("<I", data, data.index(struct.pack("<H", tag), directory) + 8, value)
    with pytest.raises(Unreadable):
        decode_for_training(bytes(data))
    assert capfd.readouterr() == ("", "")


def test_a_format_that_is_not_taken_is_named() -> None:
    with pytest.raises(Unreadable, match=r"The content is AVIF\. JPEG"):
        decode_for_training(b"\0\0\0\x18ftypavif" + bytes(16))


def test_heic_without_its_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(Unreadable, match="pip install pillow-heif"):
        decode_for_training(b"\0\0\0\x18ftypheic" + bytes(16))


def test_every_format_reaches_the_network_input() -> None:
    spec = InputSpec(height=32, width=32)
    for name in ("BMP", "GIF", "TIFF", "WEBP"):
        assert prepare_for_training(saved(image(90, 400), name), spec).shape == (32, 32, 3)
