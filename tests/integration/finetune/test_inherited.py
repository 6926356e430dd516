"""Going on from a model whose network was fine-tuned: it is tuned again by the same recipe, within the budget."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from fenlei.training.candidate import TUNED
from fenlei.training.earlier import read_earlier
from fenlei.training.finetune import choice
from fenlei.training.finish import Trained
from fenlei.training.formula import formula_of
from fenlei.training.report import CandidateResult
from fenlei.training.train import train
from tests.support.hurried import hurry
from tests.support.tuning import SETTINGS


def tuned_lines(found: Trained) -> list[CandidateResult]:
    return [each for each in found.report.candidates if each.head.startswith("fine-tuned network")]


def test_the_earlier_recipe_is_the_first_that_is_tuned(
    leaning: Path, network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = replace(SETTINGS, mixing=0.0)
    hurry(monkeypatch.setattr, recipe)
    photos, cache = shutil.copytree(leaning, tmp_path / "photos"), tmp_path / "cache"
    late = sorted(photos.glob("*/*.png"))[::40]
    for each in late:
        each.rename(tmp_path / f"{each.parent.name} {each.name}")
    first = train(photos, cache=cache, goal="accurate", budget=900, backbone=str(network))
    assert formula_of(first.model).candidate.kind == TUNED

    for each in late:
        (tmp_path / f"{each.parent.name} {each.name}").rename(each)
    # What this search would choose by itself is too little to win.
    monkeypatch.setattr(choice, "ON_CPU", (replace(recipe, epochs=1, rate=1e-6, head_rate=1e-6),))
    second = train(
        photos,
        cache=cache,
        goal="accurate",
        budget=900,
        backbone=str(network),
        since=read_earlier(first.model),
    )
    assert second.report.recipe.setting["epochs"] == recipe.epochs
    assert tuned_lines(second)[0].left_out is None
    since = second.report.since
    assert since is not None
    assert (since.new_pictures, since.judged) == (len(late), first.report.test_pictures)

    for budget in (None, 1e-9):
        heads = train(
            photos,
            cache=cache,
            backbone=str(network),
            since=read_earlier(first.model),
            budget=budget,
            fine_tune=budget is None,
        )
        [line] = tuned_lines(heads)
        assert line.left_out is not None
        assert "learned again only where a budget allows fine-tuning" in line.left_out
