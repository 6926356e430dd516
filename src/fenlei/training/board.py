"""The leaderboard: what was tried, what it scored, and which is the best, which only something better replaces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from fenlei.training.aim import Aim, chance_of_answers, figure, interval, picture_weights
from fenlei.training.better import chance_of_gain
from fenlei.training.candidate import Candidate
from fenlei.training.head import Judged
from fenlei.training.report import CandidateResult
from fenlei.training.view import View

SURE = {"fast": 0.9, "balanced": 0.9, "accurate": 0.8}
"""Chance of being better, by goal, from which on a candidate replaces the best: what it costs should not be paid for
luck."""

LIKELY = 0.5
"""Chance of being better from which on it is asked whether a candidate answers worse."""

WORSE = 0.15
"""Chance that its figure is not lower, below which a candidate is turned away although its scores fit better."""


@dataclass(frozen=True)
class Entry:
    """A candidate that was judged."""

    candidate: Candidate
    judged: Judged


TOO_SLOW = "It would answer too slowly for this goal."


class Board:
    """Holds what was tried against each other, by pictures that no fold learned from.

    Candidates are compared by the loss of each picture: it tells far smaller differences than counting right answers.
    One that fits better but answers worse, by the figure that is aimed at, does not win either.
    """

    def __init__(
        self,
        truth: NDArray[np.int64],
        groups: NDArray[np.int64],
        classes: int,
        *,
        aim: Aim,
        sure: float,
        seed: int,
        describe: Callable[[View], tuple[str, int]],
        answers: Callable[[View], float] | None = None,
        heard: Callable[[CandidateResult], None] | None = None,
    ) -> None:
        """Begin empty.

        Args:
            truth: (n,) class numbers of the training part.
            groups: (n,) duplicate groups.
            classes: number of classes.
            aim: what is to be raised.
            sure: chance from which on a candidate is better.
            seed: of resampling.
            describe: backbone and size of a view, for people.
            answers: milliseconds that an answer takes, as far as that is known when it is asked; None: that is not
                told.
            heard: told of every line as soon as it is there.
        """
        self._truth, self._groups, self._classes = truth, groups, classes
        self._aim, self._sure, self._seed = aim, sure, seed
        self._weights = picture_weights(aim, truth, classes)
        self._describe, self._answers, self._heard = describe, answers, heard
        self._lines: list[tuple[Candidate, CandidateResult]] = []
        self.best: Entry | None = None

    def enter(
        self,
        candidate: Candidate,
        judged: Judged,
        *,
        seconds: float | None = None,
        size: int | None = None,
        allowed: bool = True,
        succeeds: bool = False,
    ) -> bool:
        """Write down what a candidate scored; returns whether it is the best now.

        Args:
            candidate: what was tried.
            judged: what it scored.
            seconds: that it took to try, if the clock may be told.
            size: bytes of its network.
            allowed: whether it may win; False where it would answer too slowly.
            succeeds: whether it is the best one once more, learned from more pictures, which need not be shown.
        """
        won = succeeds or (allowed and (self.best is None or self.better(judged, self.best.judged)))
        if won:
            self.best = Entry(candidate, judged)
        line = self._line(candidate, judged)
        line = msgspec.structs.replace(line, seconds=seconds, bytes=size, milliseconds=self._milliseconds(candidate))
        if not allowed:
            line = msgspec.structs.replace(line, left_out=TOO_SLOW)
        self._lines.append((candidate, line))
        if self._heard is not None:
            self._heard(msgspec.structs.replace(line, chosen=won, key=candidate.key))
        return won

    def leave_out(self, candidate: Candidate, why: str, seconds: float | None = None) -> None:
        """Write down that a candidate was not tried, or not to its end."""
        slow = self._milliseconds(candidate) if why == TOO_SLOW else None
        line = msgspec.structs.replace(self._blank(candidate), left_out=why, seconds=seconds, milliseconds=slow)
        self._lines.append((candidate, line))
        if self._heard is not None and seconds is not None:
            self._heard(msgspec.structs.replace(line, key=candidate.key))

    def lines(self) -> list[CandidateResult]:
        """Everything, in the order in which it was tried; the winner is marked. What an answer takes is told as it is
        known by now."""
        winner = None if self.best is None else self.best.candidate
        return [
            msgspec.structs.replace(
                line,
                chosen=candidate == winner,
                milliseconds=None if line.milliseconds is None else self._milliseconds(candidate),
            )
            for candidate, line in self._lines
        ]

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def tried(self) -> list[Candidate]:
        """Everything that was compared, or was given up once it was tried; what was never tried lost nothing."""
        return [each for each, line in self._lines if line.left_out is None or line.seconds is not None]

    def knows(self, candidate: Candidate) -> bool:
        """Whether there is a line for it."""
        return any(candidate == known for known, _ in self._lines)

    def better(self, one: Judged, other: Judged) -> bool:
        """Whether `one` is better beyond noise."""
        return self.chance(one, other) >= self._sure

    def chance(self, one: Judged, other: Judged) -> float:
        """How likely `one` is better, by the pictures that judged both; 0 where it answers worse, or none did."""
        both = one.judged & other.judged
        if not both.any():
            return 0.0
        gains = (other.losses(self._truth) - one.losses(self._truth))[both]
        groups, weights = self._groups[both], self._weights[both]
        chance = chance_of_gain(gains, groups, weights, self._seed)
        if chance < LIKELY:
            return chance
        mine, its = (each.scores.argmax(axis=1)[both] for each in (one, other))
        truth = self._truth[both]
        kept = chance_of_answers(self._aim, mine, its, truth, groups, weights, self._classes, self._seed)
        return chance if kept >= WORSE else 0.0

    def _milliseconds(self, candidate: Candidate) -> float | None:
        return None if self._answers is None else self._answers(candidate.view)

    def _line(self, candidate: Candidate, judged: Judged) -> CandidateResult:
        line = self._blank(candidate)
        seen = judged.judged
        if not seen.any():
            return line
        called, truth = judged.scores[seen].argmax(axis=1), self._truth[seen]
        accuracy = figure(Aim.ACCURACY, called, truth, self._classes)
        return msgspec.structs.replace(
            line,
            accuracy=accuracy,
            accuracy_interval=interval(Aim.ACCURACY, called, truth, self._classes),
            score=figure(self._aim, called, truth, self._classes),
            score_interval=interval(self._aim, called, truth, self._classes, self._seed),
            log_loss=judged.loss,
        )

    def _blank(self, candidate: Candidate) -> CandidateResult:
        backbone, size = self._describe(candidate.view)
        return CandidateResult(
            backbone=backbone,
            size=size,
            policy=candidate.view.policy.value,
            head=candidate.head,
            copies=candidate.copies,
            aim=self._aim.value,
        )
