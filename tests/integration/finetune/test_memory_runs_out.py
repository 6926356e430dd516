"""How many pictures run through a network together does not hang on what is free, and where memory runs out there are
fewer, and nothing ends: on networks that ask torch for more memory than any machine has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from msgspec.structs import replace

from fenlei.backbones import Normalisation, load_backbone
from fenlei.imaging import InputSpec, Policy
from fenlei.modelfile import Head
from fenlei.training.finetune.batch_size import SPARE, bytes_per_picture
from fenlei.training.finetune.loop import Course
from fenlei.training.finetune.pace import measured
from fenlei.training.finetune.pixels import Pixels
from fenlei.training.finetune.settings import SETTLED, TuneSettings
from fenlei.training.finetune.source import MapSource
from fenlei.training.finetune.student import make_student
from tests.support.lessons import Rows, Student, learned
from tests.support.tasks import drawn_task

CLASSES, SIDE, BATCH = 4, 8, 14
SETTINGS = TuneSettings(
    epochs=3, batch=BATCH, rate=0.02, head_rate=0.05, mixing=0.4, average=0.5, thaw=0.0, patience=9, smoothing=0.1
)
COUNT = 3 * BATCH
STEPS = SETTINGS.epochs * COUNT // BATCH


class Stopped(Exception):
    """Somebody stopped it."""


class Hungry(torch.nn.Module):
    """Passes on what it is given; of more than `most` rows at a time it asks for memory that no machine has.

    Args:
        most: rows that run together, where something is learned.
        looking: the same where nothing is learned.
    """

    def __init__(self, most: int = 1 << 30, looking: int = 1 << 30) -> None:
        super().__init__()
        self.most, self.looking = most, looking

    def forward(self, rows: Any) -> Any:
        if len(rows) > (self.most if torch.is_grad_enabled() else self.looking):
            torch.empty(1 << 60, dtype=torch.uint8)
        return rows


def student_of(*first: Any) -> Student:
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        *first, torch.nn.Conv2d(3, 6, 3), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()
    )
    return Student(network, 6, CLASSES)


def stages_of(student: Student) -> list[list[Any]]:
    return [list(student.network.parameters())]


def rows_of(count: int) -> tuple[Rows, Any]:
    truth = np.arange(count) % CLASSES
    rows = np.random.default_rng(1).normal(0, 1, (count, 3, SIDE, SIDE)) + 0.5 * truth[:, None, None, None]
    return Rows(rows.astype(np.float32)), truth


def course_of(student: Student, *, watched: int = 0, **wishes: Any) -> Course:
    source, truth = rows_of(COUNT + watched)
    return learned(student, stages_of(student), source, truth, SETTINGS, watched=range(watched), **wishes)


def same(one: Student, other: Student) -> bool:
    theirs = other.state_dict()
    return all(torch.equal(value, theirs[name]) for name, value in one.state_dict().items())


def close(one: Student, other: Student) -> None:
    for mine, theirs in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=2e-3, atol=2e-4)


def kernel_says(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    """What Linux tells of its memory."""
    read = Path.read_text

    def told(path: Path, *wishes: Any, **more: Any) -> str:
        if path == Path("/proc/meminfo"):
            return f"MemTotal:  99999999 kB\nMemAvailable:  {free // 1024} kB\n"
        return "" if path.is_relative_to("/sys/fs/cgroup") else read(path, *wishes, **more)

    monkeypatch.setattr(Path, "read_text", told)


def test_the_network_is_the_same_whatever_memory_is_free_as_long_as_a_step_fits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows, _ = rows_of(2)
    each = bytes_per_picture(student_of(), next(rows.plain([np.arange(2)])))

    def course(free: int) -> tuple[Course, Student]:
        kernel_says(monkeypatch, free)
        student = student_of()
        return course_of(student, watched=8), student

    plenty, expected = course(1 << 40)
    assert plenty.at_a_time == BATCH
    scarce, again = course(int(SPARE * BATCH * each) + 4096)
    assert scarce == plenty
    assert same(again, expected)

    # Where it does not fit, a CPU's kernel would end the process: so there are fewer, and no more parts than needed.
    little, parted = course(int(0.9 * SPARE * BATCH * each))
    assert little.at_a_time == BATCH // 2
    assert not same(parted, expected)
    close(parted, expected)


@pytest.mark.parametrize(("most", "fits"), [(5, 4), (1, 1)])
def test_in_parts_is_learned_what_is_learned_at_once(most: int, fits: int) -> None:
    """Parts of 4, 4, 4 and 2: each counts by its pictures, and all for a batch."""
    whole, parted = student_of(), student_of(Hungry(most))
    assert course_of(whole).at_a_time == BATCH
    steps: list[int] = []
    assert course_of(parted, step=lambda done, total: steps.append(done)).at_a_time == fits
    assert steps == list(range(STEPS))
    close(parted, whole)


def test_memory_that_runs_out_in_the_third_step_halves_the_parts_and_ends_nothing() -> None:
    whole, hungry = student_of(), Hungry()
    parted = student_of(hungry)
    steps: list[int] = []

    def step(done: int, total: int) -> None:
        steps.append(done)
        hungry.most = 1 << 30 if done < 2 else BATCH - 1

    assert course_of(parted, step=step).at_a_time == BATCH // 2
    assert steps == list(range(STEPS))
    course_of(whole)
    close(parted, whole)


def test_a_step_that_is_taken_again_counts_its_pictures_once() -> None:
    """Norms that learn what pictures are like saw them before memory ran out."""
    count, batch = SETTLED, 500
    hungry = Hungry()
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.BatchNorm2d(3), hungry, torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    student = Student(network, 3, CLASSES)
    settings = replace(SETTINGS, batch=batch, epochs=1, average=0.0)

    def step(done: int, total: int) -> None:
        hungry.most = 1 << 30 if done < 2 else batch - 1

    source, truth = rows_of(count)
    course = learned(student, stages_of(student), source, truth, settings, step=step)
    assert course.at_a_time == batch // 2
    assert int(network.get_buffer("0.num_batches_tracked")) == 2 + (count // batch - 2) * 2


def test_memory_that_runs_out_while_others_watch_ends_nothing() -> None:
    whole, parted = student_of(), student_of(Hungry(looking=5))
    expected = course_of(whole, watched=12)
    course = course_of(parted, watched=12)
    assert course.at_a_time == 4
    assert course.epochs == expected.epochs
    np.testing.assert_allclose(course.losses, expected.losses, rtol=1e-2)


def test_what_goes_on_from_a_checkpoint_goes_on_with_the_parts_that_fitted(tmp_path: Path) -> None:
    """As if nobody had stopped it, though memory is there again."""

    def run(student: Student, step: Callable[[int, int], None], checkpoint: Path | None) -> Course:
        return course_of(student, step=step, checkpoint=checkpoint)

    def runs_out(hungry: Hungry, stop: int) -> Callable[[int, int], None]:
        def step(done: int, total: int) -> None:
            hungry.most = BATCH - 1 if done == 1 else 1 << 30
            if done == stop:
                raise Stopped

        return step

    first, second = Hungry(), Hungry()
    whole = student_of(first)
    expected = run(whole, runs_out(first, STEPS), None)
    assert expected.at_a_time == BATCH // 2
    with pytest.raises(Stopped):
        run(student_of(second), runs_out(second, 4), tmp_path / "epoch.ckpt")
    again, resumed = student_of(Hungry()), list[int]()
    course = run(again, lambda done, total: resumed.append(done), tmp_path / "epoch.ckpt")
    assert resumed[0] == 3
    assert course == expected
    assert same(again, whole)


def test_memory_that_runs_out_below_the_learned_stages_ends_nothing(tmp_path: Path) -> None:
    task = drawn_task(tmp_path / "photos", {"a": 10, "b": 10}, size=24)
    spec = InputSpec(height=16, width=16, policy=Policy.SQUASH)
    grey = Normalisation((127.5, 127.5, 127.5), (64.0, 64.0, 64.0))
    found = []
    for hungry in (Hungry(), Hungry(looking=5)):
        torch.manual_seed(1)
        below = torch.nn.Sequential(hungry, torch.nn.Conv2d(3, 4, 3, stride=2))
        kept: dict[tuple[bytes, int], Any] = {}
        with Pixels(task.pictures, spec) as pixels:
            MapSource(pixels, grey, below, torch.device("cpu"), 2, kept).fill(np.arange(20))
        found.append(kept)
    whole, parted = found
    assert len(whole) == 2 * 20
    assert parted.keys() == whole.keys()
    for key, maps in whole.items():
        np.testing.assert_allclose(parted[key].astype(float), maps.astype(float), atol=1e-2)


@pytest.mark.parametrize("most", [5, 1])
def test_what_it_will_take_is_measured_where_memory_runs_out_too(most: int, network: Path, tmp_path: Path) -> None:
    task = drawn_task(tmp_path / "photos", {"a": 8, "b": 8}, size=40)
    loaded = load_backbone(str(network), cache=tmp_path)
    head = Head.linear(np.zeros((12, 2), np.float32), np.zeros(2, np.float32))
    student = make_student(loaded, head, SETTINGS)
    student.module.network = torch.nn.Sequential(Hungry(most, most), student.module.network)
    spec = InputSpec(height=loaded.size, width=loaded.size, policy=Policy.SQUASH)
    assert measured(student, task.pictures, 2, SETTINGS, spec).learning > 0
