"""How far a training is: a fraction that only grows, and steps by which a run gets on."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fenlei.projects.train_progress import MILESTONE, TrainProgress
from fenlei.runs import RunContext
from fenlei.training.progress import Stage
from fenlei.training.report import CandidateResult
from fenlei.training.timetable import Outlook


class Heard:
    """What a run was told; steps that it knows are not done again."""

    def __init__(self, known: tuple[str, ...] = ()) -> None:
        self.run = SimpleNamespace(id="rn_1")
        self.fractions: list[float] = []
        self.left: list[float | None] = []
        self.events: list[dict[str, Any]] = []
        self.stages: list[str] = []
        self.steps: list[str] = []
        self.early_results: list[dict[str, Any]] = []
        self.lines: list[str] = []
        self._known = known

    def progress(self, stage: str, fraction: float, time_left: float | None = None) -> None:
        self.stages.append(stage)
        self.left.append(time_left)
        self.fractions.append(fraction)

    def finish_step(self, name: str, function: Callable[[Any], Any]) -> None:
        if name not in self._known:
            self.steps.append(name)
            function(SimpleNamespace(events=SimpleNamespace(add=self._add)))

    def _add(self, run_id: str, events: list[Any]) -> None:
        self.events += [{"kind": each.kind, "step": each.step, **each.data} for each in events]

    def metric(self, name: str, value: float, **more: Any) -> None:
        self.lines.append(f"{name} {value}")

    def log(self, text: str) -> None:
        self.lines.append(text)

    def early(self, data: dict[str, Any]) -> None:
        self.early_results.append(data)


FIRST, SECOND = "0123456789abcdef", "fedcba9876543210"
NAME = "tiny 32 px squash, logistic regression"


def candidate(accuracy: float, *, chosen: bool, key: str | None = None) -> CandidateResult:
    return CandidateResult(
        key=key,
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
        telling.candidate(candidate(accuracy, chosen=True, key=(FIRST, SECOND)[number]))
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
        f"candidate {FIRST[:10]}: {NAME}",
        *(f"candidate 2: {left} pictures to go" for left in (2 * MILESTONE, MILESTONE)),
        f"candidate {SECOND[:10]}: {NAME}",
    ]


def test_figures_are_shown_once_however_often_a_run_is_begun() -> None:
    first = Heard()
    go(first)
    assert [each["candidate"]["accuracy"] for each in first.early_results] == [0.8, 0.9]
    again = Heard(known=(f"candidate {FIRST[:10]}: {NAME}",))
    go(again)
    assert [each["candidate"]["accuracy"] for each in again.early_results] == [0.9]
    assert "accuracy 0.8" in first.lines
    assert "accuracy 0.8" not in again.lines


def test_every_candidate_is_an_event_with_its_line_in_the_transaction_of_its_step() -> None:
    heard = Heard()
    telling = TrainProgress(cast(RunContext, heard))
    telling.candidate(candidate(0.8, chosen=True, key=FIRST))
    telling.candidate(candidate(0.7, chosen=False, key=SECOND))
    assert [each["kind"] for each in heard.events] == ["candidate", "candidate"]
    assert [each["step"] for each in heard.events] == heard.steps
    assert [(each["accuracy"], each["chosen"], each["head"]) for each in heard.events] == [
        (0.8, True, "logistic regression"),
        (0.7, False, "logistic regression"),
    ]


def test_with_a_budget_the_fraction_follows_the_clock_and_the_time_left_is_told() -> None:
    heard = Heard()
    telling = TrainProgress(cast(RunContext, heard))
    telling(Stage.READ, 1, 10)
    assert heard.left == [None]
    telling.time(Outlook(10.0, 30.0))
    telling(Stage.EMBED, 5, 10)
    telling.time(Outlook(20.0, 60.0))  # it will take longer than was thought
    telling.time(Outlook(60.0, 20.0))
    assert heard.fractions[1:] == [0.25, 0.25, 0.25, 0.75]
    assert heard.left[1:] == [30.0, 30.0, 60.0, 20.0]


@pytest.mark.parametrize("stage", list(Stage))
def test_every_stage_has_its_place_where_no_time_is_told(stage: Stage) -> None:
    heard = Heard()
    telling = TrainProgress(cast(RunContext, heard))
    for done in range(5):
        telling(stage, done, 4)
    assert heard.fractions == sorted(heard.fractions)
    assert 0 <= heard.fractions[0] <= heard.fractions[-1] <= 1
