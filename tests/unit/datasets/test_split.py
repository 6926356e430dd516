"""Splits and folds: every class has its share, duplicates stay together, the seed decides."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenlei.datasets.split import KEPT, stratified_folds, stratified_split


def test_each_class_gives_its_share() -> None:
    labels = [0] * 100 + [1] * 50 + [2] * 10
    held = stratified_split(labels, range(160), 0.2, seed=0)
    assert np.bincount(np.array(labels)[held]).tolist() == [20, 10, 2]


def test_two_pictures_of_a_class_go_one_to_each_side() -> None:
    labels = [0] * 50 + [1, 1]
    held = stratified_split(labels, range(52), 0.2, seed=3)
    assert held[50:].sum() == 1


def test_duplicates_stay_on_one_side() -> None:
    groups = [number // 3 for number in range(90)]
    held = stratified_split([0] * 45 + [1] * 45, groups, 0.25, seed=1)
    for start in range(0, 90, 3):
        assert len(set(held[start : start + 3].tolist())) == 1
    assert held.sum() == 18  # whole groups of three, at most a quarter of 45 from each class


def test_a_class_of_nothing_but_copies_is_learned_and_not_judged() -> None:
    held = stratified_split([0] * 20 + [1] * 5, [*range(20), 99, 99, 99, 99, 99], 0.2, seed=0)
    assert not held[20:].any()
    assert held[:20].any()


def test_a_group_of_two_classes_never_takes_the_last_picture_of_either() -> None:
    # Class 1 has two groups, one of which it shares with class 0.
    labels, groups = [0, 0, 0, 0, 1, 1], [0, 1, 2, 3, 3, 4]
    for seed in range(20):
        held = stratified_split(labels, groups, 0.4, seed)
        assert len(set(np.array(labels)[~held].tolist())) == 2
        assert held[3] == held[4]


def test_the_same_seed_gives_the_same_split_and_another_seed_another() -> None:
    labels = [0] * 50 + [1] * 50
    first = stratified_split(labels, range(100), 0.2, seed=5)
    np.testing.assert_array_equal(first, stratified_split(labels, range(100), 0.2, seed=5))
    assert (first != stratified_split(labels, range(100), 0.2, seed=6)).any()


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, 1.5])
def test_a_share_outside_nought_and_one_is_an_error(fraction: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        stratified_split([0, 1], [0, 1], fraction, seed=0)


data_sets = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 12)), min_size=2, max_size=60)


@given(data=data_sets, fraction=st.sampled_from([0.1, 0.2, 0.5, 0.9]), seed=st.integers(0, 5))
def test_whatever_the_data_no_group_is_torn_and_no_class_is_lost(
    data: list[tuple[int, int]], fraction: float, seed: int
) -> None:
    labels, groups = [label for label, _ in data], [group for _, group in data]
    held = stratified_split(labels, groups, fraction, seed)
    for group in set(groups):
        assert len({bool(out) for out, other in zip(held, groups, strict=True) if other == group}) == 1
    assert set(np.array(labels)[~held].tolist()) == set(labels)


@given(data=data_sets, seed=st.integers(0, 5))
def test_whatever_the_data_folds_tear_no_group(data: list[tuple[int, int]], seed: int) -> None:
    labels, groups = [label for label, _ in data], [group for _, group in data]
    folds = stratified_folds(labels, groups, 5, seed)
    for group in set(groups):
        assert len({int(fold) for fold, other in zip(folds, groups, strict=True) if other == group}) == 1
    assert folds.min() >= KEPT
    assert folds.max() < 5


def test_folds_spread_each_class_evenly() -> None:
    labels = [0] * 50 + [1] * 10
    folds = stratified_folds(labels, range(60), 5, seed=0)
    for fold in range(5):
        assert np.bincount(np.array(labels)[folds == fold]).tolist() == [10, 2]


def test_folds_keep_what_a_class_could_not_spare() -> None:
    folds = stratified_folds([0] * 10 + [1], range(11), 5, seed=0)
    assert folds[10] == KEPT
    assert (folds[:10] != KEPT).all()


def test_a_class_of_two_is_held_out_twice_by_different_folds() -> None:
    folds = stratified_folds([0] * 10 + [1, 1], range(12), 5, seed=0)
    assert KEPT not in folds[10:]
    assert folds[10] != folds[11]
