"""From folders of drawn pictures to model files, with a real network of a few kilobytes."""

from __future__ import annotations

import functools
import io
import multiprocessing
import os
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from PIL import Image

from fenlei.datasets import DatasetError, FoundPictures, Item
from fenlei.imaging import check, prepare
from fenlei.inference.open import open_engine
from fenlei.modelfile import pack, read, write
from fenlei.modelfile.head_file import to_safetensors
from fenlei.training import closer_look
from fenlei.training.division import together
from fenlei.training.errors import TrainingError
from fenlei.training.finish import Trained
from fenlei.training.heads import Fitted
from fenlei.training.heads.logistic import LogisticHead
from fenlei.training.heat import HeatMaps
from fenlei.training.look import Picture
from fenlei.training.progress import Cancelled, Stage
from fenlei.training.report import CandidateResult, Report, from_json
from fenlei.training.train import train
from tests.support.archives import gbk_zip
from tests.support.drawing import class_folders, jpeg, png
from tests.support.networks import tiny_network

CLASSES = {"鸟": 14, "cat": 16, "dog": 15}


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("network") / "tiny.onnx"
    path.write_bytes(tiny_network(size=32, width=48))
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return class_folders(tmp_path / "photos", CLASSES)


@pytest.fixture
def cache(workspace: Path) -> Path:
    return workspace / "cache"


def learn(path: Path, cache: Path, network: Path, **wishes: Any) -> Trained:
    return train(path, cache=cache, backbone=str(network), **wishes)


def advice(report: Report) -> dict[str, str]:
    """Its sentences in English, by rule."""
    return {each.rule: each.en for each in report.advice}


def mislabel(photos: Path) -> None:
    """Cats under the name of dogs: they cannot all come out right."""
    for number in range(6):
        shutil.move(photos / "cat" / f"{number:04d}.png", photos / "dog" / f"was_cat_{number}.png")


def test_a_folder_becomes_a_model_that_is_right(photos: Path, cache: Path, network: Path, tmp_path: Path) -> None:
    trained = learn(photos, cache, network)
    report = trained.report
    assert report.labels == ["cat", "dog", "鸟"]
    assert report.train_pictures + report.test_pictures == 45
    assert [(each.train, each.test) for each in report.counts] == [(13, 3), (12, 3), (11, 3)]
    assert report.test_origin == "held out"
    assert trained.evaluation.accuracy > 0.8
    assert sum(map(sum, trained.evaluation.confusion)) == report.test_pictures
    assert report.recipe.refitted
    assert report.recipe.fitted_on == 45
    assert trained.computed == 45

    write(tmp_path / "m.fenlei", trained.model)
    loaded = read(tmp_path / "m.fenlei")
    assert loaded.manifest.labels == report.labels
    assert loaded.manifest.metrics["accuracy"] == trained.evaluation.accuracy
    assert loaded.manifest.dataset_digest == report.dataset_digest
    assert from_json(loaded.report["report.json"]) == report
    assert b"<html" in loaded.report["index.html"]


@pytest.mark.parametrize(
    ("classes", "travel"),
    [
        ({"cat": 3, "dog": 3}, 4),  # one of them a PNG
        (dict.fromkeys("abcdef", 3), 4),  # of as many classes
        (CLASSES, 5),
        ({"cat": 94, "dog": 96}, 20),
    ],
)
def test_an_eighth_of_what_is_learned_from_travels_and_at_most_twenty_pictures(
    tmp_path: Path, cache: Path, network: Path, classes: dict[str, int], travel: int
) -> None:
    folder = class_folders(tmp_path / "folder", classes)
    model = learn(folder, cache, network).model
    assert len(model.parity) == travel
    assert {picture.data[:4] for picture in model.parity} == {b"\x89PNG", b"\xff\xd8\xff\xe0"}
    # The first ones are of each class once: as much like a picture of their class as JPEG lets them be.
    for name, picture in zip(sorted(classes), model.parity, strict=False):
        first = Image.open(folder / name / "0000.png").convert("RGB")
        travelling = Image.open(io.BytesIO(picture.data)).convert("RGB")
        assert travelling.size == first.size
        assert np.abs(np.asarray(travelling, float) - np.asarray(first, float)).mean() < 8


def test_the_model_scores_parity_pictures_as_it_says(photos: Path, cache: Path, network: Path) -> None:
    model = learn(photos, cache, network).model
    assert model.parity
    assert model.network is not None
    spec = model.manifest.input
    engine = open_engine(model.network, size=(spec.height, spec.width))
    try:
        answers = set()
        for picture in model.parity:
            check(picture.data)
            scores = model.head.scores(engine.infer(prepare(picture.data, spec)[None]))[0]
            np.testing.assert_allclose(scores, picture.scores, atol=1e-6)
            answers.add(int(scores.argmax()))
    finally:
        engine.close()
    assert answers == {0, 1, 2}
    assert {picture.data[:4] for picture in model.parity} == {b"\x89PNG", b"\xff\xd8\xff\xe0"}


def test_the_same_pictures_and_seed_give_the_same_bytes(photos: Path, network: Path, tmp_path: Path) -> None:
    first = pack(learn(photos, tmp_path / "one", network).model)
    moved = shutil.copytree(photos, tmp_path / "elsewhere" / "again")
    assert pack(learn(moved, tmp_path / "two", network).model) == first
    assert pack(learn(photos, tmp_path / "one", network).model) == first  # all from the cache
    assert pack(learn(photos, tmp_path / "one", network, seed=1).model) != first


def test_a_second_training_computes_nothing_and_one_more_picture_costs_one(
    photos: Path, cache: Path, network: Path
) -> None:
    assert learn(photos, cache, network).computed == 45
    assert learn(photos, cache, network).computed == 0
    (photos / "cat" / "new.png").write_bytes(png(64, 64, seed=77))
    shutil.copy(photos / "cat" / "new.png", photos / "cat" / "copy.png")
    assert learn(photos, cache, network).computed == 1
    assert learn(photos, cache, network, policy="letterbox").computed == 46


def test_a_test_folder_judges_and_is_never_learned_from(tmp_path: Path, cache: Path, network: Path) -> None:
    root = class_folders(tmp_path / "set" / "train", {"a": 12, "b": 12})
    class_folders(tmp_path / "set" / "test", {"a": 17, "b": 16})
    for label in "ab":  # drawn the same way: what is in train/ is not in test/
        for number in range(12):
            (tmp_path / "set" / "test" / label / f"{number:04d}.png").unlink()
    trained = learn(root.parent, cache, network)
    assert trained.report.test_origin == "folder"
    assert trained.report.test_pictures == 9
    assert not trained.report.recipe.refitted
    assert trained.report.recipe.fitted_on == 24

    # Other labels in test/ change the figures and nothing in the model.
    (tmp_path / "set" / "test" / "a").rename(tmp_path / "set" / "test" / "x")
    (tmp_path / "set" / "test" / "b").rename(tmp_path / "set" / "test" / "a")
    (tmp_path / "set" / "test" / "x").rename(tmp_path / "set" / "test" / "b")
    swapped = learn(root.parent, cache, network)
    assert to_safetensors(swapped.model.head) == to_safetensors(trained.model.head)
    assert swapped.model.head.temperature == trained.model.head.temperature
    assert swapped.evaluation.accuracy == pytest.approx(1 - trained.evaluation.accuracy)


def test_val_judges_without_test_and_is_learned_from_beside_it(tmp_path: Path, cache: Path, network: Path) -> None:
    class_folders(tmp_path / "train", {"a": 10, "b": 10})
    class_folders(tmp_path / "val", {"a": 14, "b": 14})
    alone = learn(tmp_path, cache, network).report
    assert (alone.test_origin, alone.train_pictures, alone.test_pictures) == ("folder", 20, 28)
    assert alone.duplicates.across_parts == 20
    assert "20 test pictures have a copy" in advice(alone)["copies-across-parts"]
    class_folders(tmp_path / "test", {"a": 3, "b": 3})
    beside = learn(tmp_path, cache, network).report
    assert (beside.train_pictures, beside.test_pictures) == (48, 6)
    assert "28 pictures of the validation folder" in advice(beside)["learned-from-validation"]
    assert "learned-anew-from-all" not in advice(beside)


def test_a_zip_with_names_in_gbk_is_learned_from(photos: Path, tmp_path: Path, cache: Path, network: Path) -> None:
    files = {f"照片/{file.parent.name}/{file.name}": file.read_bytes() for file in sorted(photos.rglob("*.png"))}
    zipped = learn(gbk_zip(tmp_path / "照片.zip", files), cache, network)
    assert zipped.report.labels == ["cat", "dog", "鸟"]
    assert zipped.computed == 45
    assert zipped.report.dataset_digest == learn(photos, cache, network).report.dataset_digest


def test_every_file_that_was_not_used_has_its_reason(photos: Path, cache: Path, network: Path) -> None:
    (photos / "cat" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    (photos / "cat" / "cut.png").write_bytes(png(200, 200)[:400])
    (photos / "dog" / "empty.png").write_bytes(b"")
    (photos / "dog" / "notes.txt").write_text("they bark")
    (photos / "list.csv").write_text("a,b")
    Image.new("RGB", (50, 50), "red").save(photos / "dog" / "used.bmp")
    trained = learn(photos, cache, network)
    assert [each.name for each in trained.report.skipped] == [
        "cat/broken.jpg",
        "cat/cut.png",
        "dog/empty.png",
        "dog/notes.txt",
        "list.csv",
    ]
    assert all(each.reason for each in trained.report.skipped)
    assert trained.report.train_pictures + trained.report.test_pictures == 46
    assert "empty" in trained.report.skipped[2].reason


def test_a_picture_that_changes_under_the_work_is_left_aside_and_not_remembered(
    photos: Path, cache: Path, network: Path
) -> None:
    changing, other = photos / "cat" / "0003.png", (photos / "dog" / "0001.png").read_bytes()
    first = changing.read_bytes()

    def change(stage: Stage, done: int, total: int) -> None:
        if stage is Stage.READ and done == total:
            changing.write_bytes(other)

    (skipped,) = learn(photos, cache, network, progress=change).report.skipped
    assert (skipped.name, skipped.reason) == ("cat/0003.png", "was changed while it was read.")
    changing.write_bytes(first)
    again = learn(photos, cache, network)
    assert (again.computed, again.report.skipped) == (1, [])


def test_one_picture_in_two_classes_is_reported_and_kept_together(photos: Path, cache: Path, network: Path) -> None:
    shutil.copy(photos / "cat" / "0003.png", photos / "dog" / "really.png")
    found = learn(photos, cache, network).report.duplicates
    assert (found.groups, found.pictures, found.across_classes, found.across_parts) == (1, 2, 1, 0)
    (group,) = found.examples
    assert group.exact
    assert [(each.name, each.label) for each in group.members] == [("cat/0003.png", "cat"), ("dog/really.png", "dog")]
    assert len({each.part for each in group.members}) == 1


def test_synthetic_parity_lets_no_picture_travel(photos: Path, cache: Path, network: Path) -> None:
    mislabel(photos)
    trained = learn(photos, cache, network, synthetic_parity=True, test_fraction=0.5)
    assert trained.report.worst
    assert len(trained.model.parity) == 20
    assert all(each.thumbnail is None for each in trained.report.worst)
    page = trained.model.report["index.html"].decode()
    assert "data:image/jpeg" not in page
    assert "data:image/png" not in page
    own = learn(photos, cache, network)
    assert {each.data for each in own.model.parity}.isdisjoint({each.data for each in trained.model.parity})


def test_a_backbone_can_stay_outside(photos: Path, cache: Path, network: Path) -> None:
    model = learn(photos, cache, network, embed_backbone=False).model
    assert model.network is None
    assert len(pack(model)) < len(pack(learn(photos, cache, network).model))


def test_wrong_pictures_are_shown_with_what_they_were_taken_for(photos: Path, cache: Path, network: Path) -> None:
    mislabel(photos)
    trained = learn(photos, cache, network, test_fraction=0.5)
    assert trained.report.worst
    for place, wrong in enumerate(trained.report.worst):
        assert wrong.truth != wrong.predicted
        assert wrong.score > wrong.truth_score
        assert wrong.thumbnail == place
    assert "data:image/jpeg" in trained.model.report["index.html"].decode()


def test_uneven_classes_are_weighted_and_the_report_says_so(tmp_path: Path, cache: Path, network: Path) -> None:
    report = learn(class_folders(tmp_path / "p", {"many": 40, "few": 8}), cache, network).report
    assert report.recipe.class_weights is not None
    assert report.recipe.class_weights[0] > report.recipe.class_weights[1]  # "few" stands before "many"
    assert "differ much in size" in advice(report)["small-classes-counted-more"]
    assert "from all 48 pictures" in advice(report)["learned-anew-from-all"]


def test_two_pictures_a_class_make_a_model(tmp_path: Path, cache: Path, network: Path) -> None:
    trained = learn(class_folders(tmp_path / "p", {"a": 2, "b": 2}), cache, network)
    assert [(each.train, each.test) for each in trained.report.counts] == [(1, 1), (1, 1)]
    assert "too few pictures for cross-validation" in advice(trained.report)["scores-are-not-calibrated"]
    low, high = trained.evaluation.accuracy_interval
    assert high - low > 0.5


@pytest.mark.parametrize(
    ("classes", "sentence"),
    [
        ({"cat": 5}, r"one class \(cat\); at least two are needed"),
        ({"cat": 5, "dog": 1}, r"at least 2 usable pictures; dog has 1"),
        ({"cat": 5, "dog": 0}, r"at least 2 usable pictures; dog has 0"),
        ({"cat": 0, "dog": 0}, r"holds no picture that can be used"),
    ],
)
def test_too_little_to_learn_from_is_refused_in_words(
    tmp_path: Path, cache: Path, network: Path, classes: dict[str, int], sentence: str
) -> None:
    with pytest.raises(TrainingError, match=sentence):
        learn(class_folders(tmp_path / "p", classes), cache, network)


def test_pictures_that_cannot_be_read_do_not_count(tmp_path: Path, cache: Path, network: Path) -> None:
    root = class_folders(tmp_path / "p", {"cat": 5, "dog": 2})
    (root / "dog" / "0001.png").write_bytes(png(50, 50)[:100])
    with pytest.raises(TrainingError, match="dog has 1"):
        learn(root, cache, network)


def test_pictures_of_the_test_folder_do_not_count_as_learned(tmp_path: Path, cache: Path, network: Path) -> None:
    class_folders(tmp_path / "train", {"cat": 5, "dog": 1})
    class_folders(tmp_path / "test", {"cat": 5, "dog": 9})
    with pytest.raises(TrainingError, match="dog has 1"):
        learn(tmp_path, cache, network)


def test_a_refusal_says_why_the_files_that_are_there_do_not_count(tmp_path: Path, cache: Path, network: Path) -> None:
    root = class_folders(tmp_path / "photos", {"cat": 3, "dog": 1})
    for number in range(3):
        (root / "dog" / f"x{number}.jpg").write_bytes(b"no picture")
    with pytest.raises(
        TrainingError, match=r"dog has 1\. .* dog/x0\.jpg and 2 more left aside: The file is no picture"
    ):
        learn(root, cache, network)


def test_classes_of_nothing_but_copies_are_refused(tmp_path: Path, cache: Path, network: Path) -> None:
    root = class_folders(tmp_path / "p", {"cat": 1, "dog": 1})
    for label in ("cat", "dog"):
        shutil.copy(root / label / "0000.png", root / label / "0001.png")
    with pytest.raises(TrainingError, match="copies of one picture"):
        learn(root, cache, network)


def test_a_folder_that_is_none_is_refused(tmp_path: Path, cache: Path, network: Path) -> None:
    with pytest.raises(DatasetError, match="does not exist"):
        learn(tmp_path / "nowhere", cache, network)


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ({"goal": "best"}, "no goal `best`; choose one of fast, balanced, accurate"),
        ({"policy": "stretch"}, "no resize policy `stretch`; choose one of squash, letterbox, crop"),
        ({"budget": 0}, "budget of 0 seconds"),
        ({"budget": float("nan")}, "budget of nan seconds"),
        ({"test_fraction": 1.0}, "must lie between 0 and 1"),
        ({"seed": -1}, "must be 0 or more"),
    ],
)
def test_wishes_that_make_no_sense_are_refused(
    photos: Path, cache: Path, network: Path, wish: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(TrainingError, match=sentence):
        learn(photos, cache, network, **wish)


def test_progress_tells_every_stage_to_its_end(photos: Path, cache: Path, network: Path) -> None:
    told: list[tuple[Stage, int, int]] = []
    trained = learn(photos, cache, network, progress=lambda *step: told.append(step))
    assert list(dict.fromkeys(stage for stage, _, _ in told))[:3] == [Stage.READ, Stage.EMBED, Stage.GROUP]
    usual = set(Stage) - {Stage.TUNE}  # the network itself is tuned where there is a budget
    assert {stage for stage, _, _ in told} == usual
    last = {stage: (done, total) for stage, done, total in told}
    assert all(done == total for done, total in last.values())
    assert (Stage.EMBED, 45, 45) in told
    assert set(trained.seconds) == usual


@pytest.mark.parametrize("stage", [Stage.READ, Stage.EMBED, Stage.CHOOSE, Stage.FINISH])
def test_a_stop_is_heeded_in_every_stage_and_keeps_what_was_computed(
    photos: Path, cache: Path, network: Path, stage: Stage
) -> None:
    stop = []

    def watch(now: Stage, done: int, total: int) -> None:
        if now == stage and (done or stage is not Stage.EMBED):
            stop.append(True)

    with pytest.raises(Cancelled):
        learn(photos, cache, network, progress=watch, cancelled=lambda: bool(stop))
    again = learn(photos, cache, network)
    if stage is Stage.EMBED:
        assert 0 < again.computed < 45
    elif stage is not Stage.READ:
        assert again.computed == 0


def test_who_calls_it_off_does_not_wait_for_the_last_fit_and_who_has_had_enough_gets_what_comes_of_it(
    photos: Path, cache: Path, network: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    fit = LogisticHead.fit

    def watched(*given: Any, **more: Any) -> Fitted:
        if not more.get("fine"):
            return fit(*given, **more)
        told.append("begun")
        fitted = fit(*given, **more)
        told.append("done")
        return fitted

    monkeypatch.setattr(LogisticHead, "fit", watched)
    with pytest.raises(Cancelled):
        learn(photos, cache, network, cancelled=lambda: bool(told))
    assert told == ["begun"]
    told.clear()
    trained = learn(photos, cache, network, enough=lambda: bool(told))
    assert told[:2] == ["begun", "done"]
    assert trained.evaluation.accuracy > 0.5


def test_who_calls_it_off_while_heat_maps_are_drawn_does_not_wait_for_the_others(
    photos: Path, cache: Path, network: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mislabel(photos)
    drawn: list[int] = []
    draw = HeatMaps.draw

    def counted(maps: HeatMaps, picture: Picture, label: int) -> bytes | None:
        drawn.append(label)
        return draw(maps, picture, label)

    monkeypatch.setattr(HeatMaps, "draw", counted)
    monkeypatch.setattr(closer_look, "maps_allowed", lambda pictures, views: 12)
    with pytest.raises(Cancelled):
        learn(photos, cache, network, test_fraction=0.4, cancelled=lambda: bool(drawn))
    assert len(drawn) == 1
    learn(photos, cache, network, test_fraction=0.4)
    assert len(drawn) > 2


def _train_for_ever(photos: Path, cache: Path, network: Path) -> None:
    learn(photos, cache, network)


def test_a_kill_in_the_middle_leaves_a_cache_that_works(tmp_path: Path, cache: Path, network: Path) -> None:
    photos = class_folders(tmp_path / "many", {"a": 300, "b": 300}, size=40)
    process = multiprocessing.get_context("spawn").Process(target=_train_for_ever, args=(photos, cache, network))
    process.start()
    deadline = time.monotonic() + 60
    while not any(file.stat().st_size > 10_000 for file in cache.glob("embeddings/*")):
        assert time.monotonic() < deadline, "nothing was cached"
        assert process.is_alive()
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join(30)
    again = learn(photos, cache, network)
    assert again.computed < 600
    assert again.evaluation.pictures == 120
    assert learn(photos, cache, network).computed == 0


def test_the_report_holds_no_path_and_no_clock(photos: Path, cache: Path, network: Path) -> None:
    trained = learn(photos, cache, network)
    text = trained.model.report["report.json"].decode()
    assert str(photos) not in text
    assert str(cache) not in text
    assert str(network.parent) not in text
    assert str(network.parent) not in msgspec.json.encode(trained.model.manifest).decode()
    assert msgspec.json.decode(text, type=Report) == trained.report


def test_pictures_found_elsewhere_are_learned_from_in_the_order_of_their_classes(cache: Path, network: Path) -> None:
    closed = []
    found = found_pictures({"zebra": 12, "ant": 12}, close=lambda: closed.append(True))
    heard: list[CandidateResult] = []
    trained = train(lambda: found, cache=cache, backbone=str(network), heard=heard.append)
    assert trained.report.labels == ["zebra", "ant"]
    assert [count.label for count in trained.report.counts] == ["zebra", "ant"]
    assert closed == [True]
    assert [(each.chosen, each.accuracy) for each in heard] == [(True, trained.report.candidates[0].accuracy)]

    lonely = found_pictures({"zebra": 12, "ant": 1})
    with pytest.raises(TrainingError, match=r"^Every class needs at least 2 usable pictures; ant has 1\."):
        train(lambda: lonely, cache=cache, backbone=str(network))


def test_pictures_of_one_group_stay_on_one_side(cache: Path, network: Path) -> None:
    found = found_pictures({"zebra": 20, "ant": 20})
    # Five of each class belong together: all of them judge, or none.
    found.items = [replace(item, group=f"{number // 5}") for number, item in enumerate(found.items)]
    trained = train(lambda: found, cache=cache, backbone=str(network))
    assert trained.report.test_pictures == 10
    assert [count.test for count in trained.report.counts] == [5, 5]


def test_groups_join_through_duplicates_and_names() -> None:
    numbers = together(np.array([0, 1, 1, 2, 3, 4]), ["a", "a", None, "b", "b", None])
    assert numbers.tolist() == [0, 0, 0, 1, 1, 2]


def found_pictures(classes: dict[str, int], close: Callable[[], None] = lambda: None) -> FoundPictures:
    items = []
    for number, (label, count) in enumerate(classes.items()):
        for index in range(count):
            data = png(64, 64, seed=number * 1000 + index) if number else jpeg(64, 64, mode="L", seed=index)
            items.append(Item(f"{label}/{index:04d}", label, None, functools.partial(bytes, data)))
    return FoundPictures(list(classes), items, [], close)
