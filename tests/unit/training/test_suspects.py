"""What speaks against a picture: its scores, a twin under another class, its distance. And what does not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fenlei.datasets import Groups
from fenlei.training.class_twins import class_twins
from fenlei.training.label_errors import label_errors
from fenlei.training.outliers import find_outliers
from fenlei.training.progress import Cancelled
from fenlei.training.suspects import find_suspects

SURE = np.array([[0.9, 0.05, 0.05], [0.05, 0.9, 0.05], [0.05, 0.05, 0.9]])


def alone(count: int) -> Groups:
    """Nothing is there twice."""
    return Groups(np.arange(count), np.ones(count, bool))


def test_a_label_that_the_scores_contradict_is_suspect_and_says_which_class_is_likelier() -> None:
    truth = np.repeat([0, 1, 2], 20)
    scores = SURE[truth]
    scores[7] = [0.02, 0.95, 0.03]
    scores[41] = [0.5, 0.1, 0.4]  # not sure enough: pictures of class 0 get 0.86 on average
    found = label_errors(scores, np.ones(60, bool), truth)
    assert np.flatnonzero(found.suspect).tolist() == [7]
    assert found.likelier[7] == 1
    assert found.suspicion.argmax() == 7
    assert found.suspicion[7] == pytest.approx(1 - 0.02)


def test_a_class_of_which_the_model_is_never_sure_is_not_suspected_as_a_whole() -> None:
    truth = np.repeat([0, 1], [40, 20])
    scores = np.array([[0.9, 0.1], [0.55, 0.45]])[truth]  # all of class 1 are answered 0, none of them surely
    assert not label_errors(scores, np.ones(60, bool), truth).suspect.any()


def test_a_picture_that_scores_lowest_in_its_class_counts_though_it_is_sure_of_no_other() -> None:
    truth = np.repeat([0, 1, 2], 20)
    scores = SURE[truth]
    scores[7] = [0.2, 0.75, 0.05]
    scores[41] = [0.48, 0.47, 0.05]
    scores[30] = [0.9, 0.05, 0.05]
    scores[31] = [0.9, 0.05, 0.05]
    found = label_errors(scores, np.ones(60, bool), truth)
    assert np.flatnonzero(found.suspect).tolist() == [30, 31]  # as many as there are sure ones
    scores[32] = [0.9, 0.06, 0.04]
    assert np.flatnonzero(label_errors(scores, np.ones(60, bool), truth).suspect).tolist() == [30, 31, 41]


def test_a_label_that_scores_best_is_not_doubted_however_many_errors_there_are() -> None:
    truth = np.repeat([0, 1], 10)
    scores = np.array([[0.6, 0.4], [0.1, 0.9]])[truth]
    scores[:3] = [[0.05, 0.95]] * 3
    scores[3] = [0.55, 0.45]
    found = label_errors(scores, np.ones(20, bool), truth)
    assert np.flatnonzero(found.suspect).tolist() == [0, 1, 2]


def test_a_picture_that_no_head_has_scored_is_not_suspected_by_scores() -> None:
    truth = np.repeat([0, 1, 2], 20)
    scores, known = SURE[truth], np.ones(60, bool)
    scores[7], known[7] = [0.02, 0.95, 0.03], False
    found = label_errors(scores, known, truth)
    assert not found.suspect.any()
    assert found.suspicion[7] == 0


def test_twins_under_two_classes_are_both_suspect_and_the_likelier_culprit_more() -> None:
    truth = np.array([0, 0, 0, 1, 1, 2])
    groups = Groups(np.array([0, 1, 2, 1, 3, 4]), np.array([True, False, True, True, True]))  # 1 and 3 are near
    scores, known = SURE[truth], np.ones(6, bool)
    scores[1], scores[3] = [0.1, 0.8, 0.1], [0.1, 0.8, 0.1]
    files = [bytes([row]) for row in range(6)]
    found = class_twins(groups, files, truth, scores, known, np.eye(6, dtype=np.float32))
    assert [(twin.row, twin.other, twin.exact) for twin in found] == [(1, 3, False), (3, 1, False)]
    assert found[0].suspicion > found[1].suspicion >= 0.5


def test_of_three_copies_the_one_with_another_label_is_the_more_suspect() -> None:
    truth = np.array([0, 0, 1])
    groups = Groups(np.zeros(3, np.int64), np.ones(1, bool))
    scores, features = np.full((3, 2), 0.5), np.zeros((3, 4), np.float32)
    found = {twin.row: twin for twin in class_twins(groups, [b"x"] * 3, truth, scores, np.zeros(3, bool), features)}
    assert all(twin.exact for twin in found.values())
    assert found[2].suspicion > found[0].suspicion == found[1].suspicion


def test_copies_of_one_class_are_no_suspects() -> None:
    groups = Groups(np.zeros(3, np.int64), np.ones(1, bool))
    scores, features = np.full((3, 2), 0.5), np.zeros((3, 4), np.float32)
    assert class_twins(groups, [b"x"] * 3, np.zeros(3, np.int64), scores, np.ones(3, bool), features) == []


def cloud(count: int, width: int, at: float, seed: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(at, 1, (count, width)).astype(np.float32)


def test_what_is_far_from_all_others_is_an_outlier_and_the_farthest_the_most() -> None:
    features = np.concatenate([cloud(60, 16, 0, 0), cloud(60, 16, 4, 1)])
    features[5] += 12
    features[77] -= 30
    truth = np.repeat([0, 1], 60)
    found = find_outliers(features, truth, 2)
    assert np.flatnonzero(found.suspect).tolist() == [5, 77]
    assert found.suspicion[77] > found.suspicion[5] > 0
    assert found.times[77] > found.times[5] > 1.5
    assert found.suspicion.max() < 0.5


def test_a_class_of_odds_and_ends_is_not_far_as_a_whole() -> None:
    features = np.concatenate([cloud(60, 16, 0, 0), 5 * cloud(30, 16, 2, 1)])
    assert not find_outliers(features, np.repeat([0, 1], [60, 30]), 2).suspect.any()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_handful_of_pictures_has_no_outliers(count: int) -> None:
    found = find_outliers(cloud(count, 8, 0, 0), np.zeros(count, np.int64), 2)
    assert not found.suspect.any()
    assert np.isfinite(found.times).all()


def test_equal_pictures_have_no_outliers() -> None:
    assert not find_outliers(np.ones((30, 8), np.float32), np.repeat([0, 1], 15), 2).suspect.any()


def test_more_pictures_than_references_are_compared_with_the_same_result() -> None:
    features = cloud(5000, 8, 0, 0)
    features[4321] += 40
    assert np.flatnonzero(find_outliers(features, np.zeros(5000, np.int64), 1).suspect)[0:1].tolist() != []
    assert find_outliers(features, np.zeros(5000, np.int64), 1).suspicion.argmax() == 4321


def test_one_list_in_which_labels_and_twins_stand_before_distances() -> None:
    truth = np.repeat([0, 1, 2], 20)
    features = SURE[truth].astype(np.float32) * 10 + cloud(60, 3, 0, 0) * 0.1
    scores = SURE[truth]
    scores[7] = [0.02, 0.95, 0.03]
    features[50] += 40
    group_of = np.arange(60)
    group_of[25] = 3
    _, numbers = np.unique(group_of, return_inverse=True)
    groups = Groups(numbers, np.ones(59, bool))
    found = find_suspects(
        scores=scores,
        known=np.ones(60, bool),
        truth=truth,
        groups=groups,
        files=[bytes([row]) for row in range(60)],
        features=features,
    )
    assert set(found.ranked[:3]) == {3, 7, 25}
    assert found.ranked[3:] == [50]
    assert found.ranked[0] == 7
    counts = found.counts()
    assert (counts.pictures, counts.labels, counts.twins, counts.outliers) == (4, 1, 2, 1)


def test_who_looks_for_outliers_among_many_pictures_asks_again_and_again_whether_to_go_on() -> None:
    asked: list[int] = []

    def ask() -> None:
        asked.append(1)
        if len(asked) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        find_outliers(cloud(5000, 8, 0, 0), np.zeros(5000, np.int64), 1, ask)
