"""Calibrate chooses how scores are to be read by pictures that neither taught the model nor judge it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from fenlei.pipelines.errors import PipelineError
from fenlei.pipelines.found import found_pictures
from fenlei.pipelines.pictures import content, only, split_of
from fenlei.pipelines.reference import Model, Split
from fenlei.training.decide import Demand
from fenlei.training.picture_list import DIGITS, FILE, learned_digests, read_list
from fenlei.training.train import train
from tests.support.drawing import tinted_scenes
from tests.support.workbench import Workbench

NAME = "finish.calibrate"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    return Workbench(tmp_path_factory.mktemp("bench"), width=48)


@pytest.fixture(scope="module")
def split(bench: Workbench) -> Split:
    folder = tinted_scenes(bench.folder / "photos", {"r": 60, "g": 60, "b": 60}, size=40)
    return bench.split(folder, test=0.3, validation=0.25)


@pytest.fixture(scope="module")
def model(bench: Workbench, split: Split) -> Model:
    made = bench.run("train.linear", split)[0]
    assert isinstance(made, Model)
    return made


@pytest.fixture(scope="module")
def boastful(bench: Workbench, model: Model) -> Model:
    """The same model, far too sure of itself."""
    file = bench.file(model)
    return bench.model(replace(file, head=replace(file.head, temperature=0.1, scale=None, shift=None), parity=[]))


def test_no_node_learns_from_the_validation_part_and_it_does_not_judge(
    bench: Workbench, split: Split, model: Model
) -> None:
    held = {each.sha256[:DIGITS] for each in content(bench.context, split).entries if each.split == "validation"}
    assert len(held) == split.parts["validation"] == 45
    file = bench.file(model)
    assert not held & learned_digests(file)
    assert not held & {each.digest for each in read_list(file.report[FILE])}
    assert model.metrics["pictures"] == split.parts["test"]
    pictures, computed = (
        split.parts["train"] + split.parts["test"],
        [line for line in bench.log if "ran through" in line],
    )
    bench.run("features.embed", split)
    (line,) = [line for line in bench.log if "ran through" in line and line not in computed]
    assert f"of {pictures} pictures" in line


@pytest.mark.parametrize("method", ["auto", "temperature", "vector"])
def test_scores_come_to_mean_what_they_say(
    bench: Workbench, split: Split, boastful: Model, model: Model, method: str
) -> None:
    calm, report = bench.run(NAME, boastful, split, method=method)
    told = bench.told(report)
    assert told["calibration_error_after"] < told["calibration_error_before"] / 2
    assert told["log_loss_after"] < told["log_loss_before"]
    assert (told["chosen_by"], told["judged"], told["learned"]) == (45, split.parts["test"], 0)
    for when in ("before", "after"):
        assert sum(each["count"] for each in told[f"reliability_{when}"]) == told["judged"]
    file = bench.file(calm)
    assert file.manifest.calibration.method == told["method"] == (method if method != "auto" else "temperature")
    assert (file.head.scale is not None) == (method == "vector")
    judged = bench.told(bench.run("judge.evaluate", calm, split))
    assert judged["expected_calibration_error"] == pytest.approx(told["calibration_error_after"])
    assert calm.metrics["log_loss"] == pytest.approx(told["log_loss_after"])
    assert (report.about, report.headline["method"]) == ("calibration", told["method"])
    if method == "temperature":
        assert told["accuracy_before"] == told["accuracy_after"] == model.metrics["accuracy"]


def test_none_gives_scores_as_the_head_gives_them(bench: Workbench, split: Split, model: Model) -> None:
    plain, report = bench.run(NAME, model, split, method="none")
    file = bench.file(plain)
    assert (file.manifest.calibration.method, file.head.temperature, file.head.scale) == ("none", 1.0, None)
    assert bench.told(report)["method_before"] == "temperature"
    assert file.parity
    bench.run("judge.evaluate", plain, split)  # its parity pictures have the scores of now


def test_pictures_that_judge_choose_nothing(bench: Workbench, split: Split, boastful: Model) -> None:
    found = content(bench.context, split)
    held = [each.name for each in found.entries if each.split == "test"]
    fewer = split_of(bench.context, only(found, lambda each: each.name not in held[5:]))
    first, second = (bench.told(bench.run(NAME, boastful, each)[1]) for each in (split, fewer))
    assert first["temperature"] == second["temperature"]
    assert (first["judged"], second["judged"]) == (len(held), 5)


def test_thresholds_are_chosen_anew_for_the_new_scores(bench: Workbench, split: Split) -> None:
    made = train(
        partial(found_pictures, bench.context, split),
        cache=bench.context.cache,
        backbone=str(bench.backbone),
        goal="fast",
        engine="onnxruntime",
        demand=Demand(precision=0.8),
    )
    sure = bench.model(replace(made.model, head=replace(made.model.head, temperature=0.1), parity=[]))
    calm, report = bench.run(NAME, sure, split, method="temperature")
    assert bench.told(report)["thresholds"] == "chosen anew"
    decision = bench.file(calm).manifest.decision
    assert decision is not None
    assert decision != made.model.manifest.decision
    again, report = bench.run(NAME, calm, split, method="temperature")
    assert bench.told(report)["thresholds"] == "chosen anew"
    assert bench.file(again).manifest.decision == decision


def test_without_a_validation_part_the_remedy_is_named(bench: Workbench, split: Split, model: Model) -> None:
    whole = bench.split(bench.folder / "photos", test=0.3)
    with pytest.raises(PipelineError, match=r"no validation part to calibrate by.*`data.split`"):
        bench.run(NAME, model, whole)
    taught, _ = bench.run("train.linear", whole)
    with pytest.raises(PipelineError, match="has learned from 45 of them"):
        bench.run(NAME, taught, split)


def test_eight_bits_are_decided_by_the_validation_part_where_there_is_one(
    bench: Workbench, split: Split, model: Model
) -> None:
    told = bench.told(bench.run("finish.optimise", model, split, loss=100.0)[1])
    assert (told["decided_by"], told["decision"]["pictures"]) == ("validation part", 45)


def test_a_model_in_eight_bits_is_calibrated_and_still_says_how_far_engines_are_apart(
    bench: Workbench, split: Split, boastful: Model
) -> None:
    small, _ = bench.run("finish.optimise", boastful, split, loss=100.0)
    file = bench.file(bench.run(NAME, small, split)[0])
    assert file.manifest.allowed >= 0.02
    assert [each["by"] for each in file.manifest.recipe["finished"]] == ["finish.optimise", NAME]
