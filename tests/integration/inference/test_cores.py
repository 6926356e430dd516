"""Cores are counted as the scheduler and the container allow, not as the machine has them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fenlei.inference import usable_cores
from fenlei.inference.cores import usable_cores as count

PLENTY = frozenset(range(16))


@pytest.fixture(autouse=True)
def sixteen_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: PLENTY, raising=False)


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_this_machine_has_at_least_one() -> None:
    assert usable_cores() >= 1


def test_without_a_quota_the_scheduler_decides(tmp_path: Path) -> None:
    assert count(tmp_path) == 16
    assert count(tree(tmp_path, {"sys/fs/cgroup/cpu.max": "max 100000\n"})) == 16


def test_binding_to_few_cores_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {3, 5}, raising=False)
    assert count(tree(tmp_path, {"sys/fs/cgroup/cpu.max": "800000 100000"})) == 2


@pytest.mark.parametrize(
    ("quota", "cores"), [("200000", 2), ("150000", 2), ("50000", 1), ("10000", 1), ("9900000", 16)]
)
def test_a_quota_of_version_two_counts_rounded_up(tmp_path: Path, quota: str, cores: int) -> None:
    assert count(tree(tmp_path, {"sys/fs/cgroup/cpu.max": f"{quota} 100000\n"})) == cores


def test_a_quota_of_version_one_counts(tmp_path: Path) -> None:
    files = {"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "300000\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"}
    assert count(tree(tmp_path, files)) == 3


def test_no_quota_of_version_one_is_minus_one(tmp_path: Path) -> None:
    files = {"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"}
    assert count(tree(tmp_path, files)) == 16


def test_the_tightest_group_above_the_process_counts(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/kubepods/pod1/box\n",
        "sys/fs/cgroup/kubepods/cpu.max": "1200000 100000",
        "sys/fs/cgroup/kubepods/pod1/cpu.max": "400000 100000",
        "sys/fs/cgroup/kubepods/pod1/box/cpu.max": "max 100000",
    }
    assert count(tree(tmp_path, files)) == 4


def test_the_group_of_version_one_is_found_by_its_controllers(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "4:memory:/box\n3:cpu,cpuacct:/box\n",
        "sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us": "250000",
        "sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us": "100000",
    }
    assert count(tree(tmp_path, files)) == 3


@pytest.mark.parametrize("nonsense", ["", "two 100000", "100000", "100000 0", "-5 100000", "\x00"])
def test_nonsense_is_no_quota(tmp_path: Path, nonsense: str) -> None:
    assert count(tree(tmp_path, {"sys/fs/cgroup/cpu.max": nonsense, "proc/self/cgroup": "nonsense\n1\n"})) == 16
