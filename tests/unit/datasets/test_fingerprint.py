"""Fingerprints stay the same where they should, and the data set's digest says what it is made of."""

from __future__ import annotations

import numpy as np

from fenlei.datasets.digest import dataset_digest
from fenlei.datasets.fingerprint import fingerprint
from tests.support.drawing import pixels


def bits_apart(one: int, other: int) -> int:
    return (one ^ other).bit_count()


def test_the_hash_counts_which_columns_get_brighter_from_the_top_left() -> None:
    ramp = np.broadcast_to(np.linspace(0, 255, 90).astype(np.uint8)[None, :, None], (80, 90, 3))
    assert fingerprint(ramp).dhash == 2**64 - 1
    assert fingerprint(np.ascontiguousarray(ramp[:, ::-1])).dhash == 0


def test_a_brighter_picture_has_nearly_the_same_hash_and_another_pixel_digest() -> None:
    picture = pixels(120, 100, seed=4) // 2
    one, other = fingerprint(picture), fingerprint(picture + 20)
    assert bits_apart(one.dhash, other.dhash) <= 3
    assert one.pixels != other.pixels


def test_one_level_of_one_pixel_anywhere_makes_another_pixel_digest() -> None:
    for width, height in ((224, 224), (37, 33)):  # of the second, the last word of the digest is no whole one
        picture = pixels(width, height, seed=5)
        digests = {fingerprint(picture).pixels}
        size = picture.size
        places = [*range(0, size, 4099), 4 * 8192 - 1, 4 * 8192, size - 1] if size > 4 * 8192 else [0, 1, size - 1]
        for place in places:
            changed = picture.copy().reshape(-1)
            changed[place] ^= 1
            digests.add(fingerprint(changed.reshape(picture.shape)).pixels)
        assert len(digests) == 1 + len(set(places))


def test_pictures_of_the_same_bytes_and_other_sides_have_other_pixel_digests() -> None:
    picture = pixels(64, 32, seed=6)
    assert fingerprint(picture).pixels != fingerprint(picture.reshape(64, 32, 3)).pixels


def test_other_pictures_have_other_hashes() -> None:
    hashes = [fingerprint(pixels(64, 64, seed)).dhash for seed in range(20)]
    apart = [bits_apart(one, other) for number, one in enumerate(hashes) for other in hashes[:number]]
    assert sorted(apart)[len(apart) // 2] > 15


def test_a_flat_picture_has_an_empty_hash_and_its_grey_as_thumbnail() -> None:
    flat = fingerprint(np.full((32, 48, 3), 77, np.uint8))
    assert flat.dhash == 0
    assert set(flat.thumbnail.tolist()) == {77}
    assert flat.thumbnail.shape == (256,)


def test_sides_that_sixteen_does_not_divide_are_fine() -> None:
    assert fingerprint(pixels(37, 23)).thumbnail.shape == (256,)


def test_the_order_of_pictures_does_not_change_the_digest() -> None:
    rows = [("cat", "aa", "train"), ("dog", "bb", "test"), ("cat", "cc", "train")]
    assert dataset_digest(rows) == dataset_digest(reversed(rows))


def test_label_picture_and_part_each_change_the_digest() -> None:
    digests = {
        dataset_digest([row])
        for row in [("cat", "aa", "train"), ("dog", "aa", "train"), ("cat", "ab", "train"), ("cat", "aa", "test")]
    }
    assert len(digests) == 4


def test_words_cannot_run_together() -> None:
    assert dataset_digest([("ab", "c", "train")]) != dataset_digest([("a", "bc", "train")])
