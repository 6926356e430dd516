"""What is kept of a node is found again by who may find it, whichever memory it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from fenlei.pipelines.disk_memory import DiskMemory
from fenlei.pipelines.memory import Memory, Outputs, Remembered
from fenlei.pipelines.reference import Deployment, Model, Report
from tests.support.toy_nodes import images

KEY, OTHER = "a" * 64, "b" * 64
ONE: Outputs = {"images": images(1)}


class Kept:
    """A memory of one run, and that of another."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.gone: set[str] = set()
        self.here: Memory
        self.there: Memory
        if kind == "process":
            remembered = Remembered()
            self.here, self.there = remembered, remembered.of_another_run()
        else:
            self.here = DiskMemory(folder, lambda digest: digest not in self.gone)
            self.there = DiskMemory(folder, lambda digest: digest not in self.gone)


@pytest.fixture(params=["process", "disk"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    return Kept(request.param, tmp_path / "memory")


def test_nothing_is_found_before_it_is_kept(kept: Kept) -> None:
    assert kept.here.find(KEY) is None
    assert kept.here.finished("a", KEY) is None


def test_what_is_shared_is_found_by_every_run_and_has_ended_in_one(kept: Kept) -> None:
    kept.here.keep("a", KEY, ONE, share=True)
    for each in (kept.here, kept.there):
        assert each.find(KEY) == ONE
        assert each.find(OTHER) is None
    assert kept.here.finished("a", KEY) == ONE
    assert kept.here.finished("b", KEY) is None
    assert kept.here.finished("a", OTHER) is None
    assert kept.there.finished("a", KEY) is None


def test_what_is_not_shared_has_ended_and_is_found_by_nobody(kept: Kept) -> None:
    kept.here.keep("a", KEY, ONE, share=False)
    assert kept.here.finished("a", KEY) == ONE
    assert kept.here.find(KEY) is None
    assert kept.there.find(KEY) is None


def test_several_outputs_of_any_kind_come_out_as_they_went_in(kept: Kept) -> None:
    outputs: Outputs = {
        "model": Model(digest="1" * 64, labels=["猫", "dog"], bytes=3, metrics={"accuracy": 0.5}),
        "report": Report(digest="2" * 64, about="evaluation", headline={"pictures": 3}),
        "deployment": Deployment(digest="3" * 64, name="cats", url="/api/image/cats"),
    }
    kept.here.keep("a", KEY, outputs, share=True)
    assert kept.there.find(KEY) == outputs


def test_on_disk_what_names_something_that_is_gone_is_not_found(tmp_path: Path) -> None:
    kept = Kept("disk", tmp_path)
    kept.here.keep("a", KEY, ONE, share=True)
    kept.gone.add(ONE["images"].digest)
    assert kept.there.find(KEY) is None


def test_on_disk_what_is_damaged_is_not_found(tmp_path: Path) -> None:
    kept = Kept("disk", tmp_path)
    kept.here.keep("a", KEY, ONE, share=True)
    (file,) = (path for path in tmp_path.rglob("*") if path.is_file())
    file.write_bytes(file.read_bytes()[:-5])
    assert kept.there.find(KEY) is None
