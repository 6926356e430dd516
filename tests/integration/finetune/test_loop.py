"""What a training of a network promises, on the smallest ones there are: smoothed labels, an early end, averages,
rates that rise and fall, norms that keep what they know."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from msgspec.structs import replace
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from fenlei.training.finetune.settings import SETTLED, TuneSettings
from tests.support.lessons import Rows, Student, learned

CLASSES = 4
PLAIN = TuneSettings(
    epochs=60, batch=32, rate=0.1, head_rate=0.3, decay=0.0, smoothing=0.0, mixing=0.0, average=0.0, thaw=0.0
)


def one_hot(count: int, noise: float = 0.0) -> tuple[Any, Any]:
    """Rows (count, CLASSES, 1, 1) that say of which class they are, and those classes."""
    truth = np.arange(count) % CLASSES
    rows = np.eye(CLASSES)[truth] + np.random.default_rng(0).normal(0, noise, (count, CLASSES))
    return rows.astype(np.float32)[:, :, None, None], truth


@pytest.mark.parametrize("smoothing", [0.1, 0.4])
def test_smoothed_labels_are_what_is_learned(smoothing: float) -> None:
    """The scores of least loss are the targets themselves: so much for the class, and the rest for all alike."""
    rows, truth = one_hot(32)
    student = Student(torch.nn.Flatten(), CLASSES, CLASSES)
    learned(student, [], Rows(rows), truth, replace(PLAIN, smoothing=smoothing, batch=8))
    with torch.no_grad():
        scores = student(torch.from_numpy(rows)).softmax(1).numpy()
    expected = np.full((len(truth), CLASSES), smoothing / CLASSES)
    expected[np.arange(len(truth)), truth] += 1 - smoothing
    np.testing.assert_allclose(scores, expected, atol=0.01)


def weights_of(student: Any) -> dict[str, Any]:
    return {name: value.clone() for name, value in student.state_dict().items()}


def with_norm() -> Student:
    torch.manual_seed(0)
    return Student(torch.nn.Sequential(torch.nn.BatchNorm2d(CLASSES), torch.nn.Flatten()), CLASSES, CLASSES)


def stages_of(student: Student) -> list[list[Any]]:
    return [list(part.parameters()) for part in student.network if list(part.parameters())]


def test_it_ends_when_the_watched_get_worse_and_the_last_epoch_that_was_not_is_what_is_kept() -> None:
    rows, truth = one_hot(64, noise=0.6)
    settings = replace(PLAIN, epochs=24, head_rate=0.02, rate=0.02, patience=4)

    def course(settings: TuneSettings, epochs: int | None = None) -> tuple[Any, dict[str, Any]]:
        student = with_norm()
        given = learned(
            student, stages_of(student), Rows(rows, opposite_from=10), truth, settings, watched=range(24), epochs=epochs
        )
        return given, weights_of(student)

    given, kept = course(settings)
    assert given.losses[10] == min(given.losses) < given.losses[0]
    # Two more are not worse beyond doubt; then four epochs that are.
    assert given.epochs == 12
    assert len(given.losses) - 1 == 16

    # What was kept is what is left, to the last bit.
    _, twelve = course(settings, epochs=12)
    assert kept.keys() == twelve.keys()
    assert all(torch.equal(kept[name], twelve[name]) for name in kept)

    # Before half of the epochs are over it does not end, and with more patience later.
    early, _ = course(replace(settings, epochs=40, patience=1))
    assert len(early.losses) - 1 == 20
    late, same = course(replace(settings, patience=24))
    assert len(late.losses) - 1 == 24
    assert late.epochs == 12
    assert all(torch.equal(kept[name], same[name]) for name in kept)


def test_the_weights_that_are_kept_are_the_average_of_those_of_every_step() -> None:
    """An average that begins short, and in which from the 80th step on what was before counts nine tenths."""
    rows, truth = one_hot(64, noise=0.6)
    student = with_norm()
    expected = weights_of(student)
    steps: list[dict[str, Any]] = []
    handle = register_optimizer_step_post_hook(lambda *_: steps.append(weights_of(student)))
    try:
        settings = replace(PLAIN, epochs=12, batch=8, head_rate=0.02, rate=0.02, average=0.9)
        learned(student, stages_of(student), Rows(rows), truth, settings)
    finally:
        handle.remove()
    assert len(steps) == 12 * 8
    for number, raw in enumerate(steps, 1):
        before = min(0.9, (1 + number) / (10 + number))
        expected = {name: before * expected[name] + (1 - before) * value for name, value in raw.items()}
    kept = weights_of(student)
    for name in ("network.0.weight", "network.0.bias", "head.weight", "head.bias"):
        torch.testing.assert_close(kept[name], expected[name])
        assert not torch.allclose(kept[name], steps[-1][name], rtol=1e-3, atol=1e-4)


def statistics(count: int, thaw: float) -> list[bool]:
    """Whether each of two norms has other statistics after a training than before; the lower is thawed later."""
    rows, truth = one_hot(count, noise=0.6)
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.BatchNorm2d(CLASSES), torch.nn.BatchNorm2d(CLASSES), torch.nn.Flatten())
    student = Student(network, CLASSES, CLASSES)
    before = weights_of(student)
    settings = replace(PLAIN, epochs=2, batch=64, head_rate=0.01, rate=0.01, thaw=thaw)
    assert learned(student, stages_of(student), Rows(rows + 3), truth, settings).epochs == 2
    after = weights_of(student)
    assert not torch.equal(before["network.1.weight"], after["network.1.weight"])
    kinds = ("running_mean", "running_var")
    return [any(not torch.equal(before[f"network.{k}.{n}"], after[f"network.{k}.{n}"]) for n in kinds) for k in (0, 1)]


def test_batch_norms_keep_their_statistics_where_pictures_are_few_and_where_they_do_not_learn() -> None:
    assert statistics(SETTLED - 1, thaw=0.0) == [False, False]
    assert statistics(SETTLED, thaw=0.0) == [True, True]
    assert statistics(SETTLED, thaw=5.0) == [False, True]


def test_each_stage_learns_at_its_own_rate_which_rises_and_then_falls_to_nothing() -> None:
    """A tenth of the steps to rise in, from when a stage is thawed on, then half a cosine that all have in common."""
    rows, truth = one_hot(80)
    lower, middle, upper = (torch.nn.Linear(CLASSES, CLASSES) for _ in range(3))
    student = Student(torch.nn.Sequential(torch.nn.Flatten(), lower, middle, upper), CLASSES, CLASSES)
    stages = [list(part.parameters()) for part in (lower, middle, upper)]
    settings = replace(
        PLAIN, epochs=10, batch=8, rate=0.01, head_rate=0.02, slower=0.5, warm_up=0.1, thaw=1.0, patience=10
    )
    taken: list[list[float]] = []

    def note(optimizer: Any, *_: object) -> None:
        rates = {id(each): group["lr"] for group in optimizer.param_groups for each in group["params"]}
        taken.append([rates[id(part.weight)] for part in (student.head, upper, middle, lower)])

    handle = register_optimizer_step_pre_hook(note)
    try:
        learned(student, stages, Rows(rows), truth, settings)
    finally:
        handle.remove()
    assert len(taken) == 100
    peaks, begun = np.array([0.02, 0.01, 0.005, 0.0025]), np.array([0, 0, 10, 20])
    for step, rates in enumerate(taken):
        fallen = 0.5 * (1 + np.cos(np.pi * max(0, step - 10) / 90))
        risen = np.minimum(1.0, (step + 1 - begun) / 10)
        learning = step >= begun
        np.testing.assert_allclose(np.array(rates)[learning], (peaks * risen * fallen)[learning])


DECAY = 0.3
"""So much that a step of it is seen beside one of the gradient."""


def with_all_kinds() -> Student:
    """Weights, biases and a norm, in the network and in the head, none of them zero."""
    torch.manual_seed(0)
    conv, norm = torch.nn.Conv2d(CLASSES, CLASSES, 1), torch.nn.BatchNorm2d(CLASSES)
    student = Student(torch.nn.Sequential(conv, norm, torch.nn.Flatten()), CLASSES, CLASSES)
    with torch.no_grad():
        for parameter in student.parameters():
            parameter.copy_(torch.rand_like(parameter) + 0.5)
    return student


def parameters_of(student: Student) -> dict[str, Any]:
    return {name: value.detach().clone() for name, value in student.named_parameters()}


def decays(name: str) -> bool:
    """Whether that is what is weighed with, and no bias and no norm."""
    return name in ("network.0.weight", "head.weight")


@pytest.mark.parametrize("counts", [1.0, 0.05])
def test_a_step_is_as_long_as_the_rate_whatever_the_gradient_and_decay_comes_beside_it(counts: float) -> None:
    """AdamW (Loshchilov & Hutter 2019): each weight loses its share by itself, and not by way of its gradient, which
    the step divides by its own length; biases and norms lose nothing."""
    rows, truth = one_hot(32, noise=0.6)
    student = with_all_kinds()
    before = parameters_of(student)
    settings = replace(PLAIN, epochs=1, batch=32, rate=0.01, head_rate=0.02, decay=DECAY, warm_up=0.1)
    learned(student, stages_of(student), Rows(rows), truth, settings, per_class=np.full(CLASSES, counts))
    after = parameters_of(student)
    assert sum(decays(name) for name in before) == 2 < len(before)
    for name, value in before.items():
        # The stages of this student are its convolution and, above it, its norm.
        rate = 0.02 if name.startswith("head") else 0.01 * settings.slower ** (name.startswith("network.0"))
        lost = rate * DECAY * value if decays(name) else torch.zeros_like(value)
        step = (after[name] - value + lost).abs()
        torch.testing.assert_close(step, torch.full_like(step, rate), rtol=0.01, atol=0.0)


def test_what_nothing_is_learned_of_loses_its_share_at_each_step_and_biases_and_norms_keep_what_they_are() -> None:
    rows, truth = one_hot(32, noise=0.6)
    student = with_all_kinds()
    before = parameters_of(student)
    rates: list[dict[int, float]] = []

    def note(optimizer: Any, *_: object) -> None:
        rates.append({id(each): group["lr"] for group in optimizer.param_groups for each in group["params"]})

    handle = register_optimizer_step_pre_hook(note)
    try:
        settings = replace(PLAIN, epochs=5, batch=8, rate=0.1, head_rate=0.2, decay=DECAY)
        # Rows that count nothing have no gradient.
        learned(student, stages_of(student), Rows(rows), truth, settings, per_class=np.zeros(CLASSES))
    finally:
        handle.remove()
    assert len(rates) == 20
    for name, parameter in student.named_parameters():
        left = np.prod([1 - step[id(parameter)] * DECAY for step in rates]) if decays(name) else 1.0
        assert (left < 0.9) == decays(name)
        torch.testing.assert_close(parameter.detach(), float(left) * before[name], rtol=1e-5, atol=0.0)
