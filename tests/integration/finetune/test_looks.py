"""What a network in training is shown: pictures that look otherwise each epoch, as convolutions like them in memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from fenlei.backbones import Normalisation
from fenlei.imaging import InputSpec, Policy
from fenlei.training.finetune.pixels import Pixels
from fenlei.training.finetune.settings import TuneSettings
from fenlei.training.finetune.source import Order, PictureSource, Source
from fenlei.training.task import Task
from tests.support.lessons import Student, learned
from tests.support.tasks import drawn_task

SIDE, EPOCHS = 32, 2
SPEC = InputSpec(height=SIDE, width=SIDE, policy=Policy.SQUASH)
GREY = Normalisation((127.5, 127.5, 127.5), (64.0, 64.0, 64.0))
SETTINGS = TuneSettings(epochs=EPOCHS, batch=4, mixing=1.0)

Looks = dict[tuple[int, int], Any]


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Task:
    return drawn_task(tmp_path_factory.mktemp("photos"), {"a": 6, "b": 6}, size=40)


class Watched:
    """A source that writes down what it gave: by epoch and row."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.looks: Looks = {}

    def altered(self, order: Order, epoch: int) -> Iterator[Any]:
        for rows, batch in zip(order, self._source.altered(order, epoch), strict=True):
            self.looks |= {(epoch, int(row)): each.clone() for row, each in zip(rows, batch, strict=True)}
            yield batch

    def plain(self, order: Order) -> Iterator[Any]:
        return self._source.plain(order)


def convolutions() -> Student:
    torch.manual_seed(2)
    layers = (torch.nn.Conv2d(3, 6, 3), torch.nn.ReLU(), torch.nn.Conv2d(6, 8, 3), torch.nn.AdaptiveAvgPool2d(1))
    return Student(torch.nn.Sequential(*layers, torch.nn.Flatten()), 8, 2)


def trained(task: Task, student: Student) -> tuple[Looks, Any]:
    """What each epoch showed of each picture, and the pictures as they are."""
    with Pixels(task.pictures, SPEC) as pixels:
        source = Watched(PictureSource(pixels, GREY, torch.device("cpu"), mirrored=True))
        learned(student, [list(student.network.parameters())], source, task.truth, SETTINGS)
        return source.looks, next(iter(source.plain([task.groups])))


def test_a_picture_looks_otherwise_each_time_that_it_is_shown_and_in_the_same_epoch_as_it_did_before(
    task: Task,
) -> None:
    same = dataclasses.replace(task, pictures=[task.pictures[0]] * len(task.pictures))
    looks, plain = trained(same, convolutions())
    torch.manual_seed(77)  # chance begins with the training
    again, _ = trained(same, convolutions())
    assert looks.keys() == again.keys() == {(epoch, row) for epoch in range(EPOCHS) for row in range(len(plain))}
    assert all(torch.equal(look, again[shown]) for shown, look in looks.items())
    assert {look.shape for look in looks.values()} == {plain[0].shape} == {(3, SIDE, SIDE)}
    different = {each.numpy().tobytes() for each in (plain[0], *looks.values())}
    assert len(different) == 1 + EPOCHS * len(plain)


def test_convolutions_and_what_is_shown_to_them_have_their_channels_side_by_side_while_they_learn(task: Task) -> None:
    student = convolutions()
    seen: list[tuple[bool, bool]] = []

    def look(part: Any, given: tuple[Any, ...]) -> None:
        if part.training:
            both = (given[0], part.weight)
            seen.append(tuple(each.is_contiguous(memory_format=torch.channels_last) for each in both))

    for part in (student.network[0], student.network[2]):
        part.register_forward_pre_hook(look)
    trained(task, student)
    assert len(seen) >= 2 * EPOCHS * len(task.pictures) // SETTINGS.batch
    assert set(seen) == {(True, True)}
