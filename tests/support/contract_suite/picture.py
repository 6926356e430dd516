"""The picture: size of the file, type, damage, pixels, ratio, orientation, colour."""

from __future__ import annotations

import functools
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from fenlei.contract import Code
from tests.support import drawing
from tests.support.contract_suite.asking import (
    JSON,
    SMALL,
    Asking,
    Predict,
    body_of,
    expect_failure,
    expect_success,
)

UPRIGHT = drawing.image(80, 48, seed=3)
PLAIN_PNG = drawing.encoded(UPRIGHT, "PNG")
BASELINE = drawing.jpeg(96, 64, quality=90)
GREY = UPRIGHT.convert("L")
PALETTE = UPRIGHT.convert("P", palette=Image.Palette.ADAPTIVE, colors=64)


def _half_transparent() -> Image.Image:
    """A picture whose left half cannot be seen."""
    picture = UPRIGHT.convert("RGBA")
    alpha = np.full((48, 80), 255, np.uint8)
    alpha[:, :40] = 0
    picture.putalpha(Image.fromarray(alpha))
    return picture


def _over_white(picture: Image.Image) -> Image.Image:
    ground = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(ground, picture.convert("RGBA")).convert("RGB")


SEE_THROUGH = _half_transparent()
SEE_THROUGH_GREY = Image.merge("LA", (GREY, SEE_THROUGH.getchannel("A")))
FADED = drawing.encoded(PALETTE, "PNG", transparency=bytes([0, 128] * 32))

ACCEPTED: dict[str, bytes] = {
    "JFIF": BASELINE,
    "EXIF": drawing.jpeg(64, 48, exif=drawing.orientation(1)),
    "progressive": drawing.jpeg(64, 48, progressive=True),
    "optimised, no subsampling": drawing.jpeg(64, 48, optimize=True, subsampling=0),
    "grey JPEG": drawing.jpeg(64, 48, mode="L"),
    "Adobe CMYK": drawing.jpeg(64, 48, mode="CMYK"),
    "MPO": drawing.encoded(UPRIGHT, "MPO", save_all=True, append_images=[drawing.image(80, 48, seed=9)]),
    "PNG": PLAIN_PNG,
    "APNG": drawing.encoded(UPRIGHT, "PNG", save_all=True, append_images=[drawing.image(80, 48, seed=9)]),
    "black and white PNG": drawing.encoded(UPRIGHT.convert("1"), "PNG"),
    "grey and alpha PNG": drawing.encoded(SEE_THROUGH_GREY, "PNG"),
    "palette PNG": drawing.encoded(PALETTE, "PNG"),
    "palette PNG with transparency": drawing.encoded(PALETTE, "PNG", transparency=3),
    "RGBA PNG": drawing.encoded(SEE_THROUGH, "PNG"),
    "16-bit RGB PNG": drawing.png_rgb16(64, 48),
}
FOREIGN: dict[str, bytes] = {
    "GIF": drawing.encoded(UPRIGHT, "GIF"),
    "BMP": drawing.encoded(UPRIGHT, "BMP"),
    "TIFF": drawing.encoded(UPRIGHT, "TIFF"),
    "WebP": drawing.encoded(UPRIGHT, "WEBP"),
    "ICO": drawing.encoded(UPRIGHT, "ICO"),
    "PPM": drawing.encoded(UPRIGHT, "PPM"),
    "JPEG 2000": drawing.encoded(UPRIGHT, "JPEG2000"),
    "PDF": drawing.encoded(UPRIGHT, "PDF"),
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"/>',
    "text": b"cat.jpg",
    "one byte": b"\xff",
    "the start of a JPEG": b"\xff\xd8\xff",
    "the start of a PNG": PLAIN_PNG[:8],
    "zeros": bytes(1000),
}


def _damaged_inside(png: bytes) -> bytes:
    """The PNG with its pixels cut off inside the compressed stream, all chunks whole."""
    at = png.index(b"IDAT")
    (length,) = struct.unpack(">I", png[at - 4 : at])
    data = png[at + 4 : at + 4 + length][: length // 2]
    chunk = struct.pack(">I", len(data)) + b"IDAT" + data + struct.pack(">I", zlib.crc32(b"IDAT" + data))
    return png[: at - 4] + chunk + png[at + 8 + length :]


BROKEN: dict[str, bytes] = {
    "half a JPEG": BASELINE[: len(BASELINE) // 2],
    "a JPEG without its last quarter": BASELINE[: len(BASELINE) * 3 // 4],
    "half a progressive JPEG": (progressive := drawing.jpeg(96, 64, progressive=True))[: len(progressive) // 3],
    "a JPEG of headers only": BASELINE[: BASELINE.index(b"\xff\xda")],
    "half a PNG": PLAIN_PNG[: len(PLAIN_PNG) // 2],
    "a PNG of headers only": PLAIN_PNG[: PLAIN_PNG.index(b"IDAT") - 4],
    "a PNG whose stream ends early": _damaged_inside(PLAIN_PNG),
}

SIZES: dict[tuple[int, int], Code] = {
    (30, 30): Code.SUCCESS,
    (29, 30): Code.BAD_PIXELS,
    (30, 29): Code.BAD_PIXELS,
    (29, 29): Code.BAD_PIXELS,
    (1, 1): Code.BAD_PIXELS,
    (4096, 4096): Code.SUCCESS,
    (4097, 4096): Code.BAD_PIXELS,
    (4096, 4097): Code.BAD_PIXELS,
    (4097, 1500): Code.BAD_PIXELS,
    (1500, 4097): Code.BAD_PIXELS,
    (90, 30): Code.SUCCESS,
    (30, 90): Code.SUCCESS,
    (91, 30): Code.BAD_RATIO,
    (30, 91): Code.BAD_RATIO,
    (300, 100): Code.SUCCESS,
    (301, 100): Code.BAD_RATIO,
    (100, 301): Code.BAD_RATIO,
    (4096, 1366): Code.SUCCESS,
    (4096, 1365): Code.BAD_RATIO,
    (1365, 4096): Code.BAD_RATIO,
}


@functools.cache
def sized(width: int, height: int) -> bytes:
    """A body with a JPEG of this size, drawn once for all stacks."""
    return body_of(drawing.broad(width, height))


class PictureCases(Asking):
    """Rows of the table about the picture."""

    def test_a_file_of_exactly_4_mib_is_accepted(self, predict: Predict) -> None:
        expect_success(predict(JSON, body_of(drawing.padded(SMALL, 4_194_304))))

    def test_a_file_of_one_byte_more_is_too_large(self, predict: Predict) -> None:
        expect_failure(predict(JSON, body_of(drawing.padded(SMALL, 4_194_305))), Code.TOO_LARGE)

    @pytest.mark.parametrize("kind", ACCEPTED)
    def test_every_kind_of_jpeg_and_png_is_accepted(self, predict: Predict, kind: str) -> None:
        expect_success(predict(JSON, body_of(ACCEPTED[kind])))

    @pytest.mark.parametrize("kind", FOREIGN)
    def test_any_other_content_is_the_wrong_type(self, predict: Predict, kind: str) -> None:
        detail = expect_failure(predict(JSON, body_of(FOREIGN[kind])), Code.BAD_TYPE)
        assert "PNG" in detail

    @pytest.mark.parametrize("kind", BROKEN)
    def test_never_a_prediction_on_half_a_picture(self, predict: Predict, kind: str) -> None:
        expect_failure(predict(JSON, body_of(BROKEN[kind])), Code.BAD_TYPE)

    @pytest.mark.parametrize(("size", "code"), SIZES.items(), ids=str)
    def test_sides_are_30_to_4096_and_at_most_3_to_1_inclusive(
        self, predict: Predict, size: tuple[int, int], code: Code
    ) -> None:
        answer = predict(JSON, sized(*size))
        if code is Code.SUCCESS:
            expect_success(answer)
        else:
            assert str(size[0]) in expect_failure(answer, code)

    @pytest.mark.parametrize("size", [(29, 40), (40, 29)])
    def test_the_sides_of_a_png_count_as_those_of_a_jpeg(self, predict: Predict, size: tuple[int, int]) -> None:
        expect_failure(predict(JSON, body_of(drawing.png(*size))), Code.BAD_PIXELS)
        expect_success(predict(JSON, body_of(drawing.png(size[0] + 1, size[1] + 1))))

    def test_a_small_file_of_very_many_pixels_is_refused_by_its_header(self, predict: Predict) -> None:
        bomb = drawing.encoded(Image.new("1", (9_000, 9_000)), "PNG")
        expect_failure(predict(JSON, body_of(bomb)), Code.BAD_PIXELS)

    @pytest.mark.parametrize("number", range(1, 9))
    def test_a_picture_lying_on_its_side_is_put_upright(self, predict: Predict, number: int) -> None:
        upright = expect_success(predict(JSON, body_of(PLAIN_PNG)))
        stored = drawing.lying(UPRIGHT, number)
        exif = drawing.orientation(number)
        assert expect_success(predict(JSON, body_of(drawing.encoded(stored, "PNG", exif=exif)))) == upright
        lossy = drawing.encoded(stored, "JPEG", quality=98, subsampling=0, exif=exif)
        assert expect_success(predict(JSON, body_of(lossy))) == pytest.approx(upright, abs=0.02)

    @pytest.mark.parametrize(
        ("stored", "seen"),
        [
            pytest.param(drawing.encoded(GREY, "PNG"), GREY.convert("RGB"), id="grey"),
            pytest.param(drawing.encoded(PALETTE, "PNG"), PALETTE.convert("RGB"), id="palette"),
            pytest.param(drawing.encoded(UPRIGHT.convert("1"), "PNG"), UPRIGHT.convert("1").convert("RGB"), id="1 bit"),
            pytest.param(drawing.png_rgb16(80, 48, seed=3), UPRIGHT, id="16-bit RGB"),
            pytest.param(
                drawing.encoded(Image.fromarray(np.asarray(GREY).astype(np.uint16) * 257), "PNG"),
                GREY.convert("RGB"),
                id="16-bit grey",
            ),
            pytest.param(drawing.encoded(SEE_THROUGH, "PNG"), _over_white(SEE_THROUGH), id="RGBA over white"),
            pytest.param(drawing.encoded(SEE_THROUGH_GREY, "PNG"), _over_white(SEE_THROUGH_GREY), id="LA over white"),
            pytest.param(
                FADED,
                _over_white(drawing.opened(FADED)),
                id="palette over white",
            ),
        ],
    )
    def test_every_way_to_store_a_colour_gives_the_same_answer(
        self, predict: Predict, stored: bytes, seen: Image.Image
    ) -> None:
        plain = expect_success(predict(JSON, body_of(drawing.encoded(seen, "PNG"))))
        assert expect_success(predict(JSON, body_of(stored))) == pytest.approx(plain, abs=0.003)

    def test_print_colours_give_nearly_the_answer_of_screen_colours(self, predict: Predict) -> None:
        plain = expect_success(predict(JSON, body_of(PLAIN_PNG)))
        printed = drawing.encoded(UPRIGHT.convert("CMYK"), "JPEG", quality=98, subsampling=0)
        assert expect_success(predict(JSON, body_of(printed))) == pytest.approx(plain, abs=0.05)

    def test_of_several_pictures_in_one_file_the_first_counts(self, predict: Predict) -> None:
        alone = expect_success(predict(JSON, body_of(PLAIN_PNG)))
        assert expect_success(predict(JSON, body_of(ACCEPTED["APNG"]))) == alone
        first = drawing.encoded(UPRIGHT, "JPEG")
        alone = expect_success(predict(JSON, body_of(first)))
        assert expect_success(predict(JSON, body_of(ACCEPTED["MPO"]))) == pytest.approx(alone, abs=0.003)

    def test_the_end_of_the_file_may_be_followed_by_anything(self, predict: Predict) -> None:
        alone = expect_success(predict(JSON, body_of(SMALL)))
        assert expect_success(predict(JSON, body_of(SMALL + b"trailing bytes"))) == alone
