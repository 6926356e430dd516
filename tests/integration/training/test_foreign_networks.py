"""Networks that are not of the catalogue: from a hub, or a file. They take part, and another one under the same name is
another one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from fenlei.backbones import BackboneError
from fenlei.backbones.hub import HubSource
from fenlei.backbones.shelf import Shelf
from fenlei.backbones.source import Network
from fenlei.imaging import Policy
from fenlei.training import search
from fenlei.training.candidate import Candidate
from fenlei.training.journal import Journal
from fenlei.training.ladder import ladder
from fenlei.training.plan import LADDERS, WITHOUT_BUDGET, Plan, make_plan
from fenlei.training.progress import Watch
from fenlei.training.report import CandidateResult
from fenlei.training.search import Search
from fenlei.training.task import Task
from fenlei.training.train import train
from fenlei.training.view import View, one
from fenlei.training.workshop import Workshop
from tests.support.drawing import class_folders
from tests.support.foreign import foreign_network
from tests.support.networks import tiny_network
from tests.support.tasks import drawn_task


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A network that sees much, and one that sees hardly anything."""
    folder = tmp_path_factory.mktemp("networks")
    for name, width in (("good", 48), ("blind", 2)):
        (folder / f"{name}.onnx").write_bytes(tiny_network(width=width))
    return {name: str(folder / f"{name}.onnx") for name in ("good", "blind")}


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Task:
    return drawn_task(tmp_path_factory.mktemp("photos"), {"a": 52, "b": 51, "c": 50})


def keep(
    cache: Path, name: str, size: int, licence: str = "MIT", seed: int = 0, *, default: bool = True, **origin: str
) -> None:
    """Put a network on the shelf, from a hub where nothing else is said."""
    content = tiny_network(size=size, seed=seed)
    network = Network(content=content, size=size, width=16, licence=licence, made_with={})
    repository, _, revision = name.removeprefix("hf:").partition("@")
    hub = {"kind": "hub", "repository": repository, "revision": revision or "main"}
    Shelf(cache).put(name, name, network, origin or hub, default=default)


def searched(
    photos: Path, place: Path, network: Path, enough: Callable[[], bool], heard: Callable[[CandidateResult], None]
) -> None:
    """Search heads on one network until it is enough."""
    train(
        photos,
        cache=place / "cache",
        budget=600,
        backbone=str(network),
        fine_tune=False,
        enough=enough,
        heard=heard,
    )


def test_what_was_fetched_from_a_hub_takes_part_behind_the_ladder_at_the_sizes_it_is_kept_at(workspace: Path) -> None:
    for name, size in (("hf:org/vit@v2", 224), ("hf:org/net", 48), ("hf:org/net", 32)):
        keep(workspace, name, size)
    keep(workspace, "hf:org/net:tuned-0123", 32, kind="fine-tuned", training="key")
    keep(workspace, "efficientnet-lite0+hf:org/net", 32, joined="one other")
    keep(workspace, "file:mine", 32, kind="onnx")

    plan = make_plan("balanced", 60, cache=workspace)
    ladder = LADDERS["balanced"]
    assert plan.views[: len(ladder)] == ladder
    assert plan.views[len(ladder) :] == (
        one("hf:org/net", 32, Policy.SQUASH),
        one("hf:org/net", 32, Policy.LETTERBOX),
        one("hf:org/net", 48, Policy.SQUASH),
        one("hf:org/net", 48, Policy.LETTERBOX),
        one("hf:org/vit@v2", 224, Policy.SQUASH),
        View(("efficientnet-lite0", "hf:org/vit@v2"), 224, Policy.SQUASH),
        one("hf:org/vit@v2", 224, Policy.LETTERBOX),
    )
    assert make_plan("balanced", None, cache=workspace).views == ladder[: WITHOUT_BUDGET["balanced"]]

    wished = make_plan("fast", 60, cache=workspace, size=48, policy="crop")
    assert [each for each in wished.views if "hf:org/net" in each.backbones] == [one("hf:org/net", 48, Policy.CROP)]
    assert not any("hf:org/vit@v2" in each.backbones for each in wished.views)
    (view, why), = wished.left_out  # fmt: skip
    assert view == one("hf:org/vit@v2", 48, Policy.CROP)
    assert "at 224 pixels, not at 48" in why
    assert "fenlei backbones fetch hf:org/vit@v2 --size 48" in why


def test_what_was_fetched_is_tried_after_the_ladder_and_no_small_input_of_it_is_tuned_first(workspace: Path) -> None:
    keep(workspace, "hf:org/net", 32)
    plan = make_plan("balanced", 60, cache=workspace)
    soon, later = ladder(plan, timed=True, tuning=True)
    small = one("efficientnet-lite0", 160, Policy.SQUASH)
    assert {each.view for each in soon} == {plan.views[0], small}
    assert soon[-1].view == small
    assert [each.view for each in later] == [view for view in plan.views[1:] if view != small]
    assert [each.view.name for each in later[-2:]] == ["net", "net"]

    wished = make_plan("balanced", 60, cache=workspace, backbone="hf:org/net")
    soon, later = ladder(wished, timed=True, tuning=True)
    assert {each.view for each in soon} == {one("hf:org/net", None, Policy.SQUASH)}
    assert [each.view for each in later] == [one("hf:org/net", None, Policy.LETTERBOX)]


def test_asked_for_alone_it_is_tried_at_every_size_that_it_is_kept_at(workspace: Path) -> None:
    keep(workspace, "hf:org/net", 32, default=False)
    keep(workspace, "hf:org/net", 48)
    named = "hf:org/net"
    squashed = [one(named, None, Policy.SQUASH), one(named, 32, Policy.SQUASH)]
    plan = make_plan("balanced", 60, cache=workspace, backbone=named)
    assert set(plan.views) == {*squashed, one(named, None, Policy.LETTERBOX)}
    assert make_plan("balanced", 60, cache=workspace, backbone=named, size=32).views == (
        one(named, 32, Policy.SQUASH),
        one(named, 32, Policy.LETTERBOX),
    )
    assert make_plan("balanced", None, cache=workspace, backbone=named).views == (squashed[0],)


def test_a_file_that_takes_any_size_is_tried_at_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "IN_VAIN", 0)  # nothing is proposed: it ends with what was planned
    photos, path = class_folders(tmp_path / "photos", {"a": 20, "b": 20}, 40), tmp_path / "any.onnx"
    path.write_bytes(foreign_network(size=None))
    path.with_suffix(".json").write_text('{"size": 64}')
    tried: set[tuple[int, str]] = set()

    def heard(line: CandidateResult) -> None:
        if line.score is not None:
            tried.add((line.size, line.policy))

    both = {(64, "squash"), (64, "letterbox"), (32, "squash")}
    searched(photos, tmp_path, path, lambda: both <= tried, heard)
    assert tried == both
    path.write_bytes(foreign_network(size=64))  # one that takes its own only
    with Workshop(tmp_path / "cache", Watch()) as workshop:
        workshop.backbone(one(str(path), None, Policy.SQUASH))
    fixed = make_plan("fast", 60, cache=tmp_path / "cache", backbone=str(path))
    assert {view.size for view in fixed.views} == {None}


@pytest.mark.parametrize("licence", ["cc-by-nc-4.0", "not stated"])
def test_what_not_all_may_use_is_tried_only_where_it_is_asked_for(tmp_path: Path, licence: str) -> None:
    keep(tmp_path, "hf:org/net", 32, licence)
    plan = make_plan("balanced", 60, cache=tmp_path)
    assert not any("hf:org/net" in view.backbones for view in plan.views)
    assert [(view.name, licence in why, "--backbone hf:org/net" in why) for view, why in plan.left_out] == [
        (one("hf:org/net", None, Policy.SQUASH).name, True, True)
    ]
    asked = make_plan("balanced", 60, cache=tmp_path, backbone="hf:org/net")
    assert {view.backbones for view in asked.views} == {("hf:org/net",)}


def test_what_was_fetched_is_searched_without_asking_another_machine(
    task: Task, networks: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(source: HubSource, *_: object) -> None:
        raise AssertionError(f"a hub was asked for {source.id}")

    monkeypatch.setattr(HubSource, "make", asked)
    keep(tmp_path, "hf:org/good", 32)
    keep(tmp_path, "hf:org/lost", 48)
    fetched = [view for view in make_plan("fast", 60, cache=tmp_path).views if view.name in ("good", "lost")]
    for path in (tmp_path / "backbones").glob("*lost*.onnx"):
        path.write_bytes(b"damaged")
    plan = Plan((one(networks["blind"], None, Policy.SQUASH), *fetched), ())
    with Workshop(tmp_path, Watch()) as workshop:
        outcome = Search(task, plan, workshop, Watch(), goal="accurate", budget=None).run()
    assert outcome.winner.candidate.view == one("hf:org/good", 32, Policy.SQUASH)
    reasons = [each.left_out for each in outcome.results if each.backbone == "lost"]
    assert len(reasons) == 2
    assert all("not allowed" in (each or "") for each in reasons)


def test_a_hub_is_asked_for_what_was_wished_for_whatever_was_opened_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(source: HubSource, *_: object) -> None:
        raise BackboneError(f"a hub was asked for {source.id}")

    monkeypatch.setattr(HubSource, "make", asked)
    wished, other = (one(name, None, Policy.SQUASH) for name in ("hf:org/wished", "hf:org/other"))
    with Workshop(tmp_path, Watch(), wished=wished) as workshop:
        with pytest.raises(BackboneError, match="not allowed"):
            workshop.backbone(other)
        for policy in (Policy.SQUASH, Policy.LETTERBOX):
            with pytest.raises(BackboneError, match="a hub was asked for hf:org/wished"):
                workshop.backbone(wished._replace(policy=policy))
        with pytest.raises(BackboneError, match="not allowed"):
            workshop.backbone(wished._replace(size=48))
    with Workshop(tmp_path, Watch()) as workshop, pytest.raises(BackboneError, match="not allowed"):
        workshop.backbone(wished)


def test_what_a_network_scored_is_not_taken_for_what_another_of_its_name_would(
    task: Task, networks: dict[str, str], tmp_path: Path
) -> None:
    blind, hub = one(networks["blind"], None, Policy.SQUASH), one("hf:org/net", 32, Policy.SQUASH)

    def known() -> list[View]:
        with Workshop(tmp_path, Watch()) as workshop:
            journal = Journal(tmp_path / "searches", "the question", workshop.foreign)
            if not journal.candidates:
                search = Search(task, Plan((blind, hub), ()), workshop, Watch(), goal="accurate", journal=journal)
                search.run()
            found = [Candidate(view=view) for view in (blind, hub) if journal.find(Candidate(view=view)) is not None]
            assert found == journal.candidates
            return [each.view for each in found]

    keep(tmp_path, "hf:org/net", 32)
    assert known() == [blind, hub]
    assert known() == [blind, hub]
    keep(tmp_path, "hf:org/net", 32, seed=1)  # fetched again, and it has moved on
    assert known() == [blind]


def test_another_network_under_the_same_path_is_judged_anew(networks: dict[str, str], tmp_path: Path) -> None:
    photos, path = class_folders(tmp_path / "photos", {"a": 20, "b": 20}, 40), tmp_path / "mine.onnx"

    def losses() -> list[float | None]:
        heard: list[CandidateResult] = []
        searched(photos, tmp_path, path, lambda: len(heard) > 0, heard.append)
        return [each.log_loss for each in heard]

    shutil.copy(networks["blind"], path)
    blind = losses()
    shutil.copy(networks["good"], path)
    assert losses()[0] != blind[0]
    shutil.copy(networks["blind"], path)
    assert losses()[: len(blind)] == blind
