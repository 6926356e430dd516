"""Few pictures are divided several times over, many once, and no division leaves a picture unjudged."""

from __future__ import annotations

import numpy as np
import pytest

from fenlei.training.folds import draw_folds


@pytest.mark.parametrize(("count", "divisions"), [(149, 4), (150, 1)])
def test_fewer_than_150_pictures_are_judged_by_four_divisions_that_hold_each_out_once(
    count: int, divisions: int
) -> None:
    truth = np.arange(count) % 3
    folds = draw_folds(truth, np.arange(count), 0)
    assert folds.number.shape[0] == divisions
    for repeat in range(divisions):
        parts = [(inside, outside) for number, inside, outside in folds.parts() if number == repeat]
        np.testing.assert_array_equal(np.sum([outside for _, outside in parts], axis=0), np.ones(count))
        assert all((inside != outside).all() for inside, outside in parts)
        sizes = np.array([np.bincount(truth[outside], minlength=3) for _, outside in parts])
        assert np.ptp(sizes, axis=0).max() <= 1  # every fold has its share of each class
    assert len(np.unique(folds.number, axis=0)) == divisions
