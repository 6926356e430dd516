"""Parts are drawn with every class's share, and filled up without moving anybody."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fenlei.datasets.draw import PARTS, draw, draw_more
from fenlei.datasets.found import Part

SHARES = {Part.TRAIN: 0.7, Part.VALIDATION: 0.1, Part.TEST: 0.2}


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30)), min_size=1, max_size=80), st.integers(0, 5))
def test_groups_stay_together_and_every_class_is_learned(pictures: list[tuple[int, int]], seed: int) -> None:
    labels = [label for label, _ in pictures]
    groups = np.array([group for _, group in pictures], np.int64)
    parts = draw(labels, groups, SHARES, seed)
    assert all(len(set(parts[groups == group].tolist())) == 1 for group in set(groups.tolist()))
    assert {label for label, part in zip(labels, parts, strict=True) if PARTS[part] is Part.TRAIN} == set(labels)
    assert parts.tolist() == draw(labels, groups, SHARES, seed).tolist()


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30), st.integers(-1, 2)), min_size=1, max_size=80),
    st.integers(0, 5),
)
def test_filling_up_moves_nobody_and_keeps_groups_together(pictures: list[tuple[int, int, int]], seed: int) -> None:
    labels = [label for label, _, _ in pictures]
    groups = np.array([group for _, group, _ in pictures], np.int64)
    present = np.array([part for _, _, part in pictures], np.int64)
    parts = draw_more(labels, groups, present, SHARES, seed)
    assert (parts >= 0).all()
    assert (parts[present >= 0] == present[present >= 0]).all()
    for group in set(groups.tolist()):
        mine = groups == group
        assert len(set(parts[mine & (present < 0)].tolist())) <= 1
        if (present[mine] >= 0).any():
            assert set(parts[mine].tolist()) == set(present[mine & (present >= 0)].tolist())


@pytest.mark.parametrize("old", [0, 37, 500])
def test_shares_come_out_right_for_old_and_new_together(old: int) -> None:
    labels = [number % 3 for number in range(1000)]
    present = np.full(1000, -1, np.int64)
    present[:old] = 0
    parts = draw_more(labels, np.arange(1000), present, SHARES, 0)
    counts = np.bincount(parts, minlength=3)
    assert np.abs(counts - [700, 100, 200]).max() <= 3


def test_a_part_without_a_share_gets_nothing() -> None:
    shares = {Part.TRAIN: 0.8, Part.VALIDATION: 0.0, Part.TEST: 0.2}
    labels, groups = [0, 1] * 20, np.arange(40)
    assert set(draw(labels, groups, shares, 0).tolist()) == {0, 2}
    assert set(draw_more(labels, groups, np.full(40, -1, np.int64), shares, 0).tolist()) == {0, 2}
