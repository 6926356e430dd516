"""The parts of a fine-tuning that can be told apart from it: rates, thawing, mixing, averages, batches that fit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from fenlei.training.candidate import TUNED
from fenlei.training.errors import TrainingError
from fenlei.training.finetune.average import Average
from fenlei.training.finetune.batch_size import (
    bytes_per_picture,
    free_bytes,
    halved_until_free,
    halved_until_it_fits,
    out_of_memory,
    pictures_at_a_time,
)
from fenlei.training.finetune.device import CPU, GPU, plan_fabric
from fenlei.training.finetune.memory import told_of_memory
from fenlei.training.finetune.mixing import mixed
from fenlei.training.finetune.rates import begins, factor, learning, parameter_groups
from fenlei.training.finetune.settings import TuneSettings, read_settings


def test_rates_rise_then_fall_to_nothing() -> None:
    rates = [factor(step, 100, 0.1) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[9] == 1.0
    assert rates == sorted(rates[:10]) + sorted(rates[10:], reverse=True)
    assert rates[-1] < 0.001


def test_a_stage_that_is_thawed_later_begins_as_gently_as_the_first() -> None:
    late = [factor(step, 100, 0.1, since=40) for step in range(40, 100)]
    assert late[0] < 0.1
    assert late[9] == factor(49, 100, 0.1)
    assert late[9:] == sorted(late[9:], reverse=True)
    settings = TuneSettings(thaw=0.3)
    assert [begins(depth, settings) for depth in (-1, 0, 1, 3, 4)] == [0, 0, 1, 1, 2]


def test_lower_stages_learn_later_and_slower_and_biases_do_not_decay() -> None:
    settings = TuneSettings(rate=1e-3, head_rate=2e-3, slower=0.5, decay=0.1, thaw=2.0)
    stages = [list(torch.nn.Linear(2, 2).parameters()) for _ in range(3)]
    groups = parameter_groups(stages, list(torch.nn.Linear(2, 2).parameters()), settings)
    assert [group["peak"] for group in groups[::2]] == [2e-3, 1e-3, 5e-4, 2.5e-4]
    assert {(group["params"][0].ndim, group["weight_decay"]) for group in groups} == {(2, 0.1), (1, 0.0)}
    assert groups[2]["params"][0] is stages[-1][0]
    begun = [[learning(depth, epoch, settings) for depth in (-1, 0, 1, 2)] for epoch in (0, 1, 2, 4)]
    assert begun == [[True, True, False, False]] * 2 + [[True, True, True, False], [True] * 4]


def test_settings_travel_as_a_candidates_numbers() -> None:
    settings = TuneSettings(stages=2, kept=1, mirrored=1, rate=1e-4)
    assert read_settings({**settings.as_numbers(), "stopped": 3.0}) == settings
    assert TUNED == "tuned"


def test_the_average_follows_and_leaves_the_module_as_it_was() -> None:
    module = torch.nn.BatchNorm1d(1)
    average = Average(module, 0.5)
    with torch.no_grad():
        module.weight.fill_(3.0)
        module.get_buffer("num_batches_tracked").fill_(7)
    for _ in range(40):
        average.follow()
    with torch.no_grad():
        module.weight.fill_(9.0)
    with average.in_place():
        assert module.weight.item() == pytest.approx(3.0, abs=1e-3)
        assert int(module.get_buffer("num_batches_tracked")) == 7
    assert module.weight.item() == 9.0


def test_mixed_targets_say_how_much_of_each_picture_there_is() -> None:
    rows = torch.stack([torch.full((1, 8, 8), float(number)) for number in range(6)])
    targets = torch.eye(6)
    ways = set()
    for seed in range(12):
        shown, wanted = mixed(rows, targets, 1.0, np.random.default_rng(seed))
        assert torch.allclose(wanted.sum(1), torch.ones(6))
        means = shown.mean((1, 2, 3))
        assert torch.allclose(means, wanted @ torch.arange(6.0), atol=1e-4)
        ways.add(len(shown[0].unique()) > 1)
    assert ways == {True, False}  # patches and blends
    untouched, same = mixed(rows, targets, 0.0, np.random.default_rng(0))
    assert untouched is rows
    assert same is targets


@pytest.mark.parametrize(
    ("batch", "each", "allowance", "fits"), [(32, 1, 500, 32), (32, 10, 200, 16), (32, 10, 120, 11), (32, 10, 1, 1)]
)
def test_a_batch_is_divided_into_even_parts_within_what_is_allowed(
    batch: int, each: int, allowance: int, fits: int
) -> None:
    assert pictures_at_a_time(batch, each, allowance) == fits


def test_small_sets_run_batch_by_batch_and_a_step_never_needs_more_than_a_small_machine_has() -> None:
    at_288 = 129 << 20  # of EfficientNet-Lite0
    assert [pictures_at_a_time(batch, at_288) for batch in (8, 16, 32, 64)] == [8, 16, 16, 22]
    for each in range(1 << 20, 1 << 30, 37 << 20):
        assert pictures_at_a_time(64, each) * each <= 4 << 30


@pytest.mark.parametrize(("free", "fits"), [(10**6, 20), (2500, 20), (2499, 10), (1300, 10), (400, 3), (1, 1)])
def test_fewer_pictures_run_at_a_time_only_where_what_they_need_is_not_free(free: int, fits: int) -> None:
    assert halved_until_free(20, 100, free) == fits


def test_what_a_picture_leaves_in_memory_grows_with_the_network_and_not_with_the_batch() -> None:
    thin, wide = (torch.nn.Sequential(torch.nn.Conv2d(3, width, 3), torch.nn.ReLU()) for width in (4, 16))
    small, large = (bytes_per_picture(wide, torch.zeros(count, 3, 32, 32)) for count in (2, 8))
    assert small == pytest.approx(large, rel=0.01)
    assert small > bytes_per_picture(thin, torch.zeros(2, 3, 32, 32))
    assert small >= 16 * 30 * 30 * 4


def fails_above(most: int, error: BaseException, tried: list[int]) -> Callable[[int], str]:
    def run(at_a_time: int) -> str:
        tried.append(at_a_time)
        if at_a_time > most:
            raise error
        return f"by {at_a_time}"

    return run


def test_where_memory_runs_out_fewer_pictures_run_at_a_time() -> None:
    tried: list[int] = []
    full = torch.OutOfMemoryError("CUDA out of memory")
    assert halved_until_it_fits(20, fails_above(6, full, tried)) == (5, "by 5")
    assert tried == [20, 10, 5]
    assert halved_until_it_fits(20, fails_above(12, MemoryError(), [])) == (10, "by 10")
    with pytest.raises(RuntimeError, match="another"):
        halved_until_it_fits(20, fails_above(6, RuntimeError("another"), tried))
    with pytest.raises(torch.OutOfMemoryError):
        halved_until_it_fits(2, fails_above(0, full, tried))
    for words in (
        "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes",
        "CUDA error: out of memory",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
    ):
        assert out_of_memory(RuntimeError(words))


@pytest.mark.parametrize("error", [MemoryError("Unable to allocate 9 GiB"), torch.OutOfMemoryError("out of memory")])
def test_memory_that_runs_out_for_good_is_an_error_with_a_sentence(error: Exception) -> None:
    with pytest.raises(TrainingError, match="too little memory"), told_of_memory():
        raise error
    with pytest.raises(RuntimeError, match="another"), told_of_memory():
        raise RuntimeError("another")


def test_free_memory_is_the_least_of_what_the_machine_and_the_group_allow(tmp_path: Path) -> None:
    for name, text in {
        "proc/meminfo": "MemTotal: 99 kB\nMemAvailable: 50 kB\n",
        "sys/fs/cgroup/memory.max": "30000\n",
        "sys/fs/cgroup/memory.current": "10000\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert free_bytes(tmp_path) == 20000
    (tmp_path / "sys/fs/cgroup/memory.max").write_text("max\n")
    assert free_bytes(tmp_path) == 50 * 1024
    assert free_bytes(tmp_path / "nowhere") > 0


def test_one_gpu_or_many_are_asked_for_as_they_are() -> None:
    assert plan_fabric(CPU, 0, bfloat16=False) == {"accelerator": "cpu", "devices": 1, "precision": "32-true"}
    assert plan_fabric(GPU, 1, bfloat16=True) == {"accelerator": "cuda", "devices": 1, "precision": "bf16-mixed"}
    many = plan_fabric(GPU, 4, bfloat16=False)
    assert many == {"accelerator": "cuda", "devices": 4, "precision": "32-true", "strategy": "dp"}
