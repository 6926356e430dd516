"""Where only upper stages of a network learn, what the lower ones give is computed once, and nothing is lost by it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from msgspec.structs import replace

from fenlei.backbones import Normalisation
from fenlei.imaging import InputSpec, Policy
from fenlei.inference.cores import usable_cores
from fenlei.training.finetune.device import steady
from fenlei.training.finetune.loop import Course
from fenlei.training.finetune.pixels import Pixels
from fenlei.training.finetune.settings import TuneSettings
from fenlei.training.finetune.source import MapSource, Order, Source, normaliser, planes
from fenlei.training.finetune.training import Maps, Tuned
from fenlei.training.task import Task
from tests.support.drawing import class_folders
from tests.support.lessons import Student, learned
from tests.support.tasks import drawn_task
from tests.support.tuning import tuned

SIDE, VARIANTS = 32, 3
SPEC = InputSpec(height=SIDE, width=SIDE, policy=Policy.SQUASH)
GREY = Normalisation((127.5, 127.5, 127.5), (64.0, 64.0, 64.0))
SETTINGS = TuneSettings(kept=1, variants=VARIANTS, epochs=6, batch=8, rate=0.01, head_rate=0.01, thaw=0.0, patience=9)


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Task:
    return drawn_task(tmp_path_factory.mktemp("photos"), {"a": 12, "b": 12, "c": 12}, size=40)


class Anew:
    """The same pictures and variants, run through the lower stages each time that they are shown, to full precision."""

    def __init__(self, pixels: Pixels, below: Any) -> None:
        self._pixels, self._below = pixels, below.eval()
        self._normalise = normaliser(GREY, torch.device("cpu"))

    def altered(self, order: Order, epoch: int) -> Iterator[Any]:
        for rows in order:
            yield torch.cat([self._maps(np.array([row]), (int(row) + epoch) % VARIANTS) for row in rows])

    def plain(self, order: Order) -> Iterator[Any]:
        for rows in order:
            yield self._maps(rows, 0)

    def _maps(self, rows: Any, variant: int) -> Any:
        with torch.no_grad():
            batch = next(iter(self._pixels.batches([rows], variant)))
            return self._below(self._normalise(planes(batch, torch.device("cpu"))))


class Lower(torch.nn.Module):
    """Lower stages that count the pictures that they are shown."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.layers = torch.nn.Sequential(torch.nn.Conv2d(3, 6, 5, stride=4), torch.nn.BatchNorm2d(6), torch.nn.ReLU())
        self.seen = 0

    def forward(self, rows: Any) -> Any:
        self.seen += len(rows)
        return self.layers(rows)


def upper() -> Student:
    torch.manual_seed(2)
    network = torch.nn.Sequential(
        torch.nn.Conv2d(6, 8, 3), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()
    )
    return Student(network, 8, 3)


def trained(task: Task, source: Source) -> tuple[Course, Student]:
    student = upper()
    stages = [list(student.network.parameters())]
    return learned(student, stages, source, task.truth, SETTINGS, watched=range(0, 36, 4)), student


def test_kept_maps_teach_what_maps_computed_anew_teach_and_are_computed_once(task: Task) -> None:
    kept: Maps = {}
    below = Lower()
    everything = len(task.pictures) * VARIANTS
    with steady(0), Pixels(task.pictures, SPEC) as pixels:
        source = MapSource(pixels, GREY, below, torch.device("cpu"), VARIANTS, kept)
        source.fill(np.arange(len(task.pictures)))
        assert below.seen == len(kept) == everything
        course, student = trained(task, source)
        assert below.seen == everything

        # Nor for the next training that is handed what was kept.
        again = MapSource(pixels, GREY, below, torch.device("cpu"), VARIANTS, kept)
        again.fill(np.arange(len(task.pictures)))
        assert trained(task, again)[0] == course
        assert below.seen == everything

        other = Lower()
        expected, anew = trained(task, Anew(pixels, other))
        assert other.seen > 2 * everything
    assert course.epochs == expected.epochs > 0
    np.testing.assert_allclose(course.losses, expected.losses, rtol=0.01)
    for mine, theirs in zip(student.parameters(), anew.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0.02, atol=0.005)
    assert expected.losses[expected.epochs] < 0.9 * expected.losses[0]


def test_each_picture_takes_turns_with_its_variants(task: Task) -> None:
    with steady(0), Pixels(task.pictures, SPEC) as pixels:
        source = MapSource(pixels, GREY, Lower(), torch.device("cpu"), VARIANTS, {})
        rows = [np.arange(6)]
        epochs = [next(iter(source.altered(rows, epoch))) for epoch in range(2 * VARIANTS)]
        plain = next(iter(source.plain(rows)))
    for row in range(6):
        looks = [epoch[row] for epoch in epochs]
        assert all(torch.equal(looks[k], looks[k + VARIANTS]) for k in range(VARIANTS))
        assert sum(torch.equal(look, plain[row]) for look in looks[:VARIANTS]) == 1
        assert not any(torch.equal(looks[k], looks[k - 1]) for k in range(VARIANTS))


class Stopped(Exception):
    """Somebody stopped it."""


def test_the_last_stages_of_a_real_network_learn_on_maps_that_the_next_training_takes_over(tmp_path: Path) -> None:
    photos = class_folders(tmp_path / "photos", {"a": 10, "b": 10}, size=40)
    settings = replace(SETTINGS, stages=2, epochs=1, rate=1e-3, head_rate=1e-3)
    learning = 16  # every fifth picture judges
    prepare, learn = learning * VARIANTS, learning // settings.batch
    maps: Maps = {}

    def run(step: Callable[[int, int], None]) -> Tuned:
        wishes = {"settings": settings, "epochs": 1, "size": 128, "maps": maps, "step": step}
        return tuned(photos, Path("efficientnet-lite0"), tmp_path / "cache", None, **wishes)  # type: ignore[arg-type]

    threads = set()

    def stop(done: int, total: int) -> None:
        if total == learn:
            raise Stopped
        threads.add(torch.get_num_threads())

    with pytest.raises(Stopped):
        run(stop)
    assert len(maps) == prepare
    assert threads == {usable_cores()}  # more of them wait for each other
    totals: list[int] = []
    found = run(lambda done, total: totals.append(total))
    assert totals == [learn] * learn  # nothing is prepared again
    assert len(maps) == prepare
    assert found.course.epochs == 1
    assert found.logits.shape == (4, 2)
