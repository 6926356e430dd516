"""What to try next, once the plan has been tried: optuna's tree-structured Parzen estimator, and its Wilcoxon pruner.

Bergstra et al. 2011, "Algorithms for Hyper-Parameter Optimization"; Akiba et al. 2019, "Optuna". The pruner compares a
candidate with the best one, block of pictures by block of pictures, while its folds are still being learned: what falls
behind beyond doubt cannot win any more and is dropped.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fenlei.training.alteration import COPIES
from fenlei.training.candidate import Candidate
from fenlei.training.heads import KINDS, NETWORK
from fenlei.training.view import View

BY_CHANCE = 6
"""Proposals before the estimator has enough to go by."""

DOUBT = 0.05
"""Level of the signed-rank test at which a candidate is dropped."""

LEAST_BLOCKS = 10

STUCK = 8
"""Proposals in a row that were tried before, after which the estimator is passed over and chance proposes."""

SAME_AGAIN = 40
"""Proposals in a row that were tried before, after which nothing new is to be expected."""


class Proposals:
    """An optuna study over views, kinds of head, copies and the settings of the small network."""

    def __init__(self, views: Sequence[View], seed: int, copies: Sequence[str] = tuple(COPIES)) -> None:
        """Begin with an empty study; what was tried before is told by `told`.

        Args:
            views: to choose from.
            seed: of the estimator.
            copies: names of copies to choose from.
        """
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._optuna = optuna
        self._views = {view.key: view for view in views}
        self._copies = list(copies)
        self._estimator = optuna.samplers.TPESampler(seed=seed, n_startup_trials=BY_CHANCE)
        self._chance = optuna.samplers.RandomSampler(seed=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            self._study = optuna.create_study(
                sampler=self._estimator,
                pruner=optuna.pruners.WilcoxonPruner(p_threshold=DOUBT, n_startup_steps=LEAST_BLOCKS),
            )
        self._seen: set[str] = set()
        self._places = np.random.default_rng(seed)

    def next(
        self, planned: Candidate | None = None, *, only: Callable[[Candidate], bool] | None = None
    ) -> tuple[Candidate, Any] | None:
        """A candidate and its trial; None where nothing new is to be found.

        Args:
            planned: try this one; None leaves the choice to the estimator. One that it could not have chosen is not
                found.
            only: asked by example for each view with each kind of copies; what is proposed is on one that it lets pass.
        """
        if planned is not None:
            if planned.kind not in KINDS or planned.view.key not in self._views or planned.copies not in self._copies:
                return None
            self._study.enqueue_trial(self._words(planned))
            trial = self._study.ask()
            self._suggest(trial)
            self._seen.add(planned.key)
            return planned, trial
        places = [{}] if only is None else self._places_of(only)
        for number in range(SAME_AGAIN if places else 0):
            # What was tried is no news to the estimator: where few choices are left it says the same again and again.
            self._study.sampler = self._estimator if number < STUCK else self._chance
            if only is not None:
                self._study.enqueue_trial(places[self._places.integers(len(places))])
            trial = self._study.ask()
            candidate = self._suggest(trial)
            if candidate.key not in self._seen:
                self._seen.add(candidate.key)
                return candidate, trial
            self.give_up(trial)
        return None

    def told(self, trial: Any, loss: float, blocks: Sequence[tuple[int, float]] = ()) -> None:
        """What a candidate scored, in all and by block; lower is better."""
        for number, each in blocks:
            trial.report(each, number)
        self._study.tell(trial, loss)

    def give_up(self, trial: Any) -> None:
        """A candidate was not tried to its end."""
        self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)

    def drop(self, trial: Any) -> None:
        """A candidate was dropped by the pruner."""
        self._study.tell(trial, state=self._optuna.trial.TrialState.PRUNED)

    def hopeless(self, trial: Any) -> bool:
        """Whether a candidate falls behind beyond doubt, by the blocks that were reported."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the pruner warns where blocks of the best trial are missing
            return bool(trial.should_prune())

    def _suggest(self, trial: Any) -> Candidate:
        view = self._views[trial.suggest_categorical("view", list(self._views))]
        kind = trial.suggest_categorical("kind", list(KINDS))
        copies = trial.suggest_categorical("copies", self._copies)
        setting = None
        if kind == NETWORK:
            setting = {
                "hidden": float(2 ** trial.suggest_int("hidden", 7, 10)),
                "dropout": round(trial.suggest_float("dropout", 0.5, 0.9), 2),
                "decay": round(trial.suggest_float("decay", 0.1, 3.0, log=True), 4),
                "rate": round(trial.suggest_float("rate", 2e-3, 1e-2, log=True), 5),
                "epochs": float(trial.suggest_int("epochs", 30, 120, step=15)),
            }
        return Candidate(view=view, kind=kind, copies=copies, setting=setting)

    def _places_of(self, only: Callable[[Candidate], bool]) -> list[dict[str, Any]]:
        """What says on which views and copies a candidate may be."""
        return [
            {"view": key, "copies": copies}
            for key, view in self._views.items()
            for copies in self._copies
            if only(Candidate(view=view, copies=copies))
        ]

    def _words(self, candidate: Candidate) -> dict[str, Any]:
        words: dict[str, Any] = {"view": candidate.view.key, "kind": candidate.kind, "copies": candidate.copies}
        if candidate.kind == NETWORK:
            setting = dict(candidate.setting or KINDS[NETWORK].path[0])
            words |= {
                "hidden": round(setting["hidden"]).bit_length() - 1,
                "dropout": setting["dropout"],
                "decay": setting["decay"],
                "rate": setting["rate"],
                "epochs": round(setting["epochs"]),
            }
        return words
