"""What is proposed for tuning of networks that are not of the catalogue: the views on which their heads were judged, by
every recipe that they can be tuned by, and no other size."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from fenlei.backbones import fetch
from fenlei.imaging import Policy
from fenlei.training.aim import Aim
from fenlei.training.board import Entry
from fenlei.training.candidate import TUNED, Candidate
from fenlei.training.finetune import proposer as proposer_room
from fenlei.training.finetune.choice import ON_CPU
from fenlei.training.finetune.proposer import Proposer
from fenlei.training.finetune.settings import TuneSettings, read_settings
from fenlei.training.folds import draw_folds
from fenlei.training.head import Judged
from fenlei.training.plan import make_plan
from fenlei.training.progress import Watch
from fenlei.training.task import Task
from fenlei.training.view import View, one
from fenlei.training.workshop import Workshop
from tests.support.hub import hub_server
from tests.support.networks import tiny_network

HUB = "hf:org/net"
SMALL, LARGE = one(HUB, 32, Policy.SQUASH), one(HUB, 48, Policy.LETTERBOX)
TASK = Task([], np.arange(4) % 2, np.arange(4), 2, 0, draw_folds(np.arange(4) % 2, np.arange(4), 0), Aim.ACCURACY)
SWIFTEST_FIRST = {32: 1.0, 48: 2.0, None: 3.0}


@pytest.fixture(scope="module")
def fetched(network: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache in which a network of a hub is kept at two sizes."""
    cache = tmp_path_factory.mktemp("fetched")
    with hub_server() as hub:
        hub.publish("org/net", network, license="mit")
        for view in (SMALL, LARGE):
            fetch(HUB, size=view.size, cache=cache, endpoint=hub.url)
    return cache


@pytest.fixture
def workshop(fetched: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workshop]:
    """On a machine without a GPU, whose clock says that less to look at takes less time."""
    monkeypatch.setattr(proposer_room, "kind_of_device", lambda: "cpu")
    monkeypatch.setattr(Workshop, "network_milliseconds", lambda workshop, view: SWIFTEST_FIRST[view.size])
    with Workshop(fetched, Watch()) as opened:
        yield opened


def judged(view: View, loss: float) -> Entry:
    """A linear head on a view, and what it scored."""
    scored = Judged(
        kind="logistic", setting={}, temperature=1.0, class_weights=None, held_out=np.ones((1, 4), bool),
        logits=np.zeros((1, 4, 2)), loss=loss,
    )  # fmt: skip
    return Entry(Candidate(view=view), scored)


def recipe(candidate: Candidate) -> TuneSettings:
    return replace(read_settings(candidate.setting or {}), batch=TuneSettings().batch)


def test_networks_of_a_hub_and_of_a_folder_are_tuned_at_the_sizes_at_which_they_were_judged(
    network: Path, workshop: Workshop
) -> None:
    folder = one(str(network), None, Policy.SQUASH)
    heads = [judged(folder, 0.3), judged(LARGE, 0.4), judged(SMALL, 0.5)]
    found, why = Proposer(TASK, workshop).propose(heads)
    assert why == ""
    views = [SMALL, folder, LARGE]  # the one that is tuned soonest, then the best
    recipes = [each for each in ON_CPU if not each.kept]  # of two stages none can be kept
    assert [(each.view, recipe(each)) for each in found] == [(view, each) for each in recipes for view in views]
    starts = {entry.candidate.view: entry.candidate for entry in heads}
    assert all((each.kind, each.members) == (TUNED, (starts[each.view],)) for each in found)

    plan = make_plan("balanced", 60, cache=workshop.cache, backbone=str(network))
    assert plan.views == (folder, folder._replace(policy=Policy.LETTERBOX))  # no size but its own


def test_what_holds_no_weights_that_can_learn_is_passed_over_and_the_others_are_not(
    workshop: Workshop, tmp_path: Path
) -> None:
    (tmp_path / "tiny.onnx").write_bytes(tiny_network())
    onnx = judged(one(str(tmp_path / "tiny.onnx"), None, Policy.SQUASH), 0.2)
    proposer = Proposer(TASK, workshop)
    found, why = proposer.propose([onnx, judged(SMALL, 0.5)])
    assert {each.view for each in found} == {SMALL}
    assert why == ""
    found, why = proposer.propose([onnx])
    assert found == []
    assert "ONNX network" in why


def test_where_the_weights_of_a_hub_are_gone_it_is_said_how_to_have_them_again(
    workshop: Workshop, fetched: Path, tmp_path: Path
) -> None:
    cache = shutil.copytree(fetched, tmp_path / "cache", symlinks=True)
    shutil.rmtree(cache / "hub")
    with Workshop(cache, Watch()) as emptied:
        found, why = Proposer(TASK, emptied).propose([judged(SMALL, 0.5)])
    assert found == []
    assert f"`fenlei backbones fetch {HUB}` fetches them" in why


def test_what_an_earlier_model_was_tuned_by_is_proposed_before_anything_else_once_its_head_was_judged(
    workshop: Workshop,
) -> None:
    setting = replace(ON_CPU[-1], epochs=3).as_numbers()
    again = Candidate(view=LARGE, kind=TUNED, setting=setting, members=(Candidate(view=LARGE),), shares=(1.0,))
    proposer = Proposer(TASK, workshop, again)
    assert again not in proposer.propose([judged(SMALL, 0.3)])[0]
    found, _ = proposer.propose([judged(SMALL, 0.3), judged(LARGE, 0.4)])
    assert found[0] == again
    assert found.count(again) == 1
    assert {each.view for each in found[1:]} == {SMALL, LARGE}
