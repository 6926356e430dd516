"""Copies that were mirrored, cropped, turned or relit are found; what merely looks alike is not."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps

from fenlei.datasets import altered
from fenlei.datasets import neighbours as near
from fenlei.datasets.altered import NEAREST, altered_pairs
from fenlei.datasets.duplicates import find_duplicates
from fenlei.datasets.feature_space import feature_space
from fenlei.datasets.fingerprint import VIEW_SIDE, Fingerprint, fingerprint
from fenlei.datasets.neighbours import neighbours
from fenlei.datasets.registration import Grey, Laid, Numbers, refined
from tests.support.drawing import pixels
from tests.support.drawing import scene as drawn_scene

SIDE = 96
Picture = NDArray[np.uint8]
Change = Callable[[Image.Image], Image.Image]


scene = partial(drawn_scene, SIDE)


def cropped(picture: Image.Image, left: float = 0.08, top: float = 0.02) -> Image.Image:
    width, height = picture.size
    box = (left * width, top * height, width * (1 - 0.04), height * (1 - 0.07))
    return picture.resize((width, height), Image.Resampling.BICUBIC, box=box)


def turned(picture: Image.Image, degrees: float = 9, corners: int = 0) -> Image.Image:
    return picture.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=(corners,) * 3)


def relit(picture: Image.Image) -> Image.Image:
    return ImageEnhance.Contrast(ImageEnhance.Brightness(picture).enhance(0.8)).enhance(1.2)


CHANGES: dict[str, Change] = {
    "cropped": cropped,
    "mirrored": ImageOps.mirror,
    "turned": turned,
    "turned the other way onto white": lambda picture: turned(picture, -9, 255),
    "relit": relit,
    "all of it": lambda picture: relit(cropped(turned(ImageOps.mirror(picture), 8))),
}


def changed(picture: Picture, change: Change) -> Picture:
    return np.asarray(change(Image.fromarray(picture)))


def found(pictures: list[Picture], features: NDArray[np.float32]) -> set[tuple[int, int]]:
    return set(altered_pairs([fingerprint(each) for each in pictures], feature_space(features)))


def crowded(count: int) -> NDArray[np.float32]:
    """Features by which everything has near neighbours: places on a line."""
    return np.random.default_rng(1).uniform(size=(count, 1)).astype(np.float32)


def of_originals(originals: list[int]) -> NDArray[np.float32]:
    """Features that are nearly those of the original."""
    rng = np.random.default_rng(2)
    return (rng.normal(size=(max(originals) + 1, 32))[originals] + rng.normal(0, 0.2, (len(originals), 32))).astype(
        np.float32
    )


@pytest.fixture(scope="module")
def originals() -> list[Picture]:
    return [scene(seed) for seed in range(40)]


@pytest.mark.parametrize("kind", CHANGES)
def test_altered_copies_are_found_and_nothing_else(kind: str, originals: list[Picture]) -> None:
    copies = [changed(each, CHANGES[kind]) for each in originals[:20]]
    pairs = found([*originals, *copies], of_originals([*range(40), *range(20)]))
    assert pairs <= {(number, 40 + number) for number in range(20)}
    assert len(pairs) >= 19


def test_altered_copies_are_of_the_group_of_their_original(originals: list[Picture]) -> None:
    pictures = [*originals, changed(originals[3], ImageOps.mirror), changed(originals[5], turned)]
    groups = find_duplicates(
        [picture.tobytes() for picture in pictures],
        [fingerprint(picture) for picture in pictures],
        of_originals([*range(len(originals)), 3, 5]),
    )
    count = len(originals)
    assert groups.members() == [[3, count], [5, count + 1]]
    assert not groups.exact[groups.group_of[[3, 5]]].any()


def test_copies_hang_together_by_as_few_pairs_as_that_takes(originals: list[Picture]) -> None:
    """More copies of one picture than neighbours are looked at, none quite like another."""
    angles = np.linspace(-8, 8, 2 * NEAREST)
    copies = [changed(originals[0], lambda picture, by=angle: turned(picture, by)) for angle in angles]  # type: ignore[misc]
    pairs = found([*originals, *copies], of_originals([*range(40), *[0] * len(copies)]))
    assert {number for pair in pairs for number in pair} == {0, *range(40, 40 + len(copies))}
    assert len(pairs) == len(copies)


def test_the_nearest_pair_comes_first(originals: list[Picture]) -> None:
    features = of_originals(list(range(40)))
    pictures = [*originals, changed(originals[3], cropped), changed(originals[2], cropped)]
    features = np.concatenate([features, features[3:4] + 0.2, features[2:3] + 0.1])
    assert altered_pairs([fingerprint(each) for each in pictures], feature_space(features)) == [(2, 41), (3, 40)]


def test_different_pictures_are_no_copies_however_near_their_features(originals: list[Picture]) -> None:
    assert found(originals, crowded(40)) == set()


def test_smooth_pictures_of_the_same_kind_are_no_copies() -> None:
    """A slope and a few blobs each: much of that fits on much else when it may be moved."""
    assert found([pixels(SIDE, SIDE, seed) for seed in range(80)], crowded(80)) == set()


def test_features_far_apart_are_never_asked_about(originals: list[Picture]) -> None:
    pictures = [*originals[:10], changed(originals[0], cropped)]
    assert found(pictures, of_originals([*range(10), 0])) == {(0, 10)}
    assert found(pictures, of_originals(list(range(11)))) == set()


def before_one_camera(change: Change) -> list[Picture]:
    """The same scene with another thing in the same place each time, or the same thing in another place."""
    pictures = []
    for number in range(36):
        picture = scene(1)
        row, column = divmod(number, 6)
        if number % 2:
            greys = np.random.default_rng(number).uniform(0, 255, (2, 2, 1))
            picture[40:56, 40:56] = np.kron(greys, np.ones((8, 8, 1)))
        else:
            picture[12 + row * 12 :, 12 + column * 12 :][:10, :10] = 255
        pictures.append(changed(picture, change))
    return pictures


def test_one_fixed_camera_does_not_make_copies_of_all_it_sees() -> None:
    assert found(before_one_camera(lambda picture: picture), crowded(36)) == set()


def test_a_fixed_camera_whose_pictures_were_cropped_does_not_either() -> None:
    rng = np.random.default_rng(0)
    pictures = before_one_camera(lambda picture: cropped(picture, *rng.uniform(0, 0.08, 2)))
    assert found(pictures, crowded(36)) == set()


WITNESSES = {
    "correlation": ("LEAST_CORRELATION", -2.0),
    "detail": ("LEAST_DETAIL", -2.0),
    "no place": ("MOST_IN_ONE_PLACE", np.inf),
    "no detail in one place": ("MOST_DETAIL_IN_ONE_PLACE", np.inf),
}


def only(witness: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the others agree to everything."""
    for name, (constant, silent) in WITNESSES.items():
        if name != witness:
            monkeypatch.setattr(altered, constant, silent)


@pytest.mark.parametrize("witness", WITNESSES)
def test_each_witness_can_say_no(witness: str, monkeypatch: pytest.MonkeyPatch) -> None:
    alike = [pixels(SIDE, SIDE, seed) for seed in range(80)]
    with monkeypatch.context() as patched:
        only(None, patched)
        believed = found(alike, crowded(80))
    only(witness, monkeypatch)
    assert len(found(alike, crowded(80))) < len(believed) / 2


def test_what_all_pictures_share_is_no_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before one camera everything correlates; less the mean picture it does not."""
    only("correlation", monkeypatch)
    rng = np.random.default_rng(0)
    stage = scene(1)
    pictures = [np.clip(stage + 0.1 * scene(seed), 0, 255).astype(np.uint8) for seed in range(100, 140)]
    assert found(pictures, crowded(40)) == set()
    pictures[1] = np.clip(pictures[0] + rng.normal(0, 1, stage.shape), 0, 255).astype(np.uint8)
    features = crowded(40)
    features[1] = features[0]
    assert found(pictures, features) == {(0, 1)}


def test_pictures_that_hang_together_are_not_asked_about_again(
    originals: list[Picture], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def counted(pictures: Grey, left: Numbers, right: Numbers, maps: Grey) -> Laid:
        asked.append(len(left))
        return refined(pictures, left, right, maps)

    monkeypatch.setattr(altered, "refined", counted)
    monkeypatch.setattr(altered, "_BLOCK", 4)
    copies = [np.clip(originals[0].astype(int) + number, 0, 255).astype(np.uint8) for number in range(10)]
    pairs = found([*originals, *copies], of_originals([*range(40), *[0] * 10]))
    assert len(pairs) == 10
    assert sum(asked) < 11 * 10 / 2 - 10


def test_flat_pictures_prove_nothing() -> None:
    """Not even where they show the same faint thing."""
    faint = [100 + scene(seed % 4) // 48 for seed in range(40)]
    assert found(faint, crowded(40)) == set()


def test_a_fingerprint_without_view_proves_nothing(originals: list[Picture]) -> None:
    prints = [Fingerprint(*fingerprint(each)[:3]) for each in [*originals, originals[0]]]
    assert altered_pairs(prints, feature_space(of_originals([*range(40), 0]))) == []


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_few_pictures_are_no_trouble(count: int) -> None:
    assert found([scene(seed) for seed in range(count)], crowded(count)) == set()


def test_equal_features_are_no_trouble(originals: list[Picture]) -> None:
    assert found(originals, np.ones((40, 4), np.float32)) == set()


def test_a_view_is_a_picture_of_grey_means() -> None:
    halves = np.zeros((64, 70, 3), np.uint8)
    halves[:, 35:] = 200
    view = fingerprint(halves).view.reshape(VIEW_SIDE, VIEW_SIDE)
    assert view[:, :15].max() == 0
    assert view[:, 17:].min() == 200
    assert fingerprint(pixels(20, 17)).view.shape == (VIEW_SIDE**2,)


def test_neighbours_are_those_that_are_nearest() -> None:
    points = np.random.default_rng(0).normal(size=(50, 6)).astype(np.float32)
    pairs = neighbours(feature_space(points), 3, 100.0)
    scaled = points / np.sqrt(points.std(axis=0))
    apart = np.linalg.norm(scaled[:, None] - scaled[None], axis=2)
    wanted = {(min(one, other), max(one, other)) for one in range(50) for other in np.argsort(apart[one])[1:4].tolist()}
    assert set(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)) == wanted
    assert len(pairs.left) == len(wanted)
    assert (np.diff(pairs.distance) >= 0).all()
    ratio = apart[pairs.left, pairs.right] / pairs.distance
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-3)


def test_in_a_crowd_only_a_region_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """The work grows with the number of pictures, and nearly all who belong together still meet."""
    monkeypatch.setattr(near, "COMPARE_ALL", 1_000)
    monkeypatch.setattr(near, "REGION", 500)
    count = 4_000
    rng = np.random.default_rng(0)
    points = np.repeat(rng.normal(size=(count // 2, 16)), 2, axis=0) + rng.normal(0, 0.05, (count, 16))
    sizes: list[int] = []
    compare = near._nearest

    def counted(space: NDArray[np.float32], region: NDArray[np.int64], most: int) -> object:
        sizes.append(len(region))
        return compare(space, region, most)

    monkeypatch.setattr(near, "_nearest", counted)
    pairs = neighbours(feature_space(points.astype(np.float32)), 1, 0.5)
    assert sum(size * size for size in sizes) <= 2 * count * 500
    twins = (pairs.left % 2 == 0) & (pairs.right == pairs.left + 1)
    assert twins.sum() > 0.97 * count / 2
