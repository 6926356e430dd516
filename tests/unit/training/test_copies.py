"""Altered copies stay with their picture: a fold that holds it out learns nothing from them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from fenlei.modelfile import Layer
from fenlei.training.head import Copies, Lesson, judge, prepare_lesson
from fenlei.training.heads import KINDS, LOGISTIC, NETWORK

CLASSES, PICTURES, COPIES_OF_EACH, WIDTH = 3, 60, 2, 12
SETTINGS = {
    **{name: kind.path[kind.begin] for name, kind in KINDS.items() if name != NETWORK},
    NETWORK: {"hidden": 8, "dropout": 0.1, "decay": 0.001, "rate": 0.01, "epochs": 4},
}
FOLD = np.arange(PICTURES) % 5
TRUTH = np.arange(PICTURES) // 4 % CLASSES
OWNER = np.repeat(np.arange(PICTURES), COPIES_OF_EACH)


def drawn() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Features of pictures and of their copies."""
    rng = np.random.default_rng(5)
    features = rng.normal(0, 1, (PICTURES, WIDTH)) + rng.normal(0, 1, (CLASSES, WIDTH))[TRUTH]
    copies = features[OWNER] + rng.normal(0, 0.3, (len(OWNER), WIDTH))
    return features.astype(np.float32), copies.astype(np.float32)


def lessons(changed: NDArray[np.bool_]) -> tuple[Lesson, Lesson]:
    """Twice the same pictures; the copies of those that are marked show the opposite."""
    features, copies = drawn()
    other = np.where(changed[OWNER, None], -copies, copies)
    first, second = (prepare_lesson(features, TRUTH, CLASSES, Copies(each, OWNER)) for each in (copies, other))
    return first, second


def logits(layers: Sequence[Layer], lesson: Lesson) -> NDArray[np.float64]:
    return judge(layers, lesson.rows[:PICTURES])


def side_by_side(lesson: Lesson, kind: str) -> list[NDArray[np.float64]]:
    folds = [np.asarray(number != FOLD) for number in range(5)]
    heads, _ = lesson.fit_folds(KINDS[kind], folds, SETTINGS[kind], seed=0, start=None, step=lambda: None)
    return [logits(layers, lesson) for layers in heads]


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_head_that_is_learned_without_a_fold_knows_no_copy_of_its_pictures(kind: str) -> None:
    outside = FOLD == 0
    found = []
    for lesson in lessons(outside):
        layers, _ = lesson.fit(KINDS[kind], ~outside, SETTINGS[kind], seed=0)
        found.append(logits(layers, lesson))
    np.testing.assert_array_equal(found[0], found[1])
    learned = lessons(~outside)[1].fit(KINDS[kind], ~outside, SETTINGS[kind], seed=0)[0]
    assert not np.allclose(logits(learned, lessons(outside)[0]), found[0], atol=0.1)  # copies of the others count


@pytest.mark.parametrize("kind", list(KINDS))
def test_folds_that_are_learned_side_by_side_know_no_copies_of_what_they_hold_out(kind: str) -> None:
    first, second = (side_by_side(lesson, kind) for lesson in lessons(FOLD == 0))
    np.testing.assert_allclose(first[0], second[0], atol=0.02 if kind == LOGISTIC else 1e-6)
    for before, after in zip(first[1:], second[1:], strict=True):  # which learned from them
        assert not np.allclose(before, after, atol=0.1)
