"""What is done at the same time comes out as if one thing had been done after another."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray
from threadpoolctl import threadpool_info, threadpool_limits

from fenlei.contract.errors import FenleiError
from fenlei.imaging import Policy
from fenlei.training.ahead import Ahead, Shown
from fenlei.training.logistic import fit_logistic, fit_side_by_side, predict
from fenlei.training.progress import Enough
from fenlei.training.view import one

HERE, ELSEWHERE = one("here", 32, Policy.SQUASH), one("elsewhere", 32, Policy.SQUASH)


def blas_threads() -> set[int]:
    return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}


def three() -> NDArray[np.float64]:
    return np.zeros(3)


def broken() -> NDArray[np.float64]:
    raise FenleiError("The file is gone.")


def test_folds_that_are_learned_at_once_are_each_what_it_is_alone() -> None:
    rng = np.random.default_rng(3)
    truth = np.arange(120) % 3
    rows = (rng.normal(0, 1, (120, 15)) + 0.7 * truth[:, None] * rng.normal(0, 1, 15)).astype(np.float64)
    fold, weight = rng.integers(0, 4, 120), rng.uniform(0.5, 2, 120)
    weights = np.stack([np.where(fold == each, 0.0, weight) for each in range(4)], axis=1)
    found = fit_side_by_side(rows, truth, 3, 0.02, weights, tolerance=1e-7)
    assert found.shape == (16, 4, 3)
    for each in range(4):
        inside = fold != each
        alone = fit_logistic(rows[inside], truth[inside], 3, 0.02, weights=weight[inside], tolerance=1e-7)
        np.testing.assert_allclose(predict(rows, found[:, each]), predict(rows, alone), atol=2e-3)


def test_a_fold_without_pictures_of_a_class_gives_it_low_scores_and_disturbs_no_other() -> None:
    rng = np.random.default_rng(4)
    truth = np.repeat([0, 1, 2], 20)
    rows = rng.normal(0, 1, (60, 6)) + truth[:, None]
    weights = np.ones((60, 2))
    weights[truth == 2, 0] = 0
    found = fit_side_by_side(rows, truth, 3, 0.1, weights, tolerance=1e-7)
    assert (predict(rows, found[:, 0]).argmax(axis=1) != 2).all()
    alone = fit_logistic(rows, truth, 3, 0.1, tolerance=1e-7)
    np.testing.assert_allclose(predict(rows, found[:, 1]), predict(rows, alone), atol=2e-3)


def test_who_asks_to_stop_need_not_wait_for_all_folds() -> None:
    rng = np.random.default_rng(5)
    rows, truth = rng.normal(0, 1, (80, 10)), np.arange(80) % 2
    taken: list[int] = []

    def step() -> None:
        taken.append(1)
        if len(taken) == 2:
            raise Enough

    with pytest.raises(Enough):
        fit_side_by_side(rows, truth, 2, 1e-4, np.ones((80, 5)), tolerance=1e-9, step=step)
    assert len(taken) == 2


@pytest.mark.parametrize("work", [three, broken])
def test_work_ahead_gives_the_threads_back_whether_it_is_done_or_fails(work: Callable[[], NDArray[np.float64]]) -> None:
    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        with Ahead() as ahead:
            ahead.measure(HERE, [work], [])
            assert blas_threads() == {1}
            found = ahead.measured(HERE)
            assert found is not None
            if work is broken:
                with pytest.raises(FenleiError, match="gone"):
                    found.distances[0].take()
            else:
                assert found.distances[0].take() is found.distances[0].take()
                ahead.free()
                assert blas_threads() == before
                assert ahead.measured(ELSEWHERE) is None
        assert blas_threads() == before


def test_what_nobody_has_begun_with_is_done_by_whoever_needs_it_and_once() -> None:
    go_on = threading.Event()
    done: list[str] = []

    def work() -> NDArray[np.float64]:
        done.append(threading.current_thread().name)
        return np.ones(2)

    with Ahead() as ahead:
        ahead.begin(lambda: go_on.wait(30))
        ahead.measure(HERE, [work], [])
        found = ahead.measured(HERE)
        assert found is not None
        assert found.distances[0].take() is found.distances[0].take()
        go_on.set()
    assert done == [threading.current_thread().name]


def test_what_is_of_no_use_any_more_is_not_done() -> None:
    go_on = threading.Event()
    done: list[str] = []

    def work(name: str) -> NDArray[np.float64]:
        done.append(name)
        return np.ones(2)

    with Ahead() as ahead:
        ahead.begin(lambda: go_on.wait(30))
        ahead.measure(HERE, [partial(work, "guess")], [])
        ahead.measure(HERE, [partial(work, "known")], [])
        go_on.set()
        found = ahead.measured(HERE)
        assert found is not None
        found.distances[0].take()
    assert done == ["known"]


def test_what_travels_is_shown_once_and_asked_for_as_often_as_one_likes() -> None:
    shown: list[int] = []

    def show() -> Shown:
        shown.append(1)
        return Shown(HERE, [b"file"], np.zeros((1, 4), np.float32))

    with Ahead() as ahead:
        ahead.show(show)
        assert ahead.shown() is ahead.shown()
        assert len(shown) == 1


def test_nothing_is_there_where_nothing_was_begun() -> None:
    with Ahead() as ahead:
        assert ahead.measured(HERE) is None
        assert ahead.shown() is None
