"""What learning anew leaves is held against the network that was judged, and what had won once is there again although
the cache has lost it."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from msgspec.structs import replace
from safetensors.numpy import load_file, save_file

from fenlei.backbones.shelf import Shelf
from fenlei.modelfile import pack, read, write
from fenlei.training import search
from fenlei.training.finetune.kept import folder_of
from fenlei.training.finetune.sweep import UNUSED, sweep
from fenlei.training.finetune.tuner import Needs, Tuner
from fenlei.training.finish import Trained
from fenlei.training.progress import Stage
from fenlei.training.report import CandidateResult
from fenlei.training.train import rebuild, train
from tests.support import mortals
from tests.support.cli import LONG
from tests.support.hurried import hurry
from tests.support.selection import chosen, line_of_each
from tests.support.tuning import SETTINGS

JUDGED = "fine-tuned network"
ANEW = "fine-tuned network, anew from everything"
RECIPE = replace(SETTINGS, mixing=0.0)
LONG_AGO = UNUSED + 24 * 3600.0


@pytest.fixture(autouse=True, scope="module")
def made_for_tiny_networks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        hurry(patch.setattr, RECIPE)
        yield


taken: list[tuple[int, int]] = []
"""Steps of tuning that the last call took, each with how many there were to take: of a mere look, one or none."""


def trained(
    photos: Path,
    network: Path,
    cache: Path,
    budget: float = 900,
    *,
    spent: float = 0.0,
    enough: Callable[[], bool] | None = None,
    heard: Callable[[CandidateResult], None] | None = None,
) -> Trained:
    taken.clear()
    return train(
        photos,
        cache=cache,
        goal="accurate",
        budget=budget,
        spent=spent,
        backbone=str(network),
        enough=enough,
        heard=heard,
        progress=lambda stage, done, total: taken.append((done, total)) if stage is Stage.TUNE else None,
    )


def trainings() -> int:
    """Begun by the last call."""
    return sum(done == 0 and total > 1 for done, total in taken)


def checkpoint_of(cache: Path, networks: int) -> Path | None:
    """Of a network that is being learned anew, so many being done with."""
    begun = [msgspec.json.decode(path.read_bytes()) for path in cache.glob("searches/*/begun.json")]
    if not any(each["setting"].get("anew") for each in begun) or len([*cache.glob("tuning/*/done")]) != networks:
        return None
    return next(cache.glob("tuning/*/epoch.ckpt"), None)


def lines(found: Trained, head: str) -> list[CandidateResult]:
    return [each for each in found.report.candidates if each.head == head]


@pytest.fixture(scope="module")
def finished(leaning: Path, network: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Trained]:
    """A cache, and what a search ended with there: a network that was learned anew."""
    cache = tmp_path_factory.mktemp("finished")
    found = trained(leaning, network, cache)
    assert found.report.recipe.head == ANEW
    return cache, found


@pytest.fixture
def ended(finished: tuple[Path, Trained], tmp_path: Path) -> tuple[Path, Trained]:
    """The same, to be changed."""
    return shutil.copytree(finished[0], tmp_path / "cache"), finished[1]


def shuffled(weights: Any) -> Any:
    order = torch.randperm(weights.numel(), generator=torch.Generator().manual_seed(0))
    return weights.flatten()[order].reshape(weights.shape)


def undone(weights: Any) -> Any:
    return torch.full_like(weights, float("nan")) if weights.is_floating_point() else weights


def spoil(checkpoint: Path, damage: Callable[[Any], Any]) -> None:
    """It opens, and what it holds knows nothing; no epoch is left to learn."""
    state = torch.load(checkpoint, weights_only=True)
    state["best"] = {name: damage(weights) for name, weights in state["best"].items()}
    state["epoch"] = SETTINGS.epochs
    torch.save(state, checkpoint)


WRONG = [
    (undone, "weights of it are no numbers any more"),
    (shuffled, r"has \d+\.\d% accuracy on 26 pictures that it has learned from; the one that was judged had"),
]


@pytest.mark.parametrize(("damage", "why"), WRONG, ids=["no numbers", "knows nothing"])
def test_a_network_that_learning_anew_spoils_is_left_out_and_the_one_that_was_judged_stays(
    leaning: Path, network: Path, tmp_path: Path, damage: Callable[[Any], Any], why: str
) -> None:
    """Between two epochs of learning anew from the part that learns the checkpoint is damaged."""
    stopped = trained(leaning, network, tmp_path, enough=lambda: checkpoint_of(tmp_path, 1) is not None)
    assert stopped.report.recipe.head == JUDGED
    path = checkpoint_of(tmp_path, 1)
    assert path is not None
    spoil(path, damage)

    for budget in (900, 1800):  # it is written down, so that more time does not try it once more
        found = trained(leaning, network, tmp_path, budget)
        assert found.report.recipe.head == JUDGED
        assert found.model.manifest.backbone == stopped.model.manifest.backbone
        assert found.evaluation == stopped.evaluation
        (judged,), (anew,) = lines(found, JUDGED), lines(found, ANEW)
        assert judged.chosen
        assert not anew.chosen
        assert anew.log_loss is None
        assert anew.left_out is not None
        assert re.search(why, anew.left_out)
    assert trainings() == 0
    (kept,) = Shelf(tmp_path).tuned()
    assert [path for path in tmp_path.glob("tuning/*") if path.is_dir()] == [folder_of(tmp_path, kept[0])]


@pytest.mark.parametrize(("damage", "why"), WRONG, ids=["no numbers", "knows nothing"])
def test_where_only_the_network_of_everything_is_spoiled_the_choice_stays_and_the_one_without_the_test_part_ships(
    leaning: Path,
    network: Path,
    finished: tuple[Path, Trained],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    damage: Callable[[Any], Any],
    why: str,
) -> None:
    """The same, when the part that learns is done with."""
    cache = tmp_path / "cache"
    stopped = trained(leaning, network, cache, enough=lambda: checkpoint_of(cache, 2) is not None)
    assert stopped.report.recipe.head == JUDGED
    path = checkpoint_of(cache, 2)
    assert path is not None
    spoil(path, damage)

    for budget in (900, 1800):  # it is written down, so that more time does not try it once more
        found = trained(leaning, network, cache, budget)
        assert line_of_each(found) == line_of_each(finished[1])
        assert found.evaluation == finished[1].evaluation
        recipe = found.report.recipe
        assert (recipe.head, recipe.refitted) == (ANEW, False)
        assert recipe.fitted_on == found.report.train_pictures
        assert re.search(why, str(recipe.spoiled))
    assert trainings() == 0
    assert not [*cache.glob("tuning/*/epoch.ckpt")]
    assert found.model.manifest.backbone.digest != finished[1].model.manifest.backbone.digest
    on_shelf = {each.digest for _, each in Shelf(cache).tuned()}
    assert on_shelf == {each.model.manifest.backbone.digest for each in (found, stopped)}

    monkeypatch.chdir(network.parent)  # a model file names a folder of this machine without its path
    again = rebuild(found.model, leaning, cache=tmp_path / "elsewhere")
    assert pack(again.model) == pack(found.model)


def learn_until_killed(
    photos: Path, network: Path, cache: Path, best: Path, cores: set[int] | None, told: Connection
) -> None:
    """Search, keep what is best, and say where it is when it is in the midst of learning anew from everything."""
    if cores is not None:
        os.sched_setaffinity(0, cores)
    hurry(setattr, RECIPE)
    since: list[int] = []

    def keep(found: Trained) -> None:
        write(best, found.model)

    def watch(stage: Stage, done: int, total: int) -> None:
        if stage is Stage.TUNE and checkpoint_of(cache, networks=2) is not None:
            since.append(done)
            if len(since) == 3:
                told.send((done, total))
                told.recv()  # which never comes

    train(
        photos,
        cache=cache,
        goal="accurate",
        budget=900,
        backbone=str(network),
        progress=watch,
        better=keep,
    )


def test_a_process_killed_while_it_learns_anew_is_gone_on_with_from_its_checkpoint_to_the_same_network(
    leaning: Path, network: Path, finished: tuple[Path, Trained], tmp_path: Path
) -> None:
    cache, best = tmp_path / "cache", tmp_path / "best.fenlei"
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    here, there = mortals.pipe()
    child = mortals.start(learn_until_killed, leaning, network, cache, best, cores, there)
    there.close()
    try:
        assert here.poll(LONG)
        reached, total = here.recv()
    finally:
        killed = mortals.kill(child)
    assert killed
    path = checkpoint_of(cache, networks=2)
    assert path is not None
    kept = torch.load(path, weights_only=True)["step"]
    assert 0 < kept < reached < total
    board = {each.name: each.read_bytes() for each in cache.glob("searches/*/*.judged")}
    assert len(board) >= 3
    assert read(best).manifest.recipe["head"] == JUDGED

    found = trained(leaning, network, cache)
    assert [done for done, of in taken if of > 1] == list(range(kept, total))  # and nothing else is learned again
    assert {of for _, of in taken if of > 1} == {total}
    after = {each.name: each.read_bytes() for each in cache.glob("searches/*/*.judged")}
    assert board.items() < after.items()
    assert found.report.recipe.head == ANEW
    assert line_of_each(found) == line_of_each(finished[1])
    assert chosen(found) == chosen(finished[1])
    assert found.evaluation == finished[1].evaluation


def test_a_network_that_was_damaged_since_it_was_learned_anew_is_learned_once_more(
    leaning: Path, network: Path, ended: tuple[Path, Trained]
) -> None:
    cache, before = ended
    for path in cache.glob("tuning/*/done"):
        if not (path.parent / "unseen").exists():
            kept = load_file(path)
            save_file({**kept, "weight": np.ascontiguousarray(-kept["weight"])}, path)
    found = trained(leaning, network, cache)
    assert trainings() == 2
    assert found.report.recipe.head == ANEW
    assert found.model.manifest.backbone == before.model.manifest.backbone
    assert found.evaluation == before.evaluation


def test_what_had_won_and_was_swept_is_learned_again_before_anything_new_is_tried(
    leaning: Path, network: Path, ended: tuple[Path, Trained], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, before = ended
    assert len(sweep(cache, now=time.time() + LONG_AGO)) == 3
    monkeypatch.setattr(search, "IN_VAIN", 20)
    old, new = {(each.head, each.copies, each.log_loss) for each in before.report.candidates}, []

    def heard(line: CandidateResult) -> None:
        if (line.head, line.copies, line.log_loss) not in old:
            new.append(line)

    found = trained(leaning, network, cache, 1800, heard=heard, enough=lambda: bool(new))
    assert new
    assert found.report.recipe.head == ANEW
    assert found.model.manifest.backbone == before.model.manifest.backbone
    assert found.evaluation == before.evaluation
    assert trainings() == 3
    assert [len(lines(found, head)) for head in (JUDGED, ANEW)] == [1, 1]


def test_where_there_is_no_time_to_learn_what_was_swept_again_a_line_says_so_and_nothing_more_is_lost(
    leaning: Path, network: Path, ended: tuple[Path, Trained]
) -> None:
    cache, before = ended
    judged = next(cache.glob("tuning/*/unseen")).parent
    on_shelf = [each.network for key, each in Shelf(cache).tuned() if folder_of(cache, key) == judged]
    for path in [*judged.iterdir(), *on_shelf]:
        os.utime(path, (time.time() - LONG_AGO,) * 2)
    assert sweep(cache) == [judged]

    short = trained(leaning, network, cache, 1800, spent=1799.5)
    assert trainings() == 0
    assert not short.report.recipe.head.startswith(JUDGED)
    (line,) = lines(short, JUDGED)
    assert "Its network is not kept any more: to learn it again takes about" in (line.left_out or "")

    found = trained(leaning, network, cache, 3600)
    assert trainings() == 1  # what was learned anew of it is still there
    assert found.report.recipe.head == ANEW
    assert found.model.manifest.backbone == before.model.manifest.backbone
    assert found.evaluation == before.evaluation


def test_where_there_is_time_for_the_judged_one_alone_that_one_is_there_again_and_a_line_says_why(
    leaning: Path, network: Path, ended: tuple[Path, Trained], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, _ = ended
    sweep(cache, now=time.time() + LONG_AGO)
    monkeypatch.setattr(Tuner, "needs", lambda tuner, candidate: Needs(judging=1.0, anew=1e6))
    found = trained(leaning, network, cache, 1800)
    assert trainings() == 1
    assert found.report.recipe.head == JUDGED
    assert "to learn it again takes about 1000000 s" in (lines(found, ANEW)[0].left_out or "")
