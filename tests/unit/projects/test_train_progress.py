"""How far a training is: a fraction that only grows, and steps by which a run gets on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from fenlei.projects.train_progress import MILESTONE, TrainProgress
from fenlei.runs import RunContext
from fenlei.training.progress import Stage
from fenlei.training.report import CandidateResult


class Heard:
    """What a run was told; steps that it knows are not done again."""

    def __init__(self, known: tuple[str, ...] = ()) -> None:
        self.fractions: list[float] = []
        self.stages: list[str] = []
        self.steps: list[str] = []
        self.early_results: list[dict[str, Any]] = []
        self.lines: list[str] = []
        self._known = known

    def progress(self, stage: str, fraction: float) -> None:
        self.stages.append(stage)
        self.fractions.append(fraction)

    def finish_step(self, name: str, function: Callable[[Any], Any]) -> None:
        if name not in self._known:
            function(None)
            self.steps.append(name)

    def metric(self, name: str, value: float, **more: Any) -> None:
        self.lines.append(f"{name} {value}")

    def log(self, text: str) -> None:
        self.lines.append(text)

    def early(self, data: dict[str, Any]) -> None:
        self.early_results.append(data)


def candidate(accuracy: float, *, chosen: bool) -> CandidateResult:
    return CandidateResult(
        backbone="tiny",
        size=32,
        policy="squash",
        accuracy=accuracy,
        accuracy_interval=(accuracy - 0.1, accuracy + 0.1),
        log_loss=0.5,
        chosen=chosen,
    )


def go(heard: Heard, pictures: int = 2500) -> TrainProgress:
    """A training of two candidates, told as `train` tells it."""
    telling = TrainProgress(cast(RunContext, heard))
    telling(Stage.READ, pictures, pictures)
    for done in range(1, pictures + 1):
        telling(Stage.EMBED, done, pictures)
    telling(Stage.GROUP, 0, 1)
    telling(Stage.GROUP, 1, 1)
    for number, accuracy in enumerate((0.8, 0.9)):
        telling(Stage.CHOOSE, number, 2)
        for done in range(1, pictures + 1):
            telling(Stage.EMBED, done, pictures)
        for done in range(6):
            telling(Stage.FIT, done, 5)
        telling.candidate(candidate(accuracy, chosen=True))
    telling(Stage.CHOOSE, 2, 2)
    telling(Stage.JUDGE, 1, 1)
    telling(Stage.FINISH, 1, 1)
    return telling


def test_the_fraction_never_falls_and_ends_at_one() -> None:
    heard = Heard()
    go(heard)
    assert heard.fractions == sorted(heard.fractions)
    assert heard.fractions[-1] == 1.0
    assert 0.4 < heard.fractions[2500] <= 0.5
    # The second candidate moves it, too.
    at_second = [fraction for fraction, stage in zip(heard.fractions, heard.stages, strict=True) if stage == Stage.FIT]
    assert at_second[5] < at_second[-1] < 0.92


def test_a_run_gets_on_while_features_are_computed_and_with_every_candidate() -> None:
    heard = Heard()
    go(heard)
    assert heard.steps == [
        *(f"candidate 1: {left} pictures to go" for left in (2 * MILESTONE, MILESTONE)),
        *(f"candidate 1: {left} pictures to go" for left in (2 * MILESTONE, MILESTONE)),
        "candidate 1: tiny 32 px squash",
        *(f"candidate 2: {left} pictures to go" for left in (2 * MILESTONE, MILESTONE)),
        "candidate 2: tiny 32 px squash",
    ]


def test_figures_are_shown_once_however_often_a_run_is_begun() -> None:
    first = Heard()
    go(first)
    assert [each["candidate"]["accuracy"] for each in first.early_results] == [0.8, 0.9]
    again = Heard(known=("candidate 1: tiny 32 px squash",))
    go(again)
    assert [each["candidate"]["accuracy"] for each in again.early_results] == [0.9]
    assert "accuracy 0.8" in first.lines
    assert "accuracy 0.8" not in again.lines
