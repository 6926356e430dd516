"""Fine-tuning a real, tiny network: it learns to see, ends as an ordinary backbone, and survives a kill."""

from __future__ import annotations

import dataclasses
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from msgspec import structs
from msgspec.structs import replace

from fenlei.backbones import BackboneError, load_backbone
from fenlei.datasets import scan
from fenlei.imaging import InputSpec, Policy
from fenlei.modelfile import Head, softmax
from fenlei.training.finetune import accepted, training
from fenlei.training.finetune.accepted import features_of
from fenlei.training.finetune.checkpoint import Checkpoint
from fenlei.training.finetune.errors import NotAccepted
from fenlei.training.finetune.pixels import Pixels
from fenlei.training.finetune.settings import TuneSettings
from fenlei.training.finetune.stages import staged
from fenlei.training.finetune.student import make_student
from fenlei.training.finetune.training import Tuned
from fenlei.training.look import read_all
from fenlei.training.progress import Watch
from tests.support.networks import tiny_network
from tests.support.tuning import SETTINGS, tuned
from tests.support.until import until

ROOT = Path(__file__).parents[3]


class Stopped(Exception):
    """Somebody stopped it."""


@pytest.fixture(scope="module")
def whole(leaning: Path, network: Path, cache: Path) -> Tuned:
    """A training that nobody stopped."""
    return tuned(leaning, network, cache, None)


def cut(leaning: Path, network: Path, cache: Path, checkpoint: Path) -> int:
    """Stop a training in the middle of its fourth epoch; returns the step to go on with."""
    steps: list[int] = []

    def stop(done: int, total: int) -> None:
        steps.append(done)
        if done == 3 * total // SETTINGS.epochs + 2:
            raise Stopped

    with pytest.raises(Stopped):
        tuned(leaning, network, cache, checkpoint, step=stop)
    return steps[-1] - 2


def test_a_killed_training_goes_on_and_ends_as_if_it_had_not_been_killed(
    leaning: Path, network: Path, cache: Path, whole: Tuned, tmp_path: Path
) -> None:
    assert whole.course.epochs > 0
    assert whole.course.losses[whole.course.epochs] < 0.8 * whole.course.losses[0]
    step = cut(leaning, network, cache, tmp_path / "cut.ckpt")
    resumed: list[int] = []
    again = tuned(leaning, network, cache, tmp_path / "cut.ckpt", step=lambda done, total: resumed.append(done))
    assert resumed[0] == step
    assert again.course == whole.course
    assert again.network.content == whole.network.content
    np.testing.assert_array_equal(again.logits, whole.logits)


def test_a_checkpoint_goes_on_in_another_place_where_pictures_network_and_cache_lie_elsewhere(
    leaning: Path, network: Path, cache: Path, whole: Tuned, tmp_path: Path
) -> None:
    step = cut(leaning, network, cache, tmp_path / "cut.ckpt")
    there = tmp_path / "another machine"
    shutil.copytree(leaning, there / "pictures")
    shutil.copytree(network, there / "weights" / network.name)
    shutil.move(tmp_path / "cut.ckpt", there / "brought.ckpt")
    resumed: list[int] = []
    again = tuned(
        there / "pictures",
        there / "weights" / network.name,
        there / "its own cache",
        there / "brought.ckpt",
        step=lambda done, total: resumed.append(done),
    )
    assert resumed[0] == step > 0
    assert again.course == whole.course
    assert again.network.content == whole.network.content
    np.testing.assert_array_equal(again.logits, whole.logits)


def test_a_process_killed_in_mid_epoch_loses_an_epoch_at_most(
    leaning: Path, network: Path, cache: Path, tmp_path: Path
) -> None:
    path, many = tmp_path / "epoch.ckpt", 1000
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.support.tuning", *map(str, (leaning, network, cache, path, many))], cwd=ROOT
    )
    try:
        until(path.exists, 60, "a first epoch")
        seen = path.stat().st_mtime_ns
        until(lambda: path.stat().st_mtime_ns != seen, 60, "a second epoch")
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait(30)
    state = torch.load(path, weights_only=True)
    done = state["epoch"]
    assert 2 <= done < many
    begun: list[int] = []

    def stop(step: int, total: int) -> None:
        begun.append(step)
        raise Stopped

    with pytest.raises(Stopped):
        tuned(leaning, network, cache, path, settings=replace(SETTINGS, epochs=many, patience=many), step=stop)
    assert begun == [state["step"]]


def test_a_checkpoint_of_other_pictures_or_settings_or_a_damaged_one_is_none(tmp_path: Path) -> None:
    path, settings = tmp_path / "epoch.ckpt", TuneSettings()
    Checkpoint(path, settings, "these pictures").write({"epoch": 3})
    found = Checkpoint(path, settings, "these pictures").read()
    assert found is not None
    assert found["epoch"] == 3
    assert Checkpoint(path, settings, "other pictures").read() is None
    assert Checkpoint(path, replace(settings, rate=1.0), "these pictures").read() is None
    path.write_bytes(path.read_bytes()[:-40])
    assert Checkpoint(path, settings, "these pictures").read() is None
    path.write_bytes(b"")
    assert Checkpoint(path, settings, "these pictures").read() is None


def test_the_tuned_network_scores_in_the_engine_what_it_scores_in_torch(
    leaning: Path, network: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And one that does not is not accepted: here it is changed after the export."""
    real = accepted.exported

    def exported_then_changed(student, name):  # type: ignore[no-untyped-def]
        given = real(student, name)
        with torch.no_grad():
            next(student.loaded.module.parameters()).mul_(1.5)
        return given

    monkeypatch.setattr(training, "exported", exported_then_changed)
    with pytest.raises(NotAccepted, match=r"tiny was fine-tuned, but exported its scores differ"):
        tuned(leaning, network, cache, None, settings=replace(SETTINGS, epochs=1), epochs=1)


class Shifted(torch.nn.Module):
    """A network, and a little more of each of its features."""

    def __init__(self, network: Any, by: float) -> None:
        super().__init__()
        self.network, self.by = network, by

    def forward(self, rows: Any) -> Any:
        return self.network(rows) + self.by


def test_scores_may_differ_from_those_of_torch_by_a_thousandth_and_no_more(
    leaning: Path, network: Path, cache: Path
) -> None:
    found = scan(leaning)
    pictures, _ = read_all(found, Watch())
    loaded = load_backbone(str(network), cache=cache)
    weight = np.random.default_rng(0).normal(0, 1, (12, 2)).astype(np.float32)
    student = make_student(loaded, Head.linear(weight, np.zeros(2, np.float32)), SETTINGS)
    exported = accepted.exported(student, "tiny")
    spec, rows = InputSpec(height=loaded.size, width=loaded.size, policy=Policy.SQUASH), np.arange(40)

    with Pixels(pictures, spec) as pixels:

        def features(by: float) -> Any:
            """By the exported network, once torch's have been shifted."""
            shifted = structs.replace(loaded, module=Shifted(loaded.module, by))
            return features_of(
                dataclasses.replace(student, loaded=shifted), exported, pixels, rows, engine="openvino", name="tiny"
            )

        logits = features(0.0)[: accepted.COMPARED] @ weight
        slope = float(np.abs(softmax(logits + 1e-3 * weight.sum(0)) - softmax(logits)).max()) / 1e-3
        assert features(0.9e-3 / slope).shape == (40, 12)
        with pytest.raises(NotAccepted, match=r"differ from torch's by 1\.1e-03; at most 1e-03 is allowed"):
            features(1.1e-3 / slope)


def test_a_number_of_epochs_that_is_known_needs_nobody_to_watch(leaning: Path, network: Path, cache: Path) -> None:
    given = tuned(leaning, network, cache, None, epochs=2)
    assert given.course.epochs == 2
    assert given.course.losses == [0.0] * 3
    assert given.course.at_a_time == SETTINGS.batch


def test_a_network_that_is_onnx_alone_cannot_be_tuned_and_says_what_can(tmp_path: Path) -> None:
    path = tmp_path / "tiny.onnx"
    path.write_bytes(tiny_network())
    with pytest.raises(BackboneError, match=r"tiny\.onnx is an ONNX network.*needs its torch weights"):
        load_backbone(str(path), cache=tmp_path)


def test_the_stages_of_a_network_hold_every_weight_once(network: Path, tmp_path: Path) -> None:
    for name, count in ((str(network), 2), ("efficientnet-lite0", 9)):
        module = load_backbone(name, size=None if count == 2 else 128, cache=tmp_path).module
        stages = staged(module).parameters()
        assert len(stages) == count
        held = [id(each) for stage in stages for each in stage]
        assert sorted(held) == sorted(id(each) for each in module.parameters())


def test_a_network_that_is_cut_gives_what_it_gives_whole_and_only_its_upper_part_learns(tmp_path: Path) -> None:
    loaded = load_backbone("efficientnet-lite0", size=128, cache=tmp_path)
    rows = torch.from_numpy(np.random.default_rng(0).normal(0, 1, (2, 3, 128, 128)).astype(np.float32))
    head = Head.linear(np.ones((1280, 2), np.float32), np.zeros(2, np.float32), temperature=2.0)
    with torch.no_grad():
        expected = head.scores(loaded.module(rows).numpy())
    student = make_student(loaded, head, TuneSettings(stages=3, kept=1))
    assert student.below is not None
    assert len(student.stages) == 3
    with torch.no_grad():
        given = softmax(student.module(student.below.eval()(rows)).numpy().astype(np.float64))
    np.testing.assert_allclose(given, expected, atol=1e-5)
    assert not any(each.requires_grad for each in student.below.parameters())
    assert all(each.requires_grad for stage in student.stages for each in stage)
    with pytest.raises(BackboneError, match="cannot be cut"):
        make_student(loaded, head, TuneSettings(stages=9, kept=1))
