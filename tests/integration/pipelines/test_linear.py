"""A head of one kind on one backbone, and nothing else: from pictures, and from features that are there."""

from __future__ import annotations

import dataclasses
from functools import partial
from pathlib import Path

import pytest

from fenlei.modelfile import ModelFile, pack, read
from fenlei.pipelines.found import found_pictures
from fenlei.pipelines.reference import Model, Split
from fenlei.training.candidate import VOTE, Candidate
from fenlei.training.errors import TrainingError
from fenlei.training.formula import formula_of
from fenlei.training.plan import make_plan
from fenlei.training.report import from_json
from fenlei.training.train import rebuild, train
from tests.support.drawing import class_folders
from tests.support.networks import tiny_network
from tests.support.workbench import Workbench, type_named

HEADS = ("logistic", "svm", "prototypes", "network")


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    return Workbench(tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="module")
def split(bench: Workbench) -> Split:
    return bench.split(class_folders(bench.folder / "photos", {"a": 14, "b": 14, "c": 14}), test=0.3)


def opened(bench: Workbench, model: Model, place: Path) -> ModelFile:
    path = place / f"{model.digest}.fenlei"
    bench.blobs.save_to(model.digest, path)
    return read(path)


@pytest.mark.parametrize("kind", HEADS)
def test_what_was_chosen_is_learned_and_nothing_else_is_tried(
    bench: Workbench, split: Split, kind: str, tmp_path: Path
) -> None:
    model, report = bench.run("train.linear", split, head=kind, policy="letterbox")
    file = opened(bench, model, tmp_path)
    (line,) = from_json(file.report["report.json"]).candidates
    assert line.chosen
    assert line.accuracy is not None
    candidate = formula_of(file).candidate
    assert (candidate.kind, candidate.copies, candidate.view.policy.value) == (kind, "none", "letterbox")
    assert file.manifest.backbone.id == "file:tiny"
    assert report.about == "evaluation"
    assert report.headline["accuracy"] == model.metrics["accuracy"] > 0.8
    assert bench.told(report)["pictures"] == split.parts["test"]


def test_its_model_is_made_again_byte_for_byte(bench: Workbench, split: Split, tmp_path: Path) -> None:
    wishes = {"head": "prototypes", "copies": "altered and mirrored", "aim": "macro-F1", "seed": 5}
    model, _ = bench.run("train.linear", split, **wishes)
    assert bench.run("train.linear", split, **wishes)[0] == model
    file = opened(bench, model, tmp_path)
    assert formula_of(file).candidate.copies == "altered and mirrored"
    assert formula_of(file).aim == "macro-F1"
    made = rebuild(file, partial(found_pictures, bench.context, split), cache=bench.context.cache, engine="onnxruntime")
    assert pack(made.model) == bench.blobs.get(model.digest)


def test_what_the_pictures_say_of_their_size_and_copies_holds_where_nothing_else_is_said(
    bench: Workbench, split: Split, tmp_path: Path
) -> None:
    shown = bench.run("prepare.resize", split, policy="crop", size=32)
    model, _ = bench.run("train.linear", shown)
    view = formula_of(opened(bench, model, tmp_path)).candidate.view
    assert (view.policy.value, view.size) == ("crop", 32)


def test_heads_on_features_are_those_on_pictures_and_the_network_runs_once(bench: Workbench, split: Split) -> None:
    other = bench.split(class_folders(bench.folder / "others", {"d": 12, "e": 12}, size=40), test=0.3)
    features = bench.run("features.embed", other, copies="altered")
    assert (features.width, features.size) == (24, 32)
    assert any("24 of 24 pictures ran through the network" in line for line in bench.log)
    kept = {path: path.stat().st_size for path in (bench.context.cache / "features").rglob("*") if path.is_file()}
    models = {kind: bench.run("train.head", features, head=kind)[0] for kind in ("logistic", "prototypes")}
    now = {path: path.stat().st_size for path in (bench.context.cache / "features").rglob("*") if path.is_file()}
    assert now == kept
    assert len({model.digest for model in models.values()}) == 2
    assert models["logistic"] == bench.run("train.linear", other, copies="altered")[0]
    again = bench.run("features.embed", other, copies="altered")
    assert again == features
    assert any("0 of 24 pictures ran through the network" in line for line in bench.log)
    assert bench.run("features.embed", other, policy="crop").digest != features.digest


def test_what_cannot_be_learned_alone_is_refused(bench: Workbench, split: Split) -> None:
    view = make_plan("fast", None, cache=bench.context.cache, backbone=str(bench.backbone)).views[0]
    learn = partial(train, partial(found_pictures, bench.context, split), cache=bench.context.cache)
    with pytest.raises(TrainingError, match="not `vote`"):
        learn(only=Candidate(view=view, kind=VOTE))
    with pytest.raises(TrainingError, match="no copies called `other`"):
        learn(only=Candidate(view=view, copies="other"))
    with pytest.raises(TrainingError, match="takes no budget"):
        learn(only=Candidate(view=view), budget=5.0)
    with pytest.raises(TrainingError, match="are its own"):
        learn(only=Candidate(view=view), size=32)
    with pytest.raises(TrainingError, match="no goal `soon`"):
        learn(only=Candidate(view=view), goal="soon")


def test_a_backbone_that_is_not_there_is_named(bench: Workbench, split: Split) -> None:
    with pytest.raises(Exception, match=r"nowhere\.onnx"):
        bench.run("train.linear", split, backbone="/nowhere.onnx")


@pytest.mark.parametrize("name", ["train.linear", "train.auto", "features.embed", "data.clean"])
def test_another_network_under_the_same_name_of_a_file_is_another_result(bench: Workbench, name: str) -> None:
    kind, path = type_named(name), bench.folder / f"{name}.onnx"
    assert kind.outside is not None
    context = dataclasses.replace(bench.context, backbone=str(path))
    known = []
    for seed in (0, 0, 1):
        if not path.exists() or seed:
            path.write_bytes(tiny_network(seed=seed) + b"\0" * seed)
        known.append(kind.outside(kind.params.model_validate({}), context))
    assert known[0] == known[1] != known[2]
