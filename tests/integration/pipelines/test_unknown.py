"""The unknown rule is set anew by pictures that it was not learned from, and judged by known ones of the test part."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

import msgspec
import numpy as np
import pytest
from PIL import Image

from fenlei.modelfile import ModelFile
from fenlei.pipelines.errors import PipelineError
from fenlei.pipelines.nodes.unknown import UnknownParams
from fenlei.pipelines.pictures import content, only, split_of
from fenlei.pipelines.reference import Model, Split
from fenlei.serving.host import ModelHost
from fenlei.training.candidate import TUNED
from fenlei.training.formula import KEY
from tests.support.drawing import class_folders, encoded, image, scene
from tests.support.models import tiny_model
from tests.support.workbench import Workbench

NAME = "finish.unknown"
RULES = [each for each in get_args(UnknownParams.model_fields["rule"].annotation) if each not in ("auto", "off")]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    return Workbench(tmp_path_factory.mktemp("bench"), width=48)


@pytest.fixture(scope="module")
def folder(bench: Workbench) -> Path:
    return class_folders(bench.folder / "photos", {"a": 40, "b": 40, "c": 40, "d": 40}, size=40)


@pytest.fixture(scope="module")
def split(bench: Workbench, folder: Path) -> Split:
    return bench.split(folder, test=0.3)


@pytest.fixture(scope="module")
def model(bench: Workbench, split: Split) -> Model:
    made = bench.run("train.linear", split)[0]
    assert isinstance(made, Model)
    return made


def share_called_unknown(file: ModelFile, pictures: list[bytes], place: Path) -> float:
    host = ModelHost(cache=place, kind="onnxruntime", streams=1)
    try:
        predictor = host.adopt(file, Path("model")).predictor
        features = predictor.engine.infer(np.stack([predictor.prepare(each) for each in pictures]))
        found = [predictor.judge(row[None], strangeness=True)[1] for row in features]
    finally:
        host.close()
    return float(np.mean([each is not None and each > 1 for each in found]))


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_that_is_chosen_travels_in_the_model_and_rejects_few_known_pictures(
    bench: Workbench, split: Split, model: Model, rule: str, tmp_path: Path
) -> None:
    ruled, report = bench.run(NAME, model, split, rule=rule)
    told = bench.told(report)
    file = bench.file(ruled)
    assert file.unknown is not None
    assert file.unknown.rule == told["rule"] == rule
    assert told["threshold_set_by"] == "training part, by folds"
    assert (told["threshold_pictures"], told["learned_from"]) == (split.parts["train"], split.parts["train"])
    assert (told["judged"], told["learned"], told["compared"]) == (split.parts["test"], 0, [])
    known = [bench.blobs.get(each.sha256) for each in content(bench.context, split).entries if each.split == "test"]
    assert told["rejected"] == share_called_unknown(file, known, tmp_path) < 0.25
    assert told["rejected_interval"][0] <= told["rejected"] <= told["rejected_interval"][1]
    assert (report.about, report.headline["rejected"]) == ("unknown", told["rejected"])


def test_rules_are_compared_by_classes_left_out_and_the_one_taken_finds_strangers(
    bench: Workbench, split: Split, model: Model, tmp_path: Path
) -> None:
    ruled, report = bench.run(NAME, model, split)
    told = bench.told(report)
    assert {each["rule"] for each in told["compared"]} == set(RULES)
    strangers = [encoded(image(48, 48, seed=number), "PNG") for number in range(10)]
    strangers += [encoded(Image.fromarray(scene(48, number)), "PNG") for number in range(10)]
    assert share_called_unknown(bench.file(ruled), strangers, tmp_path) > 0.7
    assert told["rule_before"] is not None
    assert told["rejected_before"] is not None


def test_off_takes_the_rule_away(bench: Workbench, split: Split, model: Model) -> None:
    assert bench.file(model).unknown is not None
    without, report = bench.run(NAME, model, split, rule="off")
    file = bench.file(without)
    assert (file.unknown, file.manifest.unknown) == (None, None)
    told = bench.told(report)
    assert (told["rule"], told["rejected"], told["threshold_set_by"]) == (None, None, "nothing")
    with_one, _ = bench.run(NAME, without, split, rule="neighbours")
    assert bench.file(with_one).unknown is not None


def test_a_larger_share_rejects_more(bench: Workbench, split: Split, model: Model) -> None:
    few, many = (
        bench.told(bench.run(NAME, model, split, rule="neighbours", false_rejects=share)[1])["rejected"]
        for share in (0.05, 0.5)
    )
    assert few < 0.25 < many


def test_pictures_that_judge_choose_nothing(bench: Workbench, split: Split, model: Model) -> None:
    found = content(bench.context, split)
    held = [each.name for each in found.entries if each.split == "test"]
    fewer = split_of(bench.context, only(found, lambda each: each.name not in held[5:]))
    first, second = (bench.file(bench.run(NAME, model, each)[0]).manifest.unknown for each in (split, fewer))
    assert first == second


def test_where_there_is_a_validation_part_it_sets_the_threshold(bench: Workbench, folder: Path) -> None:
    split = bench.split(folder, test=0.3, validation=0.2)
    model, _ = bench.run("train.linear", split)
    for rule in ("auto", "energy"):
        told = bench.told(bench.run(NAME, model, split, rule=rule)[1])
        assert (told["threshold_set_by"], told["threshold_pictures"]) == ("validation part", 32)
        assert bool(told["compared"]) == (rule == "auto")
    tuned, _ = bench.run(NAME, bench.model(as_if_tuned(bench.file(model))), split)
    assert bench.file(tuned).unknown is not None


def test_what_cannot_be_set_honestly_is_refused_with_a_remedy(bench: Workbench, split: Split, model: Model) -> None:
    with pytest.raises(PipelineError, match=r"was fine-tuned on the pictures.*`data.split`"):
        bench.run(NAME, bench.model(as_if_tuned(bench.file(model))), split)
    stranger = bench.model(tiny_model(("a", "b", "c"), parity=0))
    with pytest.raises(PipelineError, match="does not say how its head was learned"):
        bench.run(NAME, stranger, split, rule="energy")
    assert bench.told(bench.run(NAME, stranger, split)[1])["rule"] == "relative Mahalanobis + neighbours"


def as_if_tuned(file: ModelFile) -> ModelFile:
    """The same model, whose recipe says that its network was fine-tuned."""
    recipe = dict(file.manifest.recipe)
    recipe[KEY] = {**recipe[KEY], "candidate": {**recipe[KEY]["candidate"], "kind": TUNED}}
    return replace(file, manifest=msgspec.structs.replace(file.manifest, recipe=recipe))
