"""Exact and near duplicates, and look-alikes that are neither."""

from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from fenlei.datasets.duplicates import MOST_TOGETHER, find_duplicates
from fenlei.datasets.fingerprint import Fingerprint, file_digest, fingerprint
from fenlei.datasets.witnesses import pairs_within
from tests.support.drawing import pixels

SIDE = 96


def saved_again(picture: NDArray[np.uint8], quality: int = 60, factor: float = 0.7) -> NDArray[np.uint8]:
    """The picture after somebody sent it through a messenger."""
    out = io.BytesIO()
    side = round(SIDE * factor)
    Image.fromarray(picture).resize((side, side)).save(out, "JPEG", quality=quality)
    return np.asarray(Image.open(out).resize((SIDE, SIDE)))


def features_of(pictures: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Something a network could say: means over a 6 × 6 grid in three colours."""
    return np.stack(
        [each.reshape(6, SIDE // 6, 6, SIDE // 6, 3).mean(axis=(1, 3)).ravel() for each in pictures]
    ).astype(np.float32)


def grouped(pictures: list[NDArray[np.uint8]], files: list[bytes] | None = None) -> list[list[int]]:
    digests = [file_digest(each) for each in files or [picture.tobytes() for picture in pictures]]
    return find_duplicates(digests, [fingerprint(each) for each in pictures], features_of(pictures)).members()


@pytest.fixture(scope="module")
def different() -> list[NDArray[np.uint8]]:
    return [pixels(SIDE, SIDE, seed) for seed in range(40)]


def test_different_pictures_are_alone(different: list[NDArray[np.uint8]]) -> None:
    assert grouped(different) == []


def test_the_same_file_twice_is_a_group(different: list[NDArray[np.uint8]]) -> None:
    groups = find_duplicates(
        [file_digest(each.tobytes()) for each in [*different, different[7]]],
        [fingerprint(each) for each in [*different, different[7]]],
        features_of([*different, different[7]]),
    )
    assert groups.members() == [[7, 40]]
    assert groups.exact[groups.group_of[7]]


def test_other_files_with_the_same_pixels_are_exact_copies(different: list[NDArray[np.uint8]]) -> None:
    pictures = [*different, different[3]]
    files = [str(number).encode() for number in range(41)]
    groups = find_duplicates(
        [file_digest(each) for each in files], [fingerprint(each) for each in pictures], features_of(pictures)
    )
    assert groups.members() == [[3, 40]]
    assert groups.exact[groups.group_of[3]]


def test_pictures_saved_again_are_near_their_originals(different: list[NDArray[np.uint8]]) -> None:
    pictures = [*different, *(saved_again(each) for each in different[:20])]
    groups = find_duplicates(
        [file_digest(each.tobytes()) for each in pictures],
        [fingerprint(each) for each in pictures],
        features_of(pictures),
    )
    assert groups.members() == [[number, 40 + number] for number in range(20)]
    assert not groups.exact[groups.group_of[:20]].any()


def test_flat_pictures_prove_nothing() -> None:
    rng = np.random.default_rng(0)
    flat = [np.full((SIDE, SIDE, 3), 200, np.uint8) + rng.integers(0, 2, (SIDE, SIDE, 3), np.uint8) for _ in range(30)]
    assert grouped(flat) == []


def test_one_fixed_camera_does_not_make_all_pictures_one() -> None:
    """The same scene with a small thing at another place: hashes and thumbnails hardly differ, yet none is a copy."""
    scene = pixels(SIDE, SIDE, 1)
    pictures = []
    for number in range(36):
        picture = scene.copy()
        row, column = divmod(number, 6)
        picture[row * 16 : row * 16 + 8, column * 16 : column * 16 + 8] = 255
        pictures.append(picture)
    assert grouped(pictures) == []


def test_many_equal_pictures_leave_room_for_near_ones() -> None:
    scene = pixels(SIDE, SIDE, 300)
    near = [saved_again(scene, quality) for quality in (60, 70, 80)]
    (members,) = grouped([scene] * (2 * MOST_TOGETHER) + near + [pixels(SIDE, SIDE, seed) for seed in range(400, 700)])[
        :1
    ]
    assert members == list(range(2 * MOST_TOGETHER + 3))


def copies(scene: NDArray[np.uint8], count: int) -> list[NDArray[np.uint8]]:
    """The picture as it went through many hands, each with its own quality and size."""
    rng = np.random.default_rng(0)
    return [saved_again(scene, int(rng.integers(50, 96)), rng.uniform(0.5, 1)) for _ in range(count)]


@pytest.mark.parametrize("count", [100, 700])
def test_more_copies_than_a_group_may_grow_to_stay_together(count: int) -> None:
    """700: their hashes crowd, so that not every pair of them is compared."""
    scene = pixels(SIDE, SIDE, 300)
    groups = grouped([scene, *copies(scene, count), *(pixels(SIDE, SIDE, seed) for seed in range(400, 700))])
    assert list(range(count + 1)) in groups


def test_two_scenes_with_many_copies_are_two_groups() -> None:
    one, other = pixels(SIDE, SIDE, 300), pixels(SIDE, SIDE, 301)
    pictures = [*copies(one, 80), *copies(other, 80), *(pixels(SIDE, SIDE, seed) for seed in range(400, 600))]
    assert grouped(pictures)[:2] == [list(range(80)), list(range(80, 160))]


def test_many_copies_beside_a_film_stay_together_and_the_film_is_cut() -> None:
    """The film may rest for a while, as this one does towards its end; all of it is not one picture."""
    scene = pixels(SIDE, SIDE, 300)
    members = grouped([*copies(scene, 100), *film()])
    assert members[0] == list(range(100))
    assert len(members) > 3
    assert max(len(group) for group in members[1:]) < 200


def film(frames: int = 400) -> list[NDArray[np.uint8]]:
    """Each frame is nearly the next, the first is nothing like the last."""
    start, end = pixels(SIDE, SIDE, 1).astype(np.float32), pixels(SIDE, SIDE, 2).astype(np.float32)
    return [(start + (end - start) * step / (frames - 1)).astype(np.uint8) for step in range(frames)]


def test_a_chain_of_look_alikes_does_not_swallow_everything() -> None:
    members = grouped(film())
    assert members
    assert max(len(group) for group in members) <= MOST_TOGETHER


Witnesses = tuple[list[Fingerprint], NDArray[np.float32]]


def strangers(count: int = 40) -> Witnesses:
    """Pictures about which no witness says anything: hashes, thumbnails and features drawn by lot."""
    rng = np.random.default_rng(5)
    prints = [
        Fingerprint(number, int(rng.integers(2**63)), rng.integers(0, 256, 256).astype(np.uint8))
        for number in range(count)
    ]
    return prints, rng.normal(size=(count, 32)).astype(np.float32)


def judged(prints: list[Fingerprint], features: NDArray[np.float32]) -> list[list[int]]:
    return find_duplicates([number.to_bytes(32, "big") for number in range(len(prints))], prints, features).members()


@pytest.mark.parametrize("against", [None, "hash", "thumbnail", "features"])
def test_each_of_the_three_witnesses_can_say_no(against: str | None) -> None:
    prints, features = strangers()
    twin = prints[0]._replace(pixels=99)
    if against == "hash":
        twin = twin._replace(dhash=prints[1].dhash)
    if against == "thumbnail":
        mixed = (3 * prints[0].thumbnail.astype(int) + prints[1].thumbnail) // 4  # correlates by about 0.95
        twin = twin._replace(thumbnail=mixed.astype(np.uint8))
    prints[39] = twin
    if against != "features":
        features[39] = features[0] + 0.01
    assert judged(prints, features) == ([[0, 39]] if against is None else [])


def test_what_all_pictures_share_is_no_evidence() -> None:
    """Thumbnails of one scene correlate by nearly 1; less the mean scene only noise is left."""
    prints, features = strangers()
    scene = np.random.default_rng(1).integers(0, 200, 256)
    prints = [each._replace(dhash=7, thumbnail=(scene + each.thumbnail // 25).astype(np.uint8)) for each in prints]
    features[1] = features[0] + 0.01
    assert judged(prints, features) == []


def test_a_flat_thumbnail_is_no_evidence() -> None:
    """All are one grey, two have the same hundred places a single level brighter: correlation sees equals."""
    prints, features = strangers()
    flat = np.full(256, 100, np.uint8)
    prints = [each._replace(dhash=0, thumbnail=flat) for each in prints]
    for number in (0, 1):
        thumbnail = flat.copy()
        thumbnail[:100] = 101
        thumbnail[200 + number] = 99
        prints[number] = prints[number]._replace(thumbnail=thumbnail)
    features[1] = features[0] + 0.01
    assert judged(prints, features) == []


def test_crowds_of_equal_hashes_are_worked_through_in_bounded_time() -> None:
    """Pictures whose hashes say nothing: what is compared grows with their number, not with its square."""
    rng = np.random.default_rng(0)
    count = 3_000
    thumbs = rng.integers(0, 256, (count, 256), np.uint8)
    prints = [Fingerprint(number, 0, thumbs[number]) for number in range(count)]
    groups = find_duplicates(
        [number.to_bytes(32, "big") for number in range(count)],
        prints,
        rng.normal(size=(count, 8)).astype(np.float32),
    )
    assert groups.members() == []
    compared = sum(len(left) for left, _ in pairs_within(np.arange(count)))
    assert compared < 30 * count


def test_one_picture_is_a_group_of_its_own() -> None:
    picture = pixels(SIDE, SIDE)
    groups = find_duplicates([b"x" * 32], [fingerprint(picture)], features_of([picture]))
    assert groups.group_of.tolist() == [0]
