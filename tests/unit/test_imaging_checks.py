"""The contract's limits, each at its edge, in the order the contract gives them."""

from __future__ import annotations

import pytest

from fenlei.contract.codes import Code
from fenlei.contract.errors import Refused
from fenlei.contract.limits import MAX_FILE_BYTES
from fenlei.imaging import check
from tests.support.drawing import jpeg, png
from tests.support.oddities import SIGNATURE, ihdr, turned


def refusal(data: bytes) -> Refused:
    with pytest.raises(Refused) as caught:
        check(data)
    return caught.value


def sized(width: int, height: int) -> bytes:
    """A PNG whose header says this size; checks look no further."""
    return SIGNATURE + ihdr(width, height, 8, 2)


@pytest.mark.parametrize(("width", "height"), [(30, 30), (30, 90), (90, 30), (4096, 4096), (4096, 1366), (300, 100)])
def test_sizes_inside_the_limits_pass(width: int, height: int) -> None:
    assert check(sized(width, height)).upright_size == (width, height)


@pytest.mark.parametrize(("width", "height"), [(29, 30), (30, 29), (4097, 2000), (2000, 4097), (1, 1), (29, 100)])
def test_a_side_outside_30_to_4096_is_refused_with_the_numbers(width: int, height: int) -> None:
    refused = refusal(sized(width, height))
    assert refused.code is Code.BAD_PIXELS
    for sentence in refused.detail:
        assert f"{width}×{height}" in sentence
        assert "30" in sentence
        assert "4096" in sentence


@pytest.mark.parametrize(("width", "height"), [(91, 30), (30, 91), (301, 100), (4096, 1365)])
def test_a_ratio_beyond_3_is_refused_with_the_numbers(width: int, height: int) -> None:
    refused = refusal(sized(width, height))
    assert refused.code is Code.BAD_RATIO
    for sentence in refused.detail:
        assert f"{width}×{height}" in sentence
        assert "3" in sentence


def test_a_file_of_4_mib_passes_and_one_byte_more_does_not() -> None:
    data = jpeg(40, 40)
    assert check(data.ljust(MAX_FILE_BYTES, b"\0"))
    refused = refusal(data.ljust(MAX_FILE_BYTES + 1, b"\0"))
    assert refused.code is Code.TOO_LARGE
    assert "4,194,305" in refused.detail.zh
    assert "4,194,304" in refused.detail.en


def test_checks_come_in_the_order_of_the_contract() -> None:
    assert refusal(bytes(MAX_FILE_BYTES + 1)).code is Code.TOO_LARGE  # no picture either
    assert refusal(b"GIF89a").code is Code.BAD_TYPE
    assert refusal(sized(29, 100)).code is Code.BAD_PIXELS  # the ratio is wrong too


def test_the_numbers_are_those_of_the_picture_as_people_see_it() -> None:
    assert "20×40" in refusal(turned(jpeg(40, 20), 6)).detail.zh


@pytest.mark.parametrize("data", [jpeg(30, 30), png(30, 30)], ids=["JPEG", "PNG"])
def test_real_files_pass(data: bytes) -> None:
    assert check(data).upright_size == (30, 30)
