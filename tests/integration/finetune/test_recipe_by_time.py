"""What is tuned, and how, is chosen by what there is time for; where there is none, a line says how much is lacking."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import pytest

from fenlei.backbones import load_backbone
from fenlei.imaging import InputSpec, Policy
from fenlei.modelfile import Head
from fenlei.training import ladder, plan, search
from fenlei.training.candidate import Candidate
from fenlei.training.finetune.pace import EXPORTING, Pace, measured
from fenlei.training.finetune.replay import LEAST
from fenlei.training.finetune.settings import TuneSettings, read_settings
from fenlei.training.finetune.student import make_student
from fenlei.training.finetune.tuner import Needs, Tuner
from fenlei.training.finish import Trained
from fenlei.training.heads import KINDS, LOGISTIC
from fenlei.training.progress import Stage
from fenlei.training.timetable import Timetable
from fenlei.training.train import train
from fenlei.training.view import one
from tests.support.drawing import class_folders
from tests.support.tasks import drawn_task

LARGE, SMALL = 160, 128
BUDGET = 100_000.0
"""Seconds: so many that those that pass meanwhile do not count."""

NEVER = 10 * BUDGET
FITS = 0.1 * BUDGET


class Recipe(NamedTuple):
    """What decides how long it takes."""

    size: int
    kept: bool
    epochs: int


def recipe_of(candidate: Candidate) -> Recipe:
    settings = read_settings(candidate.setting or {})
    assert settings.kept == (settings.stages > 0)  # last stages on kept maps, or everything
    return Recipe(candidate.view.size or 0, bool(settings.kept), settings.epochs)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return class_folders(tmp_path_factory.mktemp("set") / "photos", {"a": 56, "b": 56}, size=40)


@pytest.fixture(autouse=True)
def only_what_is_tuned(monkeypatch: pytest.MonkeyPatch) -> None:
    """One network at two sizes, one head on each, and nothing proposed."""
    views = tuple(one(plan.LITE0, size, Policy.SQUASH) for size in (LARGE, SMALL))
    monkeypatch.setattr(plan, "LADDERS", {"accurate": views})
    for module in (ladder, search):
        monkeypatch.setattr(module, "KINDS", {LOGISTIC: KINDS[LOGISTIC]})
    monkeypatch.setattr(plan, "COPIES", {"none": ()})
    monkeypatch.setattr(search, "IN_VAIN", 0)


class Chosen(NamedTuple):
    """What came of a search.

    Attributes:
        begun: with what fine-tuning began, or None; it was stopped at once.
        found: the search.
    """

    begun: Recipe | None
    found: Trained


def chosen(
    monkeypatch: pytest.MonkeyPatch,
    photos: Path,
    cache: Path,
    seed: int,
    needs: Callable[[Recipe], float],
    budget: float = BUDGET,
    anew: float = 0.0,
) -> Chosen:
    """Search where each recipe takes so many seconds, and learning it anew so many more; another seed is another search
    with the same features."""
    begun: list[Stage] = []

    def watch(stage: Stage, done: int, total: int) -> None:
        if stage is Stage.TUNE:
            begun.append(stage)

    monkeypatch.setattr(Tuner, "needs", lambda tuner, candidate: Needs(needs(recipe_of(candidate)), anew))
    before = set(cache.rglob("begun.json"))
    found = train(
        photos,
        cache=cache,
        goal="accurate",
        budget=budget,
        seed=seed,
        test_fraction=0.05,
        progress=watch,
        enough=lambda: bool(begun),
    )
    written = [msgspec.json.decode(path.read_bytes(), type=Candidate) for path in {*cache.rglob("begun.json")} - before]
    assert len(written) == bool(begun)
    return Chosen(recipe_of(written[0]) if written else None, found)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def test_with_time_for_everything_the_whole_network_is_tuned_for_as_long_as_it_helps(
    monkeypatch: pytest.MonkeyPatch, photos: Path, cache: Path
) -> None:
    begun = chosen(monkeypatch, photos, cache, 1, lambda recipe: FITS).begun
    assert begun is not None
    assert not begun.kept
    assert begun.epochs == TuneSettings().epochs


def test_where_the_large_input_takes_too_long_the_whole_network_is_tuned_at_a_smaller_size(
    monkeypatch: pytest.MonkeyPatch, photos: Path, cache: Path
) -> None:
    begun = chosen(
        monkeypatch, photos, cache, 2, lambda recipe: FITS if recipe.size == SMALL or recipe.kept else NEVER
    ).begun
    assert begun == (SMALL, False, TuneSettings().epochs)


def test_where_learning_anew_may_not_fit_all_that_is_left_is_set_aside_since_judging_may_take_less(
    monkeypatch: pytest.MonkeyPatch, photos: Path, cache: Path
) -> None:
    aside: list[float] = []
    begin = Timetable.last_stage

    def last_stage(timetable: Timetable) -> None:
        aside.append(timetable.last)
        begin(timetable)

    monkeypatch.setattr(Timetable, "last_stage", last_stage)
    begun = chosen(monkeypatch, photos, cache, 7, lambda recipe: 0.5 * BUDGET, anew=0.6 * BUDGET).begun
    assert begun is not None
    assert aside == [pytest.approx(BUDGET, rel=0.02)]


def test_with_less_time_it_is_tuned_for_fewer_epochs(
    monkeypatch: pytest.MonkeyPatch, photos: Path, cache: Path
) -> None:
    most = TuneSettings().epochs
    begun = chosen(
        monkeypatch, photos, cache, 3, lambda recipe: NEVER if recipe.epochs == most and not recipe.kept else FITS
    ).begun
    assert begun is not None
    assert not begun.kept
    assert most / 2 < begun.epochs < most


def test_with_little_time_the_last_stages_are_tuned_on_what_the_others_give(
    monkeypatch: pytest.MonkeyPatch, photos: Path, cache: Path
) -> None:
    begun = chosen(monkeypatch, photos, cache, 4, lambda recipe: FITS if recipe.kept else NEVER).begun
    assert begun is not None
    assert begun.kept


def test_with_too_little_time_nothing_is_tuned_and_the_line_says_how_much_is_lacking(
    monkeypatch: pytest.MonkeyPatch, photos: Path, cache: Path
) -> None:
    needs: list[float] = []

    def too_much(recipe: Recipe) -> float:
        needs.append(NEVER / 2 if recipe.kept else NEVER)
        return needs[-1]

    begun, found = chosen(monkeypatch, photos, cache, 5, too_much)
    assert begun is None
    lacking, left = told(found)
    assert lacking == min(needs)
    assert 0.9 * BUDGET < left < BUDGET


def test_with_seconds_it_is_not_even_measured(monkeypatch: pytest.MonkeyPatch, photos: Path, cache: Path) -> None:
    def fail(recipe: Recipe) -> float:
        raise AssertionError("measured")

    begun, found = chosen(monkeypatch, photos, cache, 6, fail, budget=LEAST - 1)
    assert begun is None
    lacking, left = told(found)
    assert lacking == LEAST
    assert left < LEAST


def told(found: Trained) -> tuple[float, float]:
    """Seconds that were lacking and seconds that were left, as the line says that stands for what was not tuned."""
    assert found.report.recipe.head == KINDS[LOGISTIC].name
    (line,) = [each for each in found.report.candidates if each.head.startswith("fine-tuned")]
    assert line.score is None
    pattern = r"Fine-tuning needs about (\d+) s more, and (\d+) s of the budget are left\."
    said = re.fullmatch(pattern, line.left_out or "")
    assert said is not None, line.left_out
    return float(said[1]), float(said[2])


def test_the_time_is_that_of_preparing_once_and_of_learning_again_and_again() -> None:
    pace = Pace(learning=2.0, processor=2.0, preparing=1.0)
    settings = TuneSettings(kept=1, variants=4)
    assert pace.seconds(10, 3, settings, prepared=True) == 2 * 10 * 3 + EXPORTING
    assert pace.seconds(10, 3, settings, prepared=False) == 4 * 10 + 2 * 10 * 3 + EXPORTING


def test_a_few_steps_are_what_is_measured(tmp_path: Path) -> None:
    task = drawn_task(tmp_path / "photos", {"a": 8, "b": 8}, size=40)
    spec = InputSpec(height=SMALL, width=SMALL, policy=Policy.SQUASH)
    paces = []
    for settings in (TuneSettings(stages=1, kept=1), TuneSettings(stages=2, kept=0)):
        loaded = load_backbone(plan.LITE0, size=SMALL, cache=tmp_path)
        student = make_student(loaded, Head.linear(np.zeros((1280, 2), np.float32), np.zeros(2, np.float32)), settings)
        paces.append(measured(student, task.pictures[:4], 2, settings, spec))
    kept, whole = paces
    assert kept.preparing > 0
    assert whole.preparing == 0
    assert kept.learning > 0
    assert whole.learning > 0
