"""One call puts right what a check has found, and one call takes that back."""

from __future__ import annotations

from typing import Any

import pytest

from fenlei.datasets.browse import PictureFilter
from fenlei.datasets.checking import CHECKS, Found
from fenlei.datasets.checks import findings, run_checks
from fenlei.datasets.create import BadValue
from fenlei.datasets.fixes import fix
from fenlei.datasets.history import history, redo, undo
from fenlei.datasets.labels import set_label
from fenlei.datasets.tending import remove_pictures, restore_pictures
from fenlei.store import Conflict, NotFound, Stale, Store
from tests.integration.datasets_store.filled import Filled, filled
from tests.support.drawing import png

REMOVING = ["unreadable", "too-small", "too-large", "odd-ratio", "blank"]


def say(data: Filled, check: str, *clusters: list[str]) -> None:
    """Let a check have found clusters of pictures."""
    found = [Found(data.numbers[name], number) for number, names in enumerate(clusters, 1) for name in names]
    rows: list[dict[str, Any]] = [{"picture_id": each.picture, "cluster": each.cluster, "detail": {}} for each in found]
    with data.store.writing() as work:
        work.findings.replace(data.id, check, data.revision, rows)


def open_findings(data: Filled, check: str) -> list[str]:
    """Names of pictures with an open finding, removed ones too."""
    return sorted(
        data.names(PictureFilter(check=check)) + data.names(PictureFilter(check=check, removed=True)),
    )


@pytest.mark.parametrize("check", REMOVING)
def test_pictures_that_are_of_no_use_are_removed(store: Store, check: str) -> None:
    data = filled(store, {"bad": "cat", "worse": None, "good": "cat"})
    with store.writing() as work:
        rows: list[dict[str, Any]] = [
            {"picture_id": each, "cluster": None, "detail": {}} for each in data.of("bad", "worse")
        ]
        work.findings.replace(data.id, check, 1, rows)
    fixed = fix(store, data.id, check, "us_1")
    assert (fixed.pictures, fixed.left, fixed.revision) == (2, 0, 2)
    assert data.names() == ["good"]
    assert open_findings(data, check) == []
    ((change,), _) = history(store, data.id)
    assert (change.kind, change.by) == ("fix", "us_1")
    assert change.summary == {"check": check, "remedy": "remove", "left": 0, "pictures": 2}
    assert fix(store, data.id, check).change is None, "once is enough"
    undo(store, data.id)
    assert data.labelled() == {"bad": "cat", "worse": None, "good": "cat"}
    assert open_findings(data, check) == ["bad", "worse"]
    redo(store, data.id)
    assert data.names() == ["good"]
    assert open_findings(data, check) == []


@pytest.mark.parametrize("check", ["exact-duplicates", "near-duplicates"])
def test_of_duplicates_one_stays(store: Store, check: str) -> None:
    clusters = [["old", "new"], ["large", "labelled"], ["small", "wide"], ["x", "y"]]
    classes = dict.fromkeys([name for names in clusters for name in names]) | {"alone": None}
    data = filled(
        store,
        {**classes, "labelled": "cat", "x": "cat", "y": "dog"},
        width={"large": 900, "wide": 128},
        height={"large": 900},
    )
    say(data, check, *clusters)
    fixed = fix(store, data.id, check)
    assert (fixed.pictures, fixed.left) == (3, 1)
    assert data.names() == ["old", "labelled", "wide", "x", "y", "alone"]
    assert open_findings(data, check) == ["x", "y"], "a person decides"
    undo(store, data.id)
    assert open_findings(data, check) == sorted(name for names in clusters for name in names)
    assert len(data.names()) == 9


def test_the_copies_that_contradict_most_lose_their_class(store: Store) -> None:
    data = filled(
        store,
        {"a": "cat", "b": "cat", "c": "dog", "d": "cat", "e": "dog", "f": "cat", "g": "dog", "h": None, "i": "emu"},
    )
    say(data, "two-labels", ["a", "b", "c", "h"], ["d", "e"], ["f", "g"])
    set_label(store, data.id, data.of("g"), data.labels["cat"])
    fixed = fix(store, data.id, "two-labels")
    assert fixed.pictures == 3
    labels = data.labelled()
    assert labels == {"a": "cat", "b": "cat", "c": None, "d": None, "e": None, "f": "cat", "g": "cat", "h": None} | {
        "i": "emu"
    }
    ((change, *_), _) = history(store, data.id)
    assert change.summary == {"check": "two-labels", "remedy": "unlabel", "left": 0, "pictures": 3}
    undo(store, data.id)
    assert data.labelled()["c"] == "dog"


def test_first_the_classes_then_the_copies(store: Store) -> None:
    classes = {"a": "cat", "b": "cat", "c": "dog", "other": "dog"}
    data = filled(store, classes, files={**dict.fromkeys("abc", png(60, 60, seed=1)), "other": png(60, 60, seed=2)})
    run_checks(store, data.id, ["exact-duplicates", "two-labels"])
    assert fix(store, data.id, "exact-duplicates").left == 1
    fix(store, data.id, "two-labels")
    assert fix(store, data.id, "exact-duplicates").pictures == 2
    assert data.labelled() == {"a": "cat", "other": "dog"}
    done = run_checks(store, data.id, ["exact-duplicates", "two-labels"])
    assert done.found == {"exact-duplicates": 0, "two-labels": 0}


def test_a_fix_looks_at_pictures_as_they_are_now(store: Store) -> None:
    data = filled(store, {"a": "cat", "b": None, "c": None})
    say(data, "exact-duplicates", ["a", "b", "c"])
    remove_pictures(store, data.id, data.of("a"))
    set_label(store, data.id, data.of("c"), data.labels["cat"])
    fix(store, data.id, "exact-duplicates")
    assert data.names() == ["c"], "the one that has a class now"


def test_what_a_person_put_back_is_not_removed_again(store: Store) -> None:
    data = filled(store, {"a": "cat", "b": "cat"})
    say(data, "exact-duplicates", ["a", "b"])
    fix(store, data.id, "exact-duplicates")
    restore_pictures(store, data.id, data.of("b"))
    assert fix(store, data.id, "exact-duplicates").change is None
    assert data.names() == ["a", "b"]


def test_what_cannot_be_fixed_is_said(store: Store) -> None:
    data = filled(store, {"a": "cat"})
    with pytest.raises(Conflict, match="blank was not asked"):
        fix(store, data.id, "blank")
    with pytest.raises(BadValue, match="no check 'beauty'") as caught:
        fix(store, data.id, "beauty")
    assert caught.value.allowed == ", ".join(CHECKS)
    with pytest.raises(NotFound):
        fix(store, "ds_stranger", "blank")
    with pytest.raises(Stale):
        fix(store, data.id, "blank", revision=7)
    assert data.revision == 1


def test_large_classes_give_up_what_they_have_too_many_of_copies_first(store: Store) -> None:
    cats = {f"cat{number:02}": "cat" for number in range(23)}
    data = filled(
        store,
        {**cats, "dog1": "dog", "dog2": "dog", "emu": "emu", "nobody": None},
        labels=["cat", "dog", "emu", "fox"],
        sha256=dict.fromkeys(["cat05", "cat06"], "0" * 64),
        group=dict.fromkeys(["cat11", "cat12"], "burst"),
    )
    run_checks(store, data.id, ["imbalance"])
    fixed = fix(store, data.id, "imbalance", "us_1")
    assert (fixed.pictures, fixed.left) == (3, 2), "emu and fox cannot be learned; a person decides"
    gone = set(cats).difference(data.names())
    assert len(gone & {"cat05", "cat06"}) == len(gone & {"cat11", "cat12"}) == 1, "what shows the same goes first"
    assert {"dog1", "dog2", "emu", "nobody"} <= set(data.names())
    with store.reading() as work:
        rows, _ = findings(work, data.id, "imbalance")
    assert [row.detail["label"] for row in rows] == ["emu", "fox"], "what was put right is told no more"
    assert run_checks(store, data.id, ["imbalance"]).found == {"imbalance": 2}
    ((change, *_), _) = history(store, data.id)
    assert change.summary == {"check": "imbalance", "remedy": "remove", "left": 2, "pictures": 3}
    assert fix(store, data.id, "imbalance").change is None, "once is enough"
    undo(store, data.id)
    assert set(data.names()) >= set(cats)


def test_classes_out_of_balance_that_nobody_asked_about_are_left_alone(store: Store) -> None:
    data = filled(store, {f"cat{number}": "cat" for number in range(20)} | {"dog1": "dog", "dog2": "dog"})
    run_checks(store, data.id, ["imbalance"])
    set_label(store, data.id, data.of("dog1", "cat0"), None)
    assert fix(store, data.id, "imbalance").change is None


@pytest.mark.parametrize("check", CHECKS)
def test_every_check_can_be_fixed(store: Store, check: str) -> None:
    pictures = {f"cat{number}": "cat" for number in range(21)} | {"a": "dog", "b": "cow", "c": "cow"}
    about = {"two-labels": ["a", "b"], "exact-duplicates": ["b", "c"], "near-duplicates": ["b", "c"], "imbalance": []}
    data = filled(store, pictures)
    if check == "imbalance":
        run_checks(store, data.id, [check])
    else:
        say(data, check, about.get(check, ["a"]))
    assert fix(store, data.id, check).pictures > 0
    undo(store, data.id)
    assert data.labelled() == pictures
