"""One path for training and serving: same bytes, same input, alone or in a crowd."""

from __future__ import annotations

import struct
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from fenlei.contract.errors import Refused
from fenlei.imaging import InputSpec, Policy, Unreadable, check, prepare, prepare_for_training, read_header
from tests.support.drawing import jpeg, png
from tests.support.oddities import SIGNATURE, chunk, ihdr, turned

FILES = {
    "small": jpeg(61, 40),
    "large": jpeg(900, 700, seed=1),
    "turned": turned(jpeg(700, 400, seed=2), 6),
    "grey": jpeg(300, 200, "L"),
    "cmyk": jpeg(300, 200, "CMYK"),
    "progressive": jpeg(640, 427, progressive=True),
    "png": png(640, 427),
    "alpha": png(400, 300, "RGBA"),
    "deep": png(400, 300, "I;16"),
    "palette": png(400, 300, "P"),
}


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("name", FILES)
def test_training_and_serving_see_the_same_bytes(name: str, policy: Policy) -> None:
    spec = InputSpec(height=64, width=48, policy=policy)
    serving = prepare(FILES[name], spec, check(FILES[name]))
    training = prepare_for_training(FILES[name], spec)
    assert serving.shape == (64, 48, 3)
    assert serving.flags.c_contiguous
    assert serving.tobytes() == training.tobytes()
    assert serving.tobytes() == prepare(FILES[name], spec).tobytes()


def test_many_threads_at_once_get_what_one_gets() -> None:
    spec = InputSpec(height=96, width=96)
    broken = FILES["large"][:5000]
    expected = {name: prepare(data, spec) for name, data in FILES.items()}

    def work(turn: int) -> None:
        name = list(FILES)[turn % len(FILES)]
        np.testing.assert_array_equal(prepare(FILES[name], spec), expected[name])
        with pytest.raises(Refused):
            prepare(broken, spec)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(80)))


def test_the_limits_of_the_contract_do_not_bind_training() -> None:
    spec = InputSpec(height=32, width=32)
    for width, height in ((20, 10), (120, 900), (4200, 100)):
        for data in (jpeg(width, height), png(width, height)):
            with pytest.raises(Refused):
                check(data)
            assert prepare_for_training(data, spec).shape == (32, 32, 3)


def test_training_says_why_a_file_cannot_be_used() -> None:
    spec = InputSpec(height=32, width=32)
    data = jpeg(200, 200)
    with pytest.raises(Unreadable, match="damaged"):
        prepare_for_training(data[: len(data) // 2], spec)
    with pytest.raises(Unreadable, match="empty"):
        prepare_for_training(b"", spec)
    with pytest.raises(Unreadable, match="no picture"):
        prepare_for_training(b"hello, world", spec)


def test_a_bomb_is_refused_in_training_too() -> None:
    with pytest.raises(Unreadable, match="60000×60000"):
        prepare_for_training(SIGNATURE + ihdr(60_000, 60_000, 8, 2), InputSpec(height=32, width=32))


@pytest.mark.parametrize("kind", ["progressive JPEG", "PNG"])
def test_what_a_decoder_would_have_to_hold_bounds_training_too(kind: str) -> None:
    """144 megapixels: a baseline JPEG of that size streams by, these must lie in memory whole."""
    data = jpeg(200, 200, progressive=True)
    frame = data.index(b"\xff\xc2")
    huge = data[: frame + 5] + struct.pack(">HH", 12_000, 12_000) + data[frame + 9 :]
    if kind == "PNG":
        huge = SIGNATURE + ihdr(12_000, 12_000, 8, 6) + chunk(b"IDAT", b"x") + chunk(b"IEND", b"")
    with pytest.raises(Unreadable, match="memory"):
        prepare_for_training(huge, InputSpec(height=32, width=32))


def test_a_scaled_decode_changes_the_input_by_little() -> None:
    """What serving sees of a large picture is what it would see had every pixel been decoded."""
    from fenlei.imaging import decode, to_input

    data = jpeg(1600, 1200, seed=4, quality=92)
    spec = InputSpec(height=112, width=112)
    assert decode(data, (224, 224)).shape[0] < read_header(data).height
    full = to_input(decode(data), spec).astype(int)
    assert np.abs(prepare(data, spec) - full).mean() < 1
