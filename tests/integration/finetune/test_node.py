"""Fine-tuning as a node: one backbone, no search, the same model each time, and nothing lost when it is stopped."""

from __future__ import annotations

import dataclasses
from functools import partial
from pathlib import Path

import msgspec
import pytest

from fenlei.backbones import BackboneError
from fenlei.imaging import Policy
from fenlei.modelfile import ModelFile, pack, read
from fenlei.pipelines.context import Stopped
from fenlei.pipelines.found import found_pictures
from fenlei.pipelines.reference import Model, Split
from fenlei.training.board import Entry
from fenlei.training.candidate import TUNED, Candidate
from fenlei.training.errors import TrainingError
from fenlei.training.finetune.alone import completed, to_tune
from fenlei.training.finetune.choice import is_anew
from fenlei.training.finetune.errors import Unsound
from fenlei.training.finetune.kept import FOLDER
from fenlei.training.finetune.settings import read_settings
from fenlei.training.finetune.tuner import CHECKPOINT, Tuner
from fenlei.training.formula import formula_of
from fenlei.training.heads import PROTOTYPES
from fenlei.training.progress import Stage, Watch
from fenlei.training.report import from_json
from fenlei.training.train import rebuild, train
from fenlei.training.view import View, one
from fenlei.training.workshop import Workshop
from tests.support.drawing import class_folders
from tests.support.workbench import Workbench

RECIPE = {"epochs": 4, "rate": 5e-3, "seed": 3}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    return Workbench(tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="module")
def split(bench: Workbench, leaning: Path) -> Split:
    return bench.split(leaning)


@pytest.fixture(scope="module")
def tuned(bench: Workbench, split: Split, network: Path) -> Model:
    made: Model = bench.run("train.finetune", split, backbone=str(network), **RECIPE).model
    return made


def opened(bench: Workbench, model: Model) -> ModelFile:
    path = bench.folder / f"{model.digest}.fenlei"
    bench.blobs.save_to(model.digest, path)
    return read(path)


def test_the_tuned_network_ships_and_the_head_that_it_began_from_is_told_beside_it(
    bench: Workbench, tuned: Model
) -> None:
    file = opened(bench, tuned)
    assert ":tuned-" in file.manifest.backbone.id
    lines = from_json(file.report["report.json"]).candidates
    assert [(line.head, line.chosen) for line in lines] == [
        ("logistic regression", False),
        ("fine-tuned network", False),
        ("fine-tuned network, anew from everything", True),
    ]
    said = [line for line in bench.log if "on pictures that were held out" in line]
    assert [line.partition(":")[0] for line in said[:3]] == [line.head for line in lines]
    candidate = formula_of(file).candidate
    settings = read_settings(candidate.setting or {})
    assert (settings.epochs, settings.rate, settings.seed, settings.mixing, settings.kept) == (4, 5e-3, 3, 0.0, 0)
    assert (settings.anew, settings.mirrored) == (1, 0)
    assert not [*(bench.context.cache / FOLDER).rglob(CHECKPOINT)]


def test_it_is_made_again_byte_for_byte(
    bench: Workbench, split: Split, network: Path, tuned: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(network.parent)  # a model file names a folder of this machine without its path
    pictures = partial(found_pictures, bench.context, split)
    made = rebuild(opened(bench, tuned), pictures, cache=bench.context.cache, engine="onnxruntime")
    assert pack(made.model) == bench.blobs.get(tuned.digest)


def test_from_an_empty_cache_it_is_the_same_model_also_where_it_was_stopped_in_every_epoch(
    bench: Workbench, split: Split, network: Path, tuned: Model, tmp_path: Path
) -> None:
    stopped, begun = 0, []
    while True:
        asked: list[float] = []
        kept = {path: path.stat().st_mtime_ns for path in (tmp_path / FOLDER).rglob(CHECKPOINT)}

        def progress(stage: str, fraction: float, asked: list[float] = asked) -> None:
            if stage == Stage.TUNE:
                asked.append(fraction)

        def cancelled(kept: dict[Path, int] = kept) -> bool:
            return any(path.stat().st_mtime_ns != kept.get(path) for path in (tmp_path / FOLDER).rglob(CHECKPOINT))

        context = dataclasses.replace(bench.context, cache=tmp_path, progress=progress, cancelled=cancelled)
        again = dataclasses.replace(bench)
        again.context = context
        try:
            made = again.run("train.finetune", split, backbone=str(network), **RECIPE)
        except Stopped:
            stopped += 1
            begun.append(min(asked, default=0.0))
            assert stopped < 20
        else:
            break
    assert made.model == tuned
    assert stopped >= 2 * RECIPE["epochs"]  # the one that was judged, and the one of everything
    assert begun[:4] == pytest.approx([0, 0.25, 0.5, 0.75])  # each went on where the one before was


def test_copies_say_whether_pictures_are_mirrored_and_what_is_not_said_is_chosen(network: Path, tmp_path: Path) -> None:
    view = one(str(network), None, Policy.SQUASH)
    with Workshop(tmp_path, Watch(), "onnxruntime", wished=view) as workshop:
        for copies, mirrored in (("none", 0), ("altered", 0), ("altered and mirrored", 1)):
            long = to_tune(Candidate(view=view, copies=copies), anew=False, epochs=12, stages=1)
            settings = read_settings(completed(long, workshop, 40, 7).setting or {})
            assert (settings.mirrored, settings.batch, settings.mixing, settings.seed) == (mirrored, 8, 0.4, 7)
            assert (settings.stages, settings.kept, settings.anew) == (1, 0, 0)  # it cannot be cut below its last stage
        short = to_tune(Candidate(view=view), anew=True, epochs=6)
        settings = read_settings(completed(short, workshop, 4000, 7).setting or {})
        assert (settings.batch, settings.mixing, settings.epochs, settings.anew) == (64, 0.0, 6, 1)


def test_where_learning_anew_goes_wrong_the_network_that_was_judged_ships_and_a_line_says_so(
    bench: Workbench, split: Split, network: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = Tuner.ready

    def spoiled(self: Tuner, entry: Entry) -> None:
        if is_anew(entry.candidate):
            raise Unsound("It knows less.")
        ready(self, entry)

    monkeypatch.setattr(Tuner, "ready", spoiled)
    file = opened(bench, bench.run("train.finetune", split, backbone=str(network), **RECIPE).model)
    lines = from_json(file.report["report.json"]).candidates
    assert [(line.left_out, line.chosen) for line in lines[1:]] == [(None, True), ("It knows less.", False)]
    assert (formula_of(file).candidate.setting or {})["anew"] == 0
    assert bench.log[-1] == "fine-tuned network, anew from everything: It knows less."


def test_what_cannot_be_tuned_is_refused(bench: Workbench, split: Split, network: Path) -> None:
    view, other = (one(name, None, Policy.SQUASH) for name in (str(network), str(bench.backbone)))
    learn = partial(train, partial(found_pictures, bench.context, split), cache=bench.context.cache)
    head = Candidate(view=view)
    for bad in (
        Candidate(view=view, kind=TUNED),
        to_tune(Candidate(view=view, kind=PROTOTYPES), anew=True),
        msgspec.structs.replace(to_tune(head, anew=True), view=other),
    ):
        with pytest.raises(TrainingError, match="under one linear head on it"):
            learn(only=bad)
    both = Candidate(view=View((*view.backbones, *other.backbones), None, Policy.SQUASH))
    with pytest.raises(TrainingError, match="not several side by side"):
        learn(only=to_tune(both, anew=True))
    with pytest.raises(TrainingError, match="no setting of fine-tuning called `speed`"):
        to_tune(head, anew=True, speed=3)


def test_a_network_that_is_onnx_alone_is_refused_before_any_picture_runs_through_it(
    bench: Workbench, split: Split
) -> None:
    with pytest.raises(BackboneError, match=r"only.*ONNX|ONNX"):
        bench.run("train.finetune", split)


def test_too_few_pictures_to_tell_what_came_of_it_are_refused(bench: Workbench, network: Path) -> None:
    few = bench.split(class_folders(bench.folder / "few", {"a": 20, "b": 20}, size=32))
    with pytest.raises(TrainingError, match="too few pictures: .* at least 20 are needed"):
        bench.run("train.finetune", few, backbone=str(network), epochs=1)
