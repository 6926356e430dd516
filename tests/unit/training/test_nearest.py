"""The nearest training pictures are those that lie in the same direction, whatever the scale of the features."""

from __future__ import annotations

import numpy as np

from fenlei.training.nearest import nearest


def test_each_finds_itself_first_and_then_its_like() -> None:
    rng = np.random.default_rng(0)
    middles = rng.normal(size=(4, 20)) * 3
    kind = np.repeat(np.arange(4), 12)
    scales = 10.0 ** rng.uniform(-2, 2, 20)  # loud features and quiet ones
    known = ((middles[kind] + rng.normal(size=(48, 20))) * scales).astype(np.float32)
    rows, cosines = nearest(known, known[[3, 15, 40]])
    assert rows.shape == cosines.shape == (3, 3)
    assert rows[:, 0].tolist() == [3, 15, 40]
    np.testing.assert_allclose(cosines[:, 0], 1, atol=1e-5)
    assert (kind[rows] == kind[[3, 15, 40]][:, None]).all()
    assert (np.diff(cosines, axis=1) <= 0).all()


def test_there_are_never_more_than_there_are() -> None:
    one = np.ones((1, 4), np.float32)
    rows, _ = nearest(one, np.zeros((2, 4), np.float32))
    assert rows.tolist() == [[0], [0]]
    rows, cosines = nearest(one, np.zeros((0, 4), np.float32))
    assert rows.shape == cosines.shape == (0, 0)
