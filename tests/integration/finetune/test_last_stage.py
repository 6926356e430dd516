"""Fine-tuning as the end of a search: it wins where it is better, never else, and stops when told."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from msgspec.structs import replace
from torch.nn import BatchNorm2d as Norm
from torch.nn.modules.module import register_module_forward_hook

import fenlei
from fenlei.backbones import kept
from fenlei.modelfile import pack, read, write
from fenlei.training.board import Board
from fenlei.training.candidate import Candidate
from fenlei.training.finetune import training as training_room
from fenlei.training.finetune import tuner as tuner_room
from fenlei.training.finetune import watching
from fenlei.training.finetune.choice import folds_of
from fenlei.training.finetune.tuner import Needs, Tuner
from fenlei.training.finish import Trained
from fenlei.training.head import Judged
from fenlei.training.progress import Progress, Stage
from fenlei.training.report import CandidateResult
from fenlei.training.train import rebuild, train
from tests.support.drawing import class_folders
from tests.support.hurried import hurry
from tests.support.networks import tiny_network
from tests.support.tuning import SETTINGS

TUNED = "fine-tuned network"
ANEW = "fine-tuned network, anew from everything"


@pytest.fixture(autouse=True)
def made_for_tiny_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A recipe for a network that knows nothing yet: faster rates than for one that knows a million photographs."""
    hurry(monkeypatch.setattr)


def trained(
    photos: Path,
    network: Path,
    cache: Path,
    *,
    fine_tune: bool = True,
    progress: Progress | None = None,
    enough: Callable[[], bool] | None = None,
    budget: float = 900,
) -> Trained:
    return train(
        photos,
        cache=cache,
        goal="accurate",
        budget=budget,
        backbone=str(network),
        fine_tune=fine_tune,
        progress=progress,
        enough=enough,
    )


def digest_of(found: Trained) -> str:
    return hashlib.sha256(pack(found.model)).hexdigest()


def line_of(found: Trained) -> CandidateResult | None:
    """Of the best that was tuned."""
    lines = [each for each in found.report.candidates if each.head in (TUNED, ANEW)]
    return lines[-1] if lines else None


def tuned_lines(found: Trained) -> set[tuple[str, float | None, float | None]]:
    """What tuned candidates scored, and what that took."""
    lines = [each for each in found.report.candidates if each.head.startswith(TUNED) and each.log_loss is not None]
    return {(each.head, each.log_loss, each.seconds) for each in lines}


def test_it_is_stopped_goes_on_wins_and_is_there_at_once_when_asked_again(
    leaning: Path, network: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def watch(stage: Stage, done: int, total: int) -> None:
        if stage is Stage.TUNE:
            seen.append(done)

    stopped = trained(leaning, network, cache, progress=watch, enough=lambda: len(seen) > 30)
    assert line_of(stopped) is None
    assert stopped.report.recipe.head not in (TUNED, ANEW)
    assert list((cache / "tuning").rglob("epoch.ckpt"))

    again = trained(leaning, network, cache)
    line = line_of(again)
    assert line is not None
    assert line.chosen
    assert line.log_loss is not None
    assert again.report.recipe.head == ANEW
    assert again.evaluation.accuracy > stopped.evaluation.accuracy
    reference = again.model.manifest.backbone
    assert reference.id.startswith("file:tiny-resnet:tuned-")
    assert reference.licence == stopped.model.manifest.backbone.licence
    assert reference.digest in {each.digest for each in kept(cache)}
    assert again.report.recipe.members[0]["backbone"] == "tiny-resnet"
    write(tmp_path / "m.fenlei", again.model)
    assert read(tmp_path / "m.fenlei").manifest.backbone == reference
    assert not list((cache / "tuning").rglob("epoch.ckpt"))
    unknown = again.report.unknown
    assert unknown is not None
    assert unknown.tuned
    assert 20 <= unknown.threshold_pictures <= 30  # a fifth of the training part
    assert unknown.test_rejected < 0.3 * unknown.test_pictures
    with fenlei.load(tmp_path / "m.fenlei") as model:
        answers = model.predict(sorted(leaning.rglob("*.png")))
    assert sum(bool(each.unknown) for each in answers) < 0.1 * len(answers)  # the rule is that of the shipped network

    monkeypatch.chdir(network.parent)  # a model file names a folder of this machine without its path
    assert digest_of(rebuild(again.model, leaning, cache=cache)) == digest_of(again)

    for lost in (cache / "tuning").rglob("unseen"):
        lost.unlink()
    third = trained(leaning, network, cache)
    assert third.computed == 0
    assert third.model.manifest.unknown == again.model.manifest.unknown
    assert third.model.manifest.backbone.digest == reference.digest


def test_who_does_not_want_it_does_not_get_it(leaning: Path, network: Path, cache: Path) -> None:
    found = trained(leaning, network, cache, fine_tune=False)
    assert line_of(found) is None
    assert found.report.recipe.head not in (TUNED, ANEW)


def test_where_a_linear_head_knows_everything_it_does_not_win(network: Path, tmp_path: Path) -> None:
    found = trained(class_folders(tmp_path / "easy", {"a": 12, "b": 12}), network, tmp_path / "cache")
    line = line_of(found)
    assert line is not None
    assert not line.chosen
    assert found.report.recipe.head not in (TUNED, ANEW)


def test_a_network_without_torch_weights_is_left_out_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "tiny.onnx"
    path.write_bytes(tiny_network())
    found = trained(class_folders(tmp_path / "easy", {"a": 12, "b": 12}), path, tmp_path / "cache")
    line = line_of(found)
    assert line is not None
    assert "ONNX network" in (line.left_out or "")


def test_where_time_is_short_the_network_that_was_judged_ships_and_more_time_learns_it_anew_from_everything(
    leaning: Path, network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(network.parent)
    begun: list[int] = []

    def watch(stage: Stage, done: int, total: int) -> None:
        if stage is Stage.TUNE and done == 0 and total > 1:
            begun.append(total)

    with monkeypatch.context() as hurried:
        hurried.setattr(Tuner, "needs", lambda tuner, candidate: Needs(judging=1.0, anew=1e6))
        short = trained(leaning, network, tmp_path, progress=watch)
    assert short.report.recipe.head == TUNED
    learned = short.report.train_pictures
    assert 0.7 * learned < short.report.recipe.fitted_on < 0.9 * learned  # all folds but one
    assert not short.report.recipe.refitted
    assert len(begun) == 1  # trained once
    assert short.report.unknown is not None
    assert short.report.unknown.tuned
    assert not short.report.unknown.carried
    elsewhere = tmp_path / "elsewhere"
    assert digest_of(rebuild(short.model, leaning, cache=elsewhere)) == digest_of(short)

    begun.clear()
    more = trained(leaning, network, tmp_path, progress=watch, budget=1800)
    assert more.report.recipe.head == ANEW
    assert more.report.recipe.fitted_on == learned + more.report.test_pictures
    assert more.evaluation.accuracy >= short.evaluation.accuracy - 0.1
    # The same without mixing, the part that learns, then everything; what was judged is not trained again.
    assert len(begun) == 3
    assert more.report.unknown is not None
    assert more.report.unknown.carried


def test_where_one_fold_leaves_it_in_doubt_more_of_them_judge_and_nothing_is_judged_twice(
    leaning: Path, network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(network.parent)
    begun: list[int] = []

    def watch(stage: Stage, done: int, total: int) -> None:
        if stage is Stage.TUNE and done == 0 and total > 1:
            begun.append(total)

    def unsure(board: Board, one: Judged, other: Judged) -> float:
        few = one.kind == "tuned" and one.judged.sum() < 0.5 * len(one.judged)  # a fold is a fifth
        return 0.7 if few else sure(board, one, other)

    with monkeypatch.context() as doubtful:
        sure = Board.chance
        doubtful.setattr(Board, "chance", unsure)
        found = trained(leaning, network, tmp_path, progress=watch)
        lines = {each.head: each for each in found.report.candidates if each.head.startswith(TUNED)}
        assert not lines[TUNED].chosen
        by_two, by_three = (f"{TUNED}, judged by {folds} folds" for folds in (2, 3))
        assert not lines[by_two].chosen
        assert lines[by_two].log_loss != lines[TUNED].log_loss
        assert found.report.recipe.head == f"{by_three}, anew from everything"
        trainings = len(begun)
        more = trained(leaning, network, tmp_path, budget=1800)
    assert trainings >= 5  # by three folds, then the part that learns and everything
    assert tuned_lines(found) <= tuned_lines(more)  # by the seconds they are those that were judged then
    assert more.report.recipe.head == found.report.recipe.head
    assert more.model.manifest.backbone.digest == found.model.manifest.backbone.digest
    assert digest_of(rebuild(found.model, leaning, cache=tmp_path / "elsewhere")) == digest_of(found)


def test_a_further_fold_takes_as_long_as_the_first_took_and_is_asked_also_where_no_time_is_left_to_learn_anew(
    leaning: Path, network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def needs(tuner: Tuner, candidate: Candidate) -> Needs:
        return Needs(judging=100.0 if folds_of(candidate) == 1 else 1e6, anew=1e6)

    def unsure(board: Board, one: Judged, other: Judged) -> float:
        return 0.7 if one.kind == "tuned" and one.judged.sum() < 0.5 * len(one.judged) else sure(board, one, other)

    def watch(stage: Stage, done: int, total: int) -> None:
        if stage is Stage.TUNE and total > 1:
            if done == 0:
                trainings.append((0, total))
            trainings[-1] = done + 1, total

    hurry(monkeypatch.setattr, replace(SETTINGS, patience=1))
    monkeypatch.setattr(training_room, "FEWEST", 1)  # let some watch
    monkeypatch.setattr(watching, "SURE", 0.5)
    sure, trainings = Board.chance, list[tuple[int, int]]()
    monkeypatch.setattr(Tuner, "needs", needs)
    monkeypatch.setattr(Board, "chance", unsure)
    found = trained(leaning, network, tmp_path, progress=watch)
    (taken, reckoned), *others = trainings
    assert taken < reckoned  # the first ends when it stops helping, and no other goes on for longer
    assert [total for _, total in others] == [taken, taken]
    assert found.report.recipe.head == f"{TUNED}, judged by 3 folds"
    assert not found.report.recipe.refitted


def test_it_has_its_turn_where_the_time_of_the_others_ends_just_when_it_is_decided_again(
    leaning: Path, network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, needs, late = time.monotonic, Tuner.needs, [0.0]

    def slow(tuner: Tuner, candidate: Candidate) -> Needs:
        tuner._paces.clear()  # as with a view that was not measured before
        needs(tuner, candidate)
        return Needs(judging=100.0, anew=10.0)

    def heard(line: CandidateResult) -> None:
        if (line.head, line.copies) == ("linear SVM", "altered and mirrored"):  # the last of the plan
            late[0] = 650.0

    monkeypatch.setattr(Tuner, "needs", slow)
    monkeypatch.setattr(time, "monotonic", lambda: real() + late[0])
    found = train(leaning, cache=tmp_path, goal="accurate", budget=900, backbone=str(network), heard=heard)
    assert late[0]
    line = line_of(found)
    assert line is not None
    assert line.log_loss is not None


def test_where_time_is_left_the_same_is_tried_without_mixing_pictures(
    leaning: Path, network: Path, cache: Path
) -> None:
    found = trained(leaning, network, cache)
    losses = [each.log_loss for each in found.report.candidates if each.head == TUNED and each.log_loss is not None]
    assert len(losses) == 2
    assert losses[0] != losses[1]


def test_suspects_of_a_tuned_model_are_told_by_a_head_that_all_folds_judged(
    leaning: Path, network: Path, cache: Path
) -> None:
    found = trained(leaning, network, cache)
    assert found.report.recipe.head == ANEW
    counts = found.report.suspect_counts
    assert counts is not None
    assert counts.scored == counts.looked_at


def test_where_memory_runs_out_the_search_keeps_what_it_has_and_the_line_says_so(
    leaning: Path, network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*wishes: object, **more: object) -> None:
        raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(tuner_room, "tune", full)
    found = trained(leaning, network, tmp_path)
    line = line_of(found)
    assert line is not None
    assert "too little memory" in (line.left_out or "")
    assert found.report.recipe.head not in (TUNED, ANEW)
    assert found.evaluation.accuracy > 0.5


def test_where_the_exported_network_scores_otherwise_the_search_keeps_what_it_has_and_the_line_says_so(
    leaning: Path, network: Path, tmp_path: Path
) -> None:
    """A torch that gives something else for a picture alone than it gave while networks learned and were exported."""

    def otherwise(module: Any, given: Any, features: Any) -> Any:
        learning = torch.is_grad_enabled() or torch.is_inference_mode_enabled()
        return features if learning or len(features) > 1 or not isinstance(module, Norm) else 1.5 * features

    handle = register_module_forward_hook(otherwise)
    try:
        found = trained(leaning, network, tmp_path)
    finally:
        handle.remove()
    lines = [each for each in found.report.candidates if each.head == TUNED]
    assert lines
    for line in lines:
        assert "exported its scores differ from torch's" in (line.left_out or "")
        assert not line.chosen
    assert found.report.recipe.head not in (TUNED, ANEW)
    assert found.evaluation.accuracy > 0.5

    # It is not tried again: the same would come of it.
    more = trained(leaning, network, tmp_path, budget=1800)
    assert line_of(more) is not None
    assert more.report.recipe.head == found.report.recipe.head
