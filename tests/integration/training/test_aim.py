"""What a model is chosen for, and who said so, stands in its report; losses are compared by what is aimed at."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from fenlei.imaging import Policy
from fenlei.modelfile import ModelFile, pack
from fenlei.training.aim import Aim, ChosenBy, who_chose
from fenlei.training.board import Entry
from fenlei.training.candidate import Candidate
from fenlei.training.finish import Trained
from fenlei.training.folds import draw_folds
from fenlei.training.formula import KEY
from fenlei.training.head import Judged
from fenlei.training.journal import Journal
from fenlei.training.plan import Plan
from fenlei.training.proposals import Proposals
from fenlei.training.study import open_study
from fenlei.training.task import Task
from fenlei.training.train import rebuild, train
from fenlei.training.view import one
from fenlei.training.vote import best_vote
from tests.support.drawing import class_folders
from tests.support.networks import tiny_network

SIZES = {"many": 44, "few": 4}
UNSAID = msgspec.UNSET


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return class_folders(tmp_path_factory.mktemp("set") / "photos", SIZES)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("network") / "one.onnx"
    path.write_bytes(tiny_network(size=32, width=24))
    return str(path)


@pytest.fixture(scope="module")
def by_sizes(photos: Path, cache: Path, network: str) -> Trained:
    return train(photos, cache=cache, backbone=network)


def report_of(model: ModelFile) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(model.report["report.json"])
    return read


def test_where_the_sizes_of_the_classes_ask_for_it_the_report_says_so_and_by_how_much(by_sizes: Trained) -> None:
    told = report_of(by_sizes.model)
    assert (told["recipe"]["aim"], told["recipe"]["aim_by"]) == ("balanced accuracy", "class sizes")
    note = next(each for each in told["advice"] if each["rule"] == "what-it-was-chosen-for")
    assert "because one class has 12 times as many pictures as another" in note["en"]
    assert "一个类别的图片是另一个的 12 倍" in note["zh"]
    page = by_sizes.model.report["index.html"].decode()
    for words in ("by the sizes of the classes", "根据各类别的大小", "12 times as many pictures", "另一个的 12 倍"):
        assert words in page


def test_where_the_user_said_so_the_report_says_that(photos: Path, cache: Path, network: str) -> None:
    asked = train(photos, cache=cache, backbone=network, aim="macro-F1")
    told = report_of(asked.model)
    assert (told["recipe"]["aim"], told["recipe"]["aim_by"]) == ("macro-F1", "user")
    page = asked.model.report["index.html"].decode()
    for words in ("It was chosen for macro-F1, as was asked for.", "按照要求，它是以“宏平均 F1”为目标选出的。"):
        assert words in page
    assert "times as many pictures as another" not in page


def test_a_model_chosen_for_accuracy_is_the_file_that_it_always_was(photos: Path, cache: Path, network: str) -> None:
    plain = train(photos, cache=cache, backbone=network, aim="accuracy")
    told = report_of(plain.model)
    assert told["recipe"]["aim"] == "accuracy"
    assert "aim_by" not in told["recipe"]
    assert b"aim_by" not in msgspec.json.encode(plain.model.manifest)
    assert all(each["rule"] != "what-it-was-chosen-for" for each in told["advice"])


def test_it_is_made_again_with_what_was_said_and_an_older_one_without(
    by_sizes: Trained, photos: Path, cache: Path
) -> None:
    assert pack(rebuild(by_sizes.model, photos, cache=cache).model) == pack(by_sizes.model)
    manifest = by_sizes.model.manifest
    formula = {name: value for name, value in manifest.recipe[KEY].items() if name != "aim_by"}
    older = msgspec.structs.replace(manifest, recipe={**manifest.recipe, KEY: formula})
    found = by_sizes.model
    again = rebuild(ModelFile(older, found.head, found.network, found.report, found.parity), photos, cache=cache)
    assert "aim_by" not in report_of(again.model)["recipe"]
    assert again.report.recipe.aim == "balanced accuracy"


def test_nobody_chose_what_is_aimed_at_unless_it_is_said_or_the_sizes_ask() -> None:
    uneven, even = np.repeat([0, 1], [50, 4]), np.repeat([0, 1], [50, 20])
    assert who_chose(None, uneven, 2) is ChosenBy.SIZES
    assert who_chose(Aim.BALANCED, even, 2) is ChosenBy.USER
    assert who_chose(None, even, 2) is UNSAID
    assert who_chose(Aim.ACCURACY, uneven, 2) is UNSAID


TRUTH = np.repeat([0, 1], [90, 10])
FOLDS = draw_folds(TRUTH, np.arange(len(TRUTH)), 0)
PIXELS = one("net", None, Policy.SQUASH)


def judged(kind: str, first: float, second: float) -> tuple[Candidate, Judged]:
    """A head that gives the truth this score on pictures of the one and of the other class."""
    right = np.where(TRUTH == 0, first, second)
    scores = np.where(np.eye(2, dtype=bool)[TRUTH], right[:, None], 1 - right[:, None])
    held_out = FOLDS.held_out
    found = Judged(
        kind=kind,
        setting={},
        temperature=1.0,
        class_weights=None,
        held_out=held_out,
        logits=np.log(scores) * held_out[..., None],
        loss=float(-np.log(right).mean()),
    )
    return Candidate(view=PIXELS, kind=kind), found


@pytest.fixture
def heads() -> list[tuple[Candidate, Judged]]:
    """One that knows both classes a little, one that knows the large class well, and one that knows the small one."""
    return [judged("logistic", 0.80, 0.30), judged("svm", 0.95, 0.05), judged("prototypes", 0.30, 0.98)]


def task_for(aim: Aim) -> Task:
    return Task([], TRUTH, np.arange(len(TRUTH)), 2, 0, FOLDS, aim)


def members(found: tuple[Candidate, Judged] | None) -> list[str]:
    return [] if found is None else sorted(each.kind for each in found[0].members)


def test_who_votes_is_decided_by_the_loss_that_the_aim_asks_for(heads: list[tuple[Candidate, Judged]]) -> None:
    assert members(best_vote(heads, TRUTH, task_for(Aim.ACCURACY).weights)) == ["logistic", "svm"]
    assert members(best_vote(heads, TRUTH, task_for(Aim.BALANCED).weights)) == ["logistic", "prototypes"]


@pytest.mark.parametrize(("aim", "order"), [(Aim.ACCURACY, (1, 0, 2)), (Aim.BALANCED, (2, 0, 1))])
def test_what_to_try_next_is_proposed_by_the_loss_that_the_aim_asks_for(
    heads: list[tuple[Candidate, Judged]], aim: Aim, order: Sequence[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[float] = []
    monkeypatch.setattr(Proposals, "told", lambda self, trial, loss, blocks=(): told.append(loss))
    heads[1] = judged("svm", 0.95, 0.2)
    open_study(Plan((PIXELS,), ()), [Entry(*each) for each in heads], Journal(None, ""), task_for(aim))
    assert tuple(np.argsort(told)) == tuple(order)
    if aim is Aim.ACCURACY:
        assert told == [each.loss for _, each in heads]
    else:
        assert told == pytest.approx([_balanced(each) for _, each in heads])


def _balanced(found: Judged) -> float:
    losses: NDArray[np.float64] = found.losses(TRUTH)
    return float((losses[TRUTH == 0].mean() + losses[TRUTH == 1].mean()) / 2)
