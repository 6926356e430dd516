"""Going on from an earlier model: the way in which it was learned is tried again, on what is kept of its pictures."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from fenlei.imaging import Policy
from fenlei.modelfile import ModelFile, pack, read, write
from fenlei.training import train as training
from fenlei.training.again import Again
from fenlei.training.alteration import COPIES
from fenlei.training.candidate import VOTE, Candidate
from fenlei.training.earlier import read_earlier
from fenlei.training.finish import Trained
from fenlei.training.formula import KEY, formula_of, read_formula
from fenlei.training.plan import Plan
from fenlei.training.recipe import RECIPE
from fenlei.training.report import CandidateResult
from fenlei.training.train import rebuild, train
from fenlei.training.view import View, one
from tests.support.cli import fenlei
from tests.support.drawing import class_folders, scene
from tests.support.networks import corner_network, tiny_network

COLOURS = {"blue": (60, 60, 150), "green": (60, 150, 60), "red": (150, 60, 60)}


def wide(root: Path, counts: dict[str, int]) -> Path:
    """Wide pictures whose class is the colour of their middle; their ends are scenes of any kind."""
    for label, count in counts.items():
        (root / label).mkdir(parents=True, exist_ok=True)
        for index in range(count):
            seed = sum(label.encode()) * 1000 + index * 3
            left, middle, right = (scene(64, seed + each).astype(np.float32) for each in range(3))
            coloured = 0.3 * middle + 0.7 * np.array(COLOURS[label])
            picture = np.concatenate([left, coloured, right], axis=1)
            Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(root / label / f"{index:03d}.png")
    return root


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("networks")
    (folder / "corners.onnx").write_bytes(corner_network())
    (folder / "tiny.onnx").write_bytes(tiny_network(size=32, width=24))
    return {path.stem: str(path) for path in folder.iterdir()}


def lines(trained: Trained) -> list[tuple[str, str, str]]:
    """Policy, head and copies of everything that was judged."""
    return [(each.policy, each.head, each.copies) for each in trained.report.candidates if each.left_out is None]


def left_out(trained: Trained) -> list[CandidateResult]:
    return [each for each in trained.report.candidates if each.left_out is not None]


def won_by(candidate: Candidate, plain: Trained, photos: Path, cache: Path) -> Trained:
    """The model that a search would have left that this candidate had won."""
    formula = msgspec.structs.replace(read_formula(plain.model, RECIPE), candidate=candidate)
    return train(photos, cache=cache, again=Again(plain.model, formula))


def test_the_view_that_won_is_tried_and_wins_again_with_pictures_and_a_class_more(
    networks: dict[str, str], tmp_path: Path
) -> None:
    cache, photos = tmp_path / "cache", wide(tmp_path / "photos", dict.fromkeys(("blue", "green"), 40))
    first = train(photos, cache=cache, backbone=networks["corners"], policy="crop")
    assert first.report.evaluation.accuracy == 1
    train(photos, cache=cache, backbone=networks["corners"])  # so that all of it is in the cache by the usual view too
    for counts in ({"blue": 43}, {"blue": 43, "red": 30}):
        before = sum(1 for _ in photos.glob("*/*.png"))
        new = sum(1 for _ in wide(photos, counts).glob("*/*.png")) - before
        second = train(photos, cache=cache, backbone=networks["corners"], since=read_earlier(first.model))
        assert lines(second) == [(policy, "logistic regression", "none") for policy in ("squash", "crop")]
        assert second.report.recipe.policy == "crop"
        assert second.computed == 2 * new  # each new picture once by each view, and no other
        since = second.report.since
        assert since is not None
        assert since.new_pictures == before + new - 80
        assert since.judged == first.report.test_pictures
        assert (since.old, since.only_old) == (1, 0)
        assert since.new_classes == (["red"] if "red" in counts else [])
    assert second.report.labels == ["blue", "green", "red"]
    assert pack(rebuild(second.model, photos, cache=cache).model) == pack(second.model)


def test_a_vote_of_other_heads_is_taken_apart_tried_and_put_together_again(
    networks: dict[str, str], tmp_path: Path
) -> None:
    cache, photos = tmp_path / "cache", class_folders(tmp_path / "photos", {"a": 30, "b": 30})
    plain = train(photos, cache=cache, backbone=networks["tiny"])
    view = read_formula(plain.model, RECIPE).look
    setting = {"hidden": 8.0, "dropout": 0.1, "decay": 0.001, "rate": 0.01, "epochs": 4.0}
    members = (
        Candidate(view=view, kind="svm", copies="altered"),
        Candidate(view=view, kind="network", setting=setting),
    )
    vote = Candidate(view=view, kind=VOTE, members=members, shares=(0.75, 0.25))
    first = won_by(vote, plain, photos, cache)
    class_folders(photos, {"a": 32, "b": 30, "c": 20})
    second = train(photos, cache=cache, backbone=networks["tiny"], since=read_earlier(first.model))
    heads = [(head, copies) for _, head, copies in lines(second)]
    assert heads == [
        ("logistic regression", "none"),
        ("linear SVM", "altered"),
        (members[1].head, "none"),
        ("vote of 2 heads", "none"),
    ]
    # Of new pictures that learn, altered copies too; whoever judges is not altered.
    learning = second.report.train_pictures - first.report.train_pictures
    assert second.computed <= 22 + len(COPIES["altered"]) * 22
    assert second.computed >= 22 + len(COPIES["altered"]) * learning
    assert second.report.since is not None
    assert second.report.since.judged == first.report.test_pictures
    tried = train(photos, cache=cache, backbone=networks["tiny"], since=read_earlier(first.model), budget=1e-9)
    assert lines(tried) == [("squash", "logistic regression", "none")]
    assert [each.head for each in left_out(tried)].count("vote of 2 heads") == 1


def test_with_a_budget_it_comes_right_after_the_first_model(networks: dict[str, str], tmp_path: Path) -> None:
    cache, photos = tmp_path / "cache", wide(tmp_path / "photos", dict.fromkeys(("blue", "green"), 40))
    plain = train(photos, cache=cache, backbone=networks["corners"], policy="crop")
    candidate = msgspec.structs.replace(read_formula(plain.model, RECIPE).candidate, kind="svm")
    first = won_by(candidate, plain, photos, cache)
    wide(photos, {"blue": 43})
    heard: list[CandidateResult] = []
    models: list[Trained] = []
    train(
        photos,
        cache=cache,
        backbone=networks["corners"],
        since=read_earlier(first.model),
        budget=600,
        heard=heard.append,
        better=models.append,
        enough=lambda: len(models) > 1,
    )
    assert [(each.policy, each.head) for each in heard[:2]] == [
        ("squash", "logistic regression"),
        ("crop", "linear SVM"),
    ]
    assert [each.report.recipe.policy for each in models[:2]] == ["squash", "crop"]


def test_a_network_that_came_with_the_earlier_model_is_tried_unasked(
    networks: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = class_folders(tmp_path / "photos", {"a": 24, "b": 24})
    first = train(photos, cache=tmp_path / "there", backbone=networks["tiny"])
    plan = Plan((one(networks["corners"], None, Policy.SQUASH),), ())
    monkeypatch.setattr(training, "make_plan", lambda *goal, **wishes: plan)
    second = train(photos, cache=tmp_path / "here", since=read_earlier(first.model))
    tried = [(each.backbone, each.left_out) for each in second.report.candidates]
    assert tried == [("file:corners", None), ("file:tiny", None)]
    assert second.computed == 48 + second.report.train_pictures

    small = ModelFile(first.model.manifest, first.model.head, None, first.model.report, first.model.parity)
    third = train(photos, cache=tmp_path / "elsewhere", since=read_earlier(small))
    [line] = left_out(third)
    assert line.size == 32
    assert line.left_out is not None
    assert "its network file:tiny at 32 pixels" in line.left_out
    assert "is not here. Train with --backbone and its file" in line.left_out

    formula = formula_of(small)
    theirs = "hf:nobody/nothing"
    needed = [msgspec.structs.replace(each, name=theirs, id=theirs) for each in formula.ingredients]
    seen = View((theirs,), None, Policy.SQUASH)
    said = msgspec.structs.replace(formula, ingredients=needed, look=seen, candidate=Candidate(view=seen))
    manifest = msgspec.structs.replace(small.manifest, recipe={**small.manifest.recipe, KEY: msgspec.to_builtins(said)})
    of_hub = ModelFile(manifest, small.head, None, small.report, small.parity)
    [line] = left_out(train(photos, cache=tmp_path / "elsewhere", since=read_earlier(of_hub)))
    assert line.left_out is not None
    assert f"`fenlei backbones fetch {theirs} --size 32`" in line.left_out


def test_what_was_asked_for_holds_for_what_is_taken_over_too(networks: dict[str, str], tmp_path: Path) -> None:
    photos = class_folders(tmp_path / "photos", {"a": 24, "b": 24})
    write(tmp_path / "first.fenlei", train(photos, cache=tmp_path / "cache", backbone=networks["tiny"]).model)
    said = {}
    for wish, others in {
        "backbone": ["--backbone", networks["corners"]],
        "policy": ["--backbone", networks["tiny"], "--policy", "crop"],
    }.items():
        words = ["train", str(photos), "--since", str(tmp_path / "first.fenlei"), *others, "--json"]
        found = fenlei(*words, "--output", str(tmp_path / "second.fenlei"), workspace=tmp_path / "workspace")
        assert found.code == 0, found.err
        candidates = msgspec.json.decode(found.out)["candidates"]
        said[wish] = [each["left_out"] for each in candidates]
    same = train(
        photos,
        cache=tmp_path / "cache",
        backbone=networks["tiny"],
        size=32,
        since=read_earlier(read(tmp_path / "first.fenlei")),
    )
    assert left_out(same) == []
    for wish, lines_ in said.items():
        assert lines_ == [None, f"The earlier model learned in this way, but not with the {wish} that was asked for."]
