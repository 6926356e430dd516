"""What a picture file says about itself, read without decoding a pixel."""

from __future__ import annotations

import msgspec

from fenlei.imaging import jpeg_header, png_header, refusals
from fenlei.imaging.sniff import sniff


class Header(msgspec.Struct, frozen=True):
    """The facts in front of the pixels.

    Attributes:
        format: "JPEG" or "PNG", by content.
        width: pixels, as stored.
        height: pixels, as stored.
        orientation: EXIF orientation, 1 (upright) to 8; 5 to 8 lie on their side.
        mode: colour as stored. JPEG: grey, ycbcr, rgb, cmyk, ycck; PNG: 1, L, LA, P, RGB, RGBA, I;16.
        bits: bits per sample.
        progressive: whether decoding must hold coefficients (JPEG) or rows out of order (PNG interlace) to the end.
        lossless: whether a JPEG uses the lossless process, which common decoders lack.
        adobe: whether a JPEG carries Adobe's segment, whose writers store CMYK inverted.
    """

    format: str
    width: int
    height: int
    orientation: int = 1
    mode: str = ""
    bits: int = 8
    progressive: bool = False
    lossless: bool = False
    adobe: bool = False

    @property
    def on_its_side(self) -> bool:
        """Whether width and height change places when the picture is put upright."""
        return self.orientation >= 5

    @property
    def upright_size(self) -> tuple[int, int]:
        """(width, height) in pixels, as a person sees the picture."""
        return (self.height, self.width) if self.on_its_side else (self.width, self.height)


def read_header(data: bytes) -> Header:
    """Read format, size, orientation and colour of a JPEG or PNG, whatever its name says.

    Raises:
        Refused: BAD_TYPE where the content is neither, or where its header gives no size.
    """
    name = sniff(data)
    if name == "JPEG":
        jpeg = jpeg_header.read(data)
        return Header(
            format="JPEG",
            width=jpeg.width,
            height=jpeg.height,
            orientation=jpeg.orientation,
            mode=jpeg.mode,
            bits=jpeg.bits,
            progressive=jpeg.progressive,
            lossless=jpeg.lossless,
            adobe=jpeg.adobe,
        )
    if name == "PNG":
        png = png_header.read(data)
        return Header(
            format="PNG",
            width=png.width,
            height=png.height,
            orientation=png.orientation,
            mode=png.mode,
            bits=png.bits,
            progressive=png.interlaced,
        )
    raise refusals.foreign(name) if data else refusals.empty()
