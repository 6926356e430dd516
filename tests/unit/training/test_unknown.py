"""Rules for unknown pictures: strangers are told, known ones are turned away as seldom as was asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fenlei.modelfile import Head
from fenlei.training.auroc import auroc
from fenlei.training.folds import draw_folds
from fenlei.training.heads import KINDS, LOGISTIC
from fenlei.training.unknown import Lead, Rule, carry_rule, measure_unseen, set_rule
from fenlei.training.unknown.leave_out import compare
from fenlei.training.unknown.rules import BOTH, LEARN, even_share

WIDTH, CLASSES = 24, 5


def clusters(count: int, seed: int, *, first: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Pictures of five classes about centres that are the same for every seed; those from `first` + 5 on are others."""
    centres = np.random.default_rng(99).normal(0, 3, (2 * CLASSES, WIDTH))
    rng = np.random.default_rng(seed)
    truth = np.arange(count) % CLASSES
    # Two directions are loud in all pictures and say nothing, as features have them.
    loud = rng.normal(0, 8, (count, 2)) @ np.eye(2, WIDTH)
    return (centres[truth + first] + rng.normal(0, 1, (count, WIDTH)) + loud).astype(np.float32), truth


NOTHING = np.random.default_rng(7).normal(0, 12, (20, WIDTH)).astype(np.float32)
"""Features of drawn pictures."""


def lead(truth: NDArray[np.int64]) -> Lead:
    logits = np.random.default_rng(3).normal(0, 1, (len(truth), CLASSES))
    return Lead(LOGISTIC, {"strength": 0.01}, 1.0, logits, np.ones(len(truth), bool))


def rule(count: int = 400, false_rejects: float = 0.05) -> tuple[Rule, NDArray[np.float32], Any]:
    features, truth = clusters(count, 0)
    groups = np.arange(count)
    found = set_rule(
        features,
        truth,
        groups,
        draw_folds(truth, groups, 0),
        lead(truth),
        NOTHING,
        false_rejects=false_rejects,
        seed=0,
    )
    assert found is not None
    return found, features, truth


def test_strangers_are_told_and_known_pictures_are_turned_away_as_seldom_as_asked() -> None:
    for false_rejects in (0.02, 0.1):
        found, features, truth = rule(false_rejects=false_rejects)
        unknown = found.learn(features, truth)
        nothing = Head.linear(np.zeros((WIDTH, CLASSES), np.float32), np.zeros(CLASSES, np.float32))
        known = unknown.strangeness(clusters(2000, 1)[0], nothing)
        strange = unknown.strangeness(clusters(500, 2, first=CLASSES)[0], nothing)
        assert auroc(known, strange) > 0.98
        assert np.mean(strange > 1) > 0.9
        assert np.mean(known > 1) < 2 * false_rejects + 0.02
        assert np.mean(known > 1) > false_rejects / 4
        assert abs(np.median(known)) < 0.3


def test_the_rule_that_tells_classes_left_out_best_is_taken() -> None:
    found, _, _ = rule()
    best = max(each.mean for each in found.compared)
    taken = next(each for each in found.compared if each.rule == found.name)
    assert taken.mean >= best - 0.02
    assert len(found.compared) == 6
    assert best > 0.9


def test_the_same_question_has_the_same_answer() -> None:
    one, features, truth = rule()
    other, _, _ = rule()
    assert one == other
    nothing = Head.linear(np.zeros((WIDTH, CLASSES), np.float32), np.zeros(CLASSES, np.float32))
    asked = clusters(20, 1)[0]
    first, second = (each.learn(features, truth).strangeness(asked, nothing) for each in (one, other))
    assert np.array_equal(first, second)


def test_two_classes_cannot_be_left_out_and_get_the_usual_rule() -> None:
    features, truth = clusters(100, 0)
    kept = truth < 2
    groups = np.arange(kept.sum())
    found = set_rule(
        features[kept],
        truth[kept],
        groups,
        draw_folds(truth[kept], groups, 0),
        lead(truth[kept]),
        NOTHING,
        false_rejects=0.05,
        seed=0,
    )
    assert found is not None
    assert (found.name, found.compared) == (BOTH, [])


def test_twins_of_pictures_that_were_learned_from_are_no_strangers() -> None:
    features, truth = clusters(200, 0)
    # Every picture of a class has a twin with the label of another: nobody is left who is surely unknown.
    features = np.concatenate([features, features])
    labels, groups = np.concatenate([truth, (truth + 1) % CLASSES]), np.tile(np.arange(200), 2)
    setting = {"strength": 0.01}
    found = compare(features, labels, groups, NOTHING, KINDS[LOGISTIC], setting, false_rejects=0.05, seed=0)
    assert found == []


@pytest.mark.parametrize("name", LEARN)
def test_one_picture_and_many_are_measured_alike(name: str) -> None:
    features, truth = clusters(300, 0)
    measure = LEARN[name](features, truth)
    others = clusters(20, 1)[0]
    alone = np.concatenate([measure(row[None]) for row in others])
    np.testing.assert_allclose(measure(others), alone, rtol=1e-3, atol=1e-3)
    assert measure(others).shape == (20,)


def test_a_share_of_every_class_is_kept() -> None:
    truth = np.array([0] * 500 + [1] * 3 + [2] * 40)
    rows = even_share(truth, 60)
    counts = np.bincount(truth[rows])
    assert len(rows) <= 60
    assert counts[1] == 3
    assert counts[0] >= 20
    assert counts[2] >= 20


def tuned(
    count: int, learned: int, seed: int, *, scale: float, turn: int, first: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Clusters as a network sees them that was tuned on the first `learned`: those lie nearer to their centres. Every
    network has a scale and directions of its own."""
    features, truth = clusters(count, seed, first=first)
    centres = np.stack([features[truth == label].mean(axis=0) for label in range(CLASSES)])
    drawn_in = np.where(np.arange(count) < learned, 0.3, 1.0)[:, None]
    features = centres[truth] + (features - centres[truth]) * drawn_in
    turned = np.linalg.qr(np.random.default_rng(turn).normal(0, 1, (WIDTH, WIDTH)))[0]
    return (scale * features @ turned).astype(np.float32), truth


def test_the_threshold_of_a_tuned_network_is_set_by_pictures_it_has_not_seen_and_carried_over() -> None:
    features, truth = tuned(400, 300, 0, scale=1.0, turn=1)
    unseen = measure_unseen(features[:300], truth[:300], features[300:])
    found = carry_rule(unseen, false_rejects=0.05)
    assert found is not None
    assert (found.name, list(found.compared), found.pictures) == (BOTH, [], 100)
    shipped, shipped_truth = tuned(2400, 400, 0, scale=2.5, turn=2)
    unknown = found.learn(shipped[:400], shipped_truth[:400])
    nothing = Head.linear(np.zeros((WIDTH, CLASSES), np.float32), np.zeros(CLASSES, np.float32))
    known = unknown.strangeness(shipped[400:], nothing)
    strange = unknown.strangeness(tuned(500, 0, 2, scale=2.5, turn=2, first=CLASSES)[0], nothing)
    assert 0.01 < np.mean(known > 1) < 0.12
    assert np.mean(strange > 1) > 0.9
    assert auroc(known, strange) > 0.98

    # By pictures that the network has seen, as if folds held them out, most of the others would be strangers.
    rows = slice(0, 400)
    groups = np.arange(400)
    folds = draw_folds(shipped_truth[rows], groups, 0)
    by_seen = set_rule(
        shipped[rows],
        shipped_truth[rows],
        groups,
        folds,
        lead(shipped_truth[rows]),
        None,
        false_rejects=0.05,
        seed=0,
    )
    assert by_seen is not None
    assert np.mean(by_seen.learn(shipped[rows], shipped_truth[rows]).strangeness(shipped[400:], nothing) > 1) > 0.3


def test_few_pictures_that_a_tuned_network_has_not_seen_give_no_rule() -> None:
    features, truth = tuned(100, 80, 0, scale=1.0, turn=1)
    assert carry_rule(measure_unseen(features[:80], truth[:80], features[-7:]), false_rejects=0.05) is None
    assert carry_rule(measure_unseen(features[:80], truth[:80], features[-8:]), false_rejects=0.05) is not None
