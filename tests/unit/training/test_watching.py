"""Which epoch is kept by few pictures that watch: the latest, unless it is worse beyond doubt."""

from __future__ import annotations

import numpy as np

from fenlei.training.finetune.settings import TuneSettings
from fenlei.training.finetune.training import FEWEST, WATCHING, divided
from fenlei.training.finetune.watching import Watching, ends_after

CHANCE = np.random.default_rng(0)
LOSSES = CHANCE.exponential(0.3, 120)


def test_a_lucky_epoch_does_not_outlive_those_that_follow() -> None:
    watching = Watching(None)
    shaken = [LOSSES + CHANCE.normal(0, 0.2, len(LOSSES)) + luck for luck in (0.0, -0.01, 0.005, 0.01)]
    assert [watching.keeps(epoch, losses) for epoch, losses in enumerate(shaken, 1)] == [True] * 4
    assert watching.kept == 4


def test_what_is_worse_beyond_doubt_is_not_kept_and_the_best_is_what_it_is_held_against() -> None:
    watching = Watching(None)
    assert watching.keeps(1, LOSSES)
    assert watching.keeps(2, LOSSES - 0.1)
    assert not watching.keeps(3, LOSSES - 0.05)
    assert watching.kept == 2


def test_what_counts_more_decides() -> None:
    counted = np.where(np.arange(len(LOSSES)) < 20, 50.0, 1.0)
    worse_where_it_counts = LOSSES + np.where(counted > 1, 0.1, -0.1)
    for weights, kept in ((None, 2), (counted, 1)):
        watching = Watching(weights)
        watching.keeps(1, LOSSES)
        watching.keeps(2, worse_where_it_counts)
        assert watching.kept == kept


def test_a_training_ends_when_patience_is_over_not_before_its_middle_and_not_after_its_end() -> None:
    settings = TuneSettings(epochs=12, patience=3)
    assert [ends_after(kept, settings) for kept in (0, 3, 4, 9, 12)] == [6, 6, 7, 12, 12]


def test_where_few_would_watch_none_does_and_all_are_learned_from() -> None:
    enough = round(FEWEST / WATCHING)
    for count, watching in ((enough - 8, 0), (enough, FEWEST)):
        truth = np.arange(count) % 4
        learned, watched = divided(np.arange(count), truth, np.arange(count), 0)
        assert abs(len(watched) - watching) <= 4
        assert sorted([*learned, *watched]) == [*range(count)]
