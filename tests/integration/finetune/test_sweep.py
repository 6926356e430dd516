"""What fine-tuning leaves in the cache goes when nobody needs it, and nothing that was made breaks by that."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

import fenlei
from fenlei.backbones import by_digest, kept
from fenlei.backbones.shelf import TUNED, Shelf
from fenlei.backbones.source import Network
from fenlei.modelfile import pack, read, write
from fenlei.training import search
from fenlei.training.finetune import sweep as sweep_room
from fenlei.training.finetune.at_work import AtWork
from fenlei.training.finetune.kept import folder_of
from fenlei.training.finetune.sweep import RECENT, UNUSED, mark, sweep
from fenlei.training.finish import Trained
from fenlei.training.progress import Stage
from fenlei.training.train import rebuild, train
from tests.support.at_work import another_at_work
from tests.support.hurried import hurry
from tests.support.mortals import kill
from tests.support.tuning import SETTINGS

ANEW = "fine-tuned network, anew from everything"
DAY = 24 * 3600.0


@pytest.fixture(autouse=True, scope="module")
def made_for_tiny_networks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        hurry(patch.setattr, replace(SETTINGS, mixing=0.0))
        yield


def trained(
    photos: Path, network: Path, cache: Path, budget: float = 900, *, embedded: bool = True, enough: bool = False
) -> Trained:
    begun.clear()
    return train(
        photos,
        cache=cache,
        goal="accurate",
        budget=budget,
        backbone=str(network),
        embed_backbone=embedded,
        enough=lambda: enough,
        progress=lambda stage, done, total: begun.append(total) if (stage, done) == (Stage.TUNE, 0) else None,
    )


begun: list[int] = []
"""Steps of each training that the last call began; those of a mere measurement are one or none."""


def left_by_tuning(cache: Path) -> tuple[list[Path], list[str], list[str]]:
    """Folders of trainings, ids of tuned networks on the shelf, and files of features that it gave."""
    tuned = [each.id for _, each in Shelf(cache).tuned()]
    published = {each.digest[:16] for each in kept(cache) if each.id not in tuned}
    names = [path.stem.split("-") for path in (cache / "embeddings").iterdir()]
    features = [
        "-".join(each) for each in names if each[0] not in published and each[0] != each[1]
    ]  # not of no network
    return sorted(path for path in (cache / "tuning").glob("*") if path.is_dir()), tuned, features


def test_of_a_candidate_that_lost_nothing_is_left_and_a_larger_budget_still_knows_it(
    leaning: Path, network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "SURE", {"accurate": 2.0})  # nothing is so much better that it wins
    cache = tmp_path / "cache"
    found = trained(leaning, network, cache)
    lost = [each for each in found.report.candidates if each.head == "fine-tuned network"]
    assert lost
    assert all(each.log_loss is not None and not each.chosen for each in lost)
    assert max(begun) > 1
    assert left_by_tuning(cache) == ([], [], [])

    for enough in (True, False):  # who stops it before its last stage sees all that there was, and so does who waits
        monkeypatch.setattr(search, "IN_VAIN", int(enough))
        more = trained(leaning, network, cache, budget=1800, enough=enough)
        assert {each.log_loss for each in lost} <= {each.log_loss for each in more.report.candidates}
        assert max(begun, default=0) <= 1  # not trained once more
        assert left_by_tuning(cache) == ([], [], [])


def test_what_lost_stays_while_another_training_runs_which_may_need_it_and_goes_with_the_next_when_that_is_killed(
    leaning: Path, network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "SURE", {"accurate": 2.0})
    cache = tmp_path / "cache"
    with another_at_work(cache) as other:
        found = trained(leaning, network, cache)
        lost = [each for each in found.report.candidates if each.head == "fine-tuned network" and not each.chosen]
        assert lost
        folders, tuned, _ = left_by_tuning(cache)
        assert folders
        assert tuned
        assert all(by_digest(each.digest, cache) is not None for _, each in Shelf(cache).tuned())
        assert kill(other)

    # Of another search, that knows nothing of those candidates.
    train(leaning, cache=cache, goal="accurate", seed=1, backbone=str(network))
    assert left_by_tuning(cache) == ([], [], [])


def test_a_training_is_at_work_from_the_first_picture_to_the_last_stage(
    leaning: Path, network: Path, tmp_path: Path
) -> None:
    free: dict[Stage, bool] = {}

    def look(stage: Stage, done: int, total: int) -> None:
        if stage not in free:
            with AtWork(tmp_path) as other:
                free[stage] = other.ends_alone()

    train(leaning, cache=tmp_path, goal="fast", backbone=str(network), progress=look)
    assert len(free) > 3
    assert not any(free.values())
    with AtWork(tmp_path) as other:
        assert other.ends_alone()


def test_the_winner_stays_for_the_search_to_go_on_and_is_made_again_when_it_is_gone(
    leaning: Path, network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    found = trained(leaning, network, cache)
    assert found.report.recipe.head == ANEW
    folders, tuned, _ = left_by_tuning(cache)
    assert len(folders) == len(tuned) == 3  # as it was judged, and anew from the part that learns and from everything
    again = trained(leaning, network, cache, budget=1800)
    assert again.computed == 0
    assert max(begun, default=0) <= 1
    assert again.model.manifest.backbone == found.model.manifest.backbone

    write(tmp_path / "m.fenlei", found.model)
    assert set(sweep(cache, now=time.time() + UNUSED + DAY)) == set(folders)
    assert left_by_tuning(cache) == ([], [], [])
    with fenlei.load(tmp_path / "m.fenlei") as model:
        assert model.explain(next(leaning.rglob("*.png"))).size
    monkeypatch.chdir(network.parent)
    assert pack(rebuild(read(tmp_path / "m.fenlei"), leaning, cache=cache).model) == pack(found.model)


def test_a_network_that_a_model_file_refers_to_stays_for_good(leaning: Path, network: Path, tmp_path: Path) -> None:
    found = trained(leaning, network, tmp_path, embedded=False)
    assert found.report.recipe.head == ANEW
    sweep(tmp_path, now=time.time() + UNUSED + DAY)
    assert by_digest(found.model.manifest.backbone.digest, tmp_path) is not None


class Killed(BaseException):
    """What happens to a process between telling of a model and the end."""


def test_a_network_stays_that_a_model_file_refers_to_which_was_told_of_before_the_end(
    leaning: Path, network: Path, tmp_path: Path
) -> None:
    told: list[Trained] = []

    def publish(found: Trained) -> None:
        told.append(found)
        if found.report.recipe.head.startswith("fine-tuned"):
            raise Killed

    with pytest.raises(Killed):
        train(
            leaning,
            cache=tmp_path,
            goal="accurate",
            budget=900,
            backbone=str(network),
            embed_backbone=False,
            better=publish,
        )
    sweep(tmp_path, now=time.time() + UNUSED + DAY)
    assert by_digest(told[-1].model.manifest.backbone.digest, tmp_path) is not None


KEYS = [f"{number}" * 64 for number in range(4)]
BYTES = 1000


@pytest.fixture
def used_in_turn(tmp_path: Path) -> Path:
    """A cache with four trainings of 2,000 bytes, the first used ten days ago, then nine, eight, and one just now."""
    for key, days in zip(KEYS, (10, 9, 8, 0), strict=True):
        network = Network(content=key.encode() * 20, size=32, width=8, licence="MIT", made_with={})
        content = Network(content=network.content[:BYTES], size=32, width=8, licence="MIT", made_with={})
        shelved = Shelf(tmp_path).put(
            f"net:tuned-{key[:12]}", "", content, {"kind": TUNED, "training": key}, default=False
        )
        folder_of(tmp_path, key).mkdir(parents=True)
        done = folder_of(tmp_path, key) / "done"
        done.write_bytes(bytes(BYTES))
        for path in (done, shelved.network):
            os.utime(path, (time.time() - days * DAY,) * 2)
    Shelf(tmp_path).put("net", "", network, {"kind": "file"}, default=True)
    return tmp_path


def left(cache: Path) -> list[str]:
    return sorted(key for key, _ in Shelf(cache).tuned())


def test_where_it_is_too_much_the_longest_unused_go_and_what_is_in_use_never(
    used_in_turn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sweep(used_in_turn) == []
    monkeypatch.setattr(sweep_room, "MOST_BYTES", 3 * 2 * BYTES)
    assert sweep(used_in_turn) == [folder_of(used_in_turn, KEYS[0])]
    assert left(used_in_turn) == KEYS[1:]
    monkeypatch.setattr(sweep_room, "MOST_BYTES", 0)
    sweep(used_in_turn)
    assert left(used_in_turn) == KEYS[3:]
    assert [each.id for each in kept(used_in_turn)] == ["net", f"net:tuned-{KEYS[3][:12]}"]
    sweep(used_in_turn, now=time.time() + RECENT + 60)
    assert [each.id for each in kept(used_in_turn)] == ["net"]


def test_what_lost_goes_at_once_and_what_nobody_used_for_long_too(used_in_turn: Path) -> None:
    assert sweep(used_in_turn, [KEYS[3]]) == []  # another may need it
    sweep(used_in_turn, [KEYS[3]], alone=True)
    assert left(used_in_turn) == KEYS[:3]
    sweep(used_in_turn, now=time.time() + UNUSED - 9.5 * DAY)
    assert left(used_in_turn) == KEYS[1:3]
    assert not folder_of(used_in_turn, KEYS[0]).exists()


def test_what_one_search_called_lost_and_a_later_one_keeps_stays(used_in_turn: Path) -> None:
    mark(used_in_turn, KEYS[1:], [])
    mark(used_in_turn, [], [KEYS[2]])
    assert sweep(used_in_turn) == []
    sweep(used_in_turn, alone=True)
    assert left(used_in_turn) == [KEYS[0], KEYS[2]]


def test_a_folder_whose_file_is_being_renamed_is_in_use(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, KEYS[0])
    folder.mkdir(parents=True)
    (folder / "gone by now").symlink_to(folder / "nowhere")  # listed, and then it cannot be looked at
    assert sweep(tmp_path, alone=True) == []
    assert sweep(tmp_path, now=time.time() + UNUSED + DAY) == [folder]


def test_a_file_that_is_being_renamed_does_not_hide_how_old_and_how_big_the_others_are(
    used_in_turn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in KEYS:
        for number in range(20):
            (folder_of(used_in_turn, key) / f"{number}").symlink_to(used_in_turn / "nowhere")
    monkeypatch.setattr(sweep_room, "MOST_BYTES", 3 * 2 * BYTES)
    assert sweep(used_in_turn) == [folder_of(used_in_turn, KEYS[0])]
