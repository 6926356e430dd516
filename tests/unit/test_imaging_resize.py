"""From any shape to the network's rectangle: what each policy keeps, and that nothing is sampled away."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fenlei.imaging import InputSpec, Policy, Unreadable, to_input, wanted_size
from tests.support.drawing import pixels


def spec(policy: Policy, height: int = 64, width: int = 64, fill: int = 127) -> InputSpec:
    return InputSpec(height=height, width=width, policy=policy, fill=fill)


def with_ends(width: int, height: int) -> NDArray[np.uint8]:
    """Grey, with a red and a blue end at the two sides of the longer way."""
    canvas = np.full((height, width, 3), 100, np.uint8)
    if width >= height:
        canvas[:, : width // 8], canvas[:, -width // 8 :] = (255, 0, 0), (0, 0, 255)
    else:
        canvas[: height // 8], canvas[-height // 8 :] = (255, 0, 0), (0, 0, 255)
    return canvas


def shows(out: NDArray[np.uint8], colour: tuple[int, int, int]) -> bool:
    return bool((np.abs(out.astype(int) - colour).max(axis=2) < 30).any())


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize(("width", "height"), [(300, 100), (100, 300), (64, 64), (30, 90), (1, 1), (1000, 2)])
@pytest.mark.parametrize(("rows", "columns"), [(64, 64), (48, 96)])
def test_every_policy_fills_the_rectangle(policy: Policy, width: int, height: int, rows: int, columns: int) -> None:
    out = to_input(pixels(width, height), spec(policy, rows, columns))
    assert out.shape == (rows, columns, 3)
    assert out.dtype == np.uint8
    assert out.flags.c_contiguous


@pytest.mark.parametrize(("width", "height"), [(300, 100), (100, 300)])
def test_squash_and_letterbox_keep_both_ends_and_crop_does_not(width: int, height: int) -> None:
    picture = with_ends(width, height)
    for policy in (Policy.SQUASH, Policy.LETTERBOX):
        out = to_input(picture, spec(policy))
        assert shows(out, (255, 0, 0))
        assert shows(out, (0, 0, 255))
    out = to_input(picture, spec(Policy.CROP))
    assert not shows(out, (255, 0, 0))
    assert not shows(out, (0, 0, 255))
    np.testing.assert_allclose(out, 100, atol=2)


def test_the_default_policy_loses_nothing_of_a_3_to_1_picture() -> None:
    out = to_input(with_ends(300, 100), InputSpec(height=64, width=64))
    assert shows(out, (255, 0, 0))
    assert shows(out, (0, 0, 255))


def test_letterbox_keeps_the_shape_between_even_bars() -> None:
    out = to_input(np.full((100, 300, 3), 250, np.uint8), spec(Policy.LETTERBOX, 96, 96, fill=7))
    rows = np.flatnonzero((out == 250).all(axis=(1, 2)))
    assert (rows[0], rows[-1]) == (32, 63)
    assert (out[:32] == 7).all()
    assert (out[64:] == 7).all()


def test_crop_takes_the_middle() -> None:
    picture = np.zeros((90, 270, 3), np.uint8)
    picture[:, 90:180] = 200
    assert to_input(picture, spec(Policy.CROP, 90, 90)).min() == 200


def test_a_picture_of_the_right_size_is_not_touched() -> None:
    picture = pixels(64, 64)
    for policy in Policy:
        np.testing.assert_array_equal(to_input(picture, spec(policy)), picture)


def test_fine_detail_becomes_its_mean_and_not_a_pattern() -> None:
    """Where sampling takes single pixels, a fine checkerboard turns black, white or striped."""
    board = ((np.indices((640, 640)).sum(axis=0) % 2) * 255).astype(np.uint8)
    out = to_input(np.repeat(board[:, :, None], 3, axis=2), spec(Policy.SQUASH))
    assert abs(int(out.mean()) - 127) <= 2
    assert np.ptp(out) <= 12


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize(("width", "height"), [(1200, 400), (400, 1200), (800, 800), (31, 90)])
def test_wanted_size_is_twice_what_the_policy_shows(policy: Policy, width: int, height: int) -> None:
    rows, columns = wanted_size(width, height, spec(policy))
    if policy is Policy.SQUASH:
        assert (rows, columns) == (128, 128)
    elif policy is Policy.LETTERBOX:
        assert max(rows, columns) == 128
        assert rows / columns == pytest.approx(height / width, rel=0.05)
    else:
        assert min(rows, columns) == 128
        assert rows / columns == pytest.approx(height / width, rel=0.05)


@pytest.mark.parametrize(
    "array",
    [np.zeros((5, 5), np.uint8), np.zeros((5, 5, 4), np.uint8), np.zeros((5, 5, 3)), np.zeros((0, 5, 3), np.uint8)],
    ids=["grey", "four channels", "floats", "empty"],
)
def test_an_array_that_is_no_rgb_picture_is_refused_with_its_shape(array: NDArray[np.uint8]) -> None:
    with pytest.raises(Unreadable, match="height, width, 3"):
        to_input(array, spec(Policy.SQUASH))


def test_a_spec_of_other_pixel_arithmetic_is_never_answered_with_this_one() -> None:
    with pytest.raises(Unreadable, match="other/9"):
        to_input(pixels(40, 40), InputSpec(height=32, width=32, method="other/9"))


def test_every_field_of_a_spec_decides_its_digest() -> None:
    base = InputSpec(height=64, width=64)
    others = [
        InputSpec(height=65, width=64),
        InputSpec(height=64, width=65),
        InputSpec(height=64, width=64, policy=Policy.CROP),
        InputSpec(height=64, width=64, fill=0),
        InputSpec(height=64, width=64, method="other"),
    ]
    assert len({base.digest, *(other.digest for other in others)}) == 6
    assert InputSpec(height=64, width=64).digest == base.digest
