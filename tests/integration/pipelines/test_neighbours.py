"""Nearest neighbours as a node: kept in the model file, judged, exported and made again like every other head."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from fenlei.modelfile import ModelFile, Neighbours, pack, read
from fenlei.pipelines.found import found_pictures
from fenlei.pipelines.reference import Model, Report, Split
from fenlei.serving.export import export
from fenlei.training.candidate import Candidate
from fenlei.training.earlier import read_earlier
from fenlei.training.errors import TrainingError
from fenlei.training.folds import draw_folds
from fenlei.training.formula import formula_of
from fenlei.training.head import fit_head, judge_head, prepare_lesson
from fenlei.training.heads import ALL_KINDS, KINDS, NEIGHBOURS
from fenlei.training.heads import neighbours as kind
from fenlei.training.progress import Cancelled
from fenlei.training.report import from_json
from fenlei.training.train import rebuild, train
from tests.support.drawing import class_folders
from tests.support.workbench import Workbench


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    return Workbench(tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="module")
def split(bench: Workbench) -> Split:
    return bench.split(class_folders(bench.folder / "photos", {"a": 14, "b": 14, "c": 5}), test=0.3)


@pytest.fixture(scope="module")
def trained(bench: Workbench, split: Split) -> tuple[Model, Report]:
    made = bench.run("train.neighbours", split, copies="altered")
    return made.model, made.report


def opened(bench: Workbench, model: Model) -> ModelFile:
    path = bench.folder / f"{model.digest}.fenlei"
    bench.blobs.save_to(model.digest, path)
    return read(path)


def asked(file: ModelFile) -> Neighbours:
    layer = file.head.voters[0].layers[-1]
    assert isinstance(layer, Neighbours)
    return layer


def test_the_model_holds_every_picture_that_was_learned_from_and_says_how_many_vote(
    bench: Workbench, split: Split, trained: tuple[Model, Report]
) -> None:
    file = opened(bench, trained[0])
    layer = asked(file)
    assert len(layer.points) == 3 * split.parts["train"]  # two copies of each
    np.testing.assert_allclose(np.linalg.norm(layer.points, axis=1), 1, rtol=1e-5)
    assert set(np.round(layer.weights, 3)) != {1.0}  # classes are uneven
    (line,) = from_json(file.report["report.json"]).candidates
    assert (line.head, line.copies, line.chosen) == ("nearest neighbours", "altered", True)
    assert file.manifest.recipe["setting"]["neighbours"] in kind.COUNTS
    assert trained[1].headline["accuracy"] > 0.7


def test_it_is_made_again_byte_for_byte(bench: Workbench, split: Split, trained: tuple[Model, Report]) -> None:
    file = opened(bench, trained[0])
    assert formula_of(file).candidate.kind == NEIGHBOURS
    made = rebuild(file, partial(found_pictures, bench.context, split), cache=bench.context.cache, engine="onnxruntime")
    assert pack(made.model) == bench.blobs.get(trained[0].digest)


def test_it_scores_the_same_exported(bench: Workbench, trained: tuple[Model, Report], tmp_path: Path) -> None:
    assert export(opened(bench, trained[0]), "near", cache=tmp_path).proof.farthest < 1e-4


def test_who_says_how_many_vote_has_so_many_vote(bench: Workbench, split: Split) -> None:
    file = opened(bench, bench.run("train.neighbours", split, neighbours=4).model)
    assert asked(file).count == 4
    few = opened(bench, bench.run("train.neighbours", split, neighbours=900).model)
    assert asked(few).count == len(asked(few).points) == split.parts["train"]


def test_no_search_tries_it_unasked() -> None:
    assert NEIGHBOURS in ALL_KINDS
    assert NEIGHBOURS not in KINDS


def test_it_parts_classes_that_no_line_parts_and_copies_of_one_picture_vote_together() -> None:
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 2 * np.pi, 240)
    features = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    features += rng.normal(0, 0.01, features.shape).astype(np.float32)
    truth = (angle // (np.pi / 3) % 2).astype(np.int64)  # six sectors, two classes in turn
    lesson = prepare_lesson(features, truth, 2)
    folds = draw_folds(truth, np.arange(240), 0)
    found = {each: judge_head(lesson, folds, each, seed=0) for each in ("logistic", NEIGHBOURS)}
    right = {each: (judged.scores.argmax(axis=1) == truth).mean() for each, judged in found.items()}
    assert right[NEIGHBOURS] > 0.9 > 0.7 > right["logistic"]
    head = fit_head(found[NEIGHBOURS], lesson)
    alone, crowd = head.scores(features[:1]), head.scores(features)
    np.testing.assert_allclose(alone[0], crowd[0], atol=1e-6)
    twins = Neighbours(
        np.eye(4, 4, dtype=np.float32)[[0, 0, 0, 1]], np.array([0, 1, 1, 0]), np.ones(4, np.float32), 2, 1, 0.1
    )
    votes = np.exp(twins(np.eye(4, dtype=np.float32)[:1])[0]) - 0.5
    np.testing.assert_allclose(votes, [1 / 3, 2 / 3], rtol=1e-5)


def test_where_two_pictures_change_places_the_answer_does_not_jump() -> None:
    points = np.eye(2, dtype=np.float32)
    layer = Neighbours(points, np.arange(2), np.ones(2, np.float32), 2, 1, 0.07)
    angles = np.pi / 4 + 1e-5 * np.arange(-2000, 2001)
    shares = np.exp(layer(np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)))[:, 1] - 0.5
    np.testing.assert_allclose(shares[[0, 2000, -1]], [0, 0.5, 1], atol=1e-4)
    assert np.abs(np.diff(shares)).max() < 0.005


def test_many_rows_are_asked_some_at_a_time_and_one_may_stop_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    features, truth = rng.normal(0, 1, (90, 6)).astype(np.float32), np.arange(90) % 3
    lesson, folds = prepare_lesson(features, truth, 3), draw_folds(truth, np.arange(90), 0)
    whole = judge_head(lesson, folds, NEIGHBOURS, seed=0)
    monkeypatch.setattr("fenlei.modelfile.neighbours.MOST_AT_ONCE", 200)
    steps = 0

    def step(done: int, total: int) -> None:
        nonlocal steps
        steps += 1

    parted = judge_head(lesson, folds, NEIGHBOURS, seed=0, step=step)
    np.testing.assert_allclose(parted.logits, whole.logits, atol=1e-5)
    assert steps > 20 * 9  # of each of 20 folds, the 18 pictures that it holds out are asked two by two

    def stop(done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        judge_head(lesson, folds, NEIGHBOURS, seed=0, step=stop)


def test_more_pictures_than_a_model_should_hold_are_refused_with_how_many_it_could(
    bench: Workbench, split: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kind, "MOST_BYTES", 1500)
    with pytest.raises(TrainingError, match=r"23 of 23 numbers each are .* which is \d+ pictures"):
        bench.run("train.neighbours", split)


def test_what_it_cannot_be_is_refused(bench: Workbench, split: Split) -> None:
    learn = partial(train, partial(found_pictures, bench.context, split), cache=bench.context.cache)
    view = formula_of(opened(bench, bench.run("train.neighbours", split).model)).look
    with pytest.raises(TrainingError, match="prototypes, network, neighbours; not `nearest`"):
        learn(only=Candidate(view=view, kind="nearest"))


def test_a_training_that_goes_on_from_such_a_model_tries_it_too(
    bench: Workbench, split: Split, trained: tuple[Model, Report]
) -> None:
    made = train(
        partial(found_pictures, bench.context, split),
        cache=bench.context.cache,
        engine="onnxruntime",
        goal="fast",
        backbone=str(bench.backbone),
        since=read_earlier(opened(bench, trained[0])),
    )
    tried = [(line.head, line.copies) for line in made.report.candidates]
    assert tried == [("logistic regression", "none"), ("nearest neighbours", "altered")]
