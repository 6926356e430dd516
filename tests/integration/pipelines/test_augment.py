"""Which copies are learned from travels with the pictures, to heads and to a search."""

from __future__ import annotations

from functools import partial

import pytest

from fenlei.modelfile import read
from fenlei.pipelines.found import found_pictures
from fenlei.pipelines.reference import Model, Split
from fenlei.training.alteration import COPIES
from fenlei.training.candidate import Candidate
from fenlei.training.errors import TrainingError
from fenlei.training.formula import formula_of
from fenlei.training.report import CandidateResult, from_json
from fenlei.training.train import train
from tests.support.drawing import class_folders
from tests.support.workbench import Workbench


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    return Workbench(tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="module")
def split(bench: Workbench) -> Split:
    return bench.split(class_folders(bench.folder / "photos", {"a": 14, "b": 14}), test=0.3)


def lines(bench: Workbench, model: Model) -> list[CandidateResult]:
    path = bench.folder / f"{model.digest}.fenlei"
    bench.blobs.save_to(model.digest, path)
    return from_json(read(path).report["report.json"]).candidates


@pytest.mark.parametrize("copies", list(COPIES))
def test_pictures_say_which_copies_are_learned_from_and_else_are_what_they_were(
    bench: Workbench, split: Split, copies: str
) -> None:
    shown = bench.run("prepare.augment", bench.run("prepare.resize", split, policy="crop"), copies=copies)
    assert (shown.copies, shown.policy, shown.digest) == (copies, "crop", split.digest)


def test_a_head_learns_from_them(bench: Workbench, split: Split) -> None:
    (line,) = lines(bench, bench.run("train.linear", bench.run("prepare.augment", split)).model)
    assert line.copies == "altered"


def test_autotrain_learns_from_these_and_without_a_word_as_it_did(bench: Workbench, split: Split) -> None:
    free = bench.run("train.auto", split).model
    said = bench.run("train.auto", bench.run("prepare.augment", split, copies="none")).model
    assert said == free
    assert {line.copies for line in lines(bench, free)} == {"none"}
    bound = bench.run("train.auto", bench.run("prepare.augment", split, copies="altered and mirrored")).model
    assert {line.copies for line in lines(bench, bound)} == {"altered and mirrored"}
    assert bound != free


def test_a_search_with_a_budget_tries_no_other_copies(bench: Workbench, split: Split) -> None:
    heard: list[CandidateResult] = []
    learn = partial(
        train,
        partial(found_pictures, bench.context, split),
        cache=bench.context.cache,
        engine="onnxruntime",
        backbone=str(bench.backbone),
        budget=600.0,
        fine_tune=False,
    )
    made = learn(copies="altered", heard=heard.append, enough=lambda: len(heard) > 4, better=lambda found: None)
    heads = [line for line in heard if not line.head.startswith("vote")]
    assert len({line.head for line in heads}) == 4
    assert {line.copies for line in heads} == {"altered"}
    won = formula_of(made.model).candidate
    assert {each.copies for each in won.members or (won,)} == {"altered"}
    # What was found out for these copies is not taken for what would be without the wish.
    other: list[CandidateResult] = []
    learn(heard=other.append, enough=lambda: len(other) > 0)
    assert other[0].copies == "none"


def test_copies_that_there_are_none_of_are_refused(bench: Workbench, split: Split) -> None:
    learn = partial(train, partial(found_pictures, bench.context, split), cache=bench.context.cache)
    with pytest.raises(TrainingError, match="no copies called `turned`; choose one of none, altered, altered and mirr"):
        learn(copies="turned")
    with pytest.raises(TrainingError, match="are its own"):
        learn(copies="altered", only=Candidate(view=formula_of(learn(backbone=str(bench.backbone)).model).look))
