"""What checks find, what they remember, and where they stand. `EXAMPLES` is the suite that every check passes."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fenlei.datasets.browse import PictureFilter
from fenlei.datasets.checking import CHECKS, Need
from fenlei.datasets.checking.looker import File, LookedAt
from fenlei.datasets.checks import COMPARE, LOOK, WRITE, check_states, findings, run_checks
from fenlei.datasets.create import BadValue
from fenlei.datasets.found import Item
from fenlei.datasets.labels import set_label
from fenlei.datasets.tending import remove_pictures
from fenlei.imaging import Policy
from fenlei.store import NotFound, Store, Work
from fenlei.store.blobs import Blobs
from fenlei.training.look import Picture
from fenlei.training.progress import Cancelled, Watch
from fenlei.training.view import one
from fenlei.training.workshop import Workshop
from tests.integration.datasets_store.filled import Filled, filled
from tests.support.drawing import broad, image, jpeg, png
from tests.support.networks import tiny_network

Looker = Callable[[Sequence[File], Callable[[int, int], None], Callable[[], bool]], LookedAt | None]


@dataclass(frozen=True)
class Example:
    """A data set on which a check has something to say.

    Attributes:
        classes: class by name of picture.
        files: what the pictures are.
        found: names of those that it shall find, in clusters; each alone where there are none.
        detail: of the first finding.
    """

    classes: Mapping[str, str | None]
    files: dict[str, bytes]
    found: list[list[str]]
    detail: dict[str, Any]
    labels: list[str] = field(default_factory=list)


def _saved_again(seed: int) -> bytes:
    out = io.BytesIO()
    image(240, 200, seed=seed).resize((168, 140)).save(out, "JPEG", quality=60)
    return out.getvalue()


def _flat(noise: float, seed: int = 0) -> bytes:
    rng = np.random.default_rng(seed)
    out = io.BytesIO()
    levels = np.clip(120 + rng.normal(0, noise, (90, 120, 3)), 0, 255).astype(np.uint8)
    Image.fromarray(levels).save(out, "PNG")
    return out.getvalue()


def _stroke() -> bytes:
    levels = np.full((90, 120, 3), 250, np.uint8)
    levels[40:44, 20:100] = 60
    out = io.BytesIO()
    Image.fromarray(levels).save(out, "PNG")
    return out.getvalue()


def _bmp(seed: int) -> bytes:
    out = io.BytesIO()
    image(80, 60, seed=seed).save(out, "BMP")
    return out.getvalue()


PHOTOS = {f"photo{number}.jpg": jpeg(240, 200, seed=number, quality=92) for number in range(16)}
COPIES = {"a.png": png(80, 60, seed=1), "same file.png": png(80, 60, seed=1), "same pixels.bmp": _bmp(1)}
OTHERS = {"b.png": png(80, 60, seed=2), "c.png": png(80, 60, seed=3)}

EXAMPLES = {
    "unreadable": Example(
        {"half.jpg": "cat", "text.jpg": None, "b.png": "cat"},
        {"half.jpg": jpeg(300, 200, seed=1)[:3000], "text.jpg": b"no picture", "b.png": OTHERS["b.png"]},
        [["half.jpg"], ["text.jpg"]],
        {
            "problem": "This JPEG picture is damaged or incomplete: its data ends or fails before the last row; send a "
            "JPEG or PNG picture that decodes to its last row."
        },
    ),
    "too-small": Example(
        {"29.png": "cat", "30.png": "cat"},
        {"29.png": png(80, 29), "30.png": png(30, 30)},
        [["29.png"]],
        {"width": 80, "height": 29, "least": 30},
    ),
    "too-large": Example(
        {"4097.jpg": "cat", "4096.jpg": "cat"},
        {"4097.jpg": broad(40, 4097), "4096.jpg": broad(4096, 30)},
        [["4097.jpg"]],
        {"width": 40, "height": 4097, "most": 4096},
    ),
    "odd-ratio": Example(
        {"3.png": "cat", "long.png": "cat", "high.png": "cat"},
        {"3.png": png(90, 30), "long.png": png(91, 30), "high.png": png(30, 120)},
        [["long.png"], ["high.png"]],
        {"width": 91, "height": 30, "ratio": 3.03, "most": 3},
    ),
    "blank": Example(
        {"grey.png": "cat", "dark room.png": None, "stroke.png": "cat", "gradient.png": "cat"},
        {"grey.png": _flat(0), "dark room.png": _flat(6), "stroke.png": _stroke(), "gradient.png": png(80, 60)},
        [["grey.png"], ["dark room.png"]],
        {"spread": 0.0, "least": 6.0},
    ),
    "exact-duplicates": Example(
        {"a.png": None, "same file.png": "cat", "same pixels.bmp": "cat", "b.png": "dog", "c.png": None},
        COPIES | OTHERS,
        [["a.png", "same file.png", "same pixels.bmp"]],
        {"pictures": 3, "labels": ["cat"]},
    ),
    "near-duplicates": Example(
        {**dict.fromkeys(PHOTOS, "cat"), "again.jpg": None, "copy.jpg": "cat"},
        PHOTOS | {"again.jpg": _saved_again(3), "copy.jpg": PHOTOS["photo5.jpg"]},
        [["photo3.jpg", "again.jpg"]],
        {"pictures": 2, "labels": ["cat"]},
    ),
    "two-labels": Example(
        {"a.png": "cat", "same file.png": "dog", "same pixels.bmp": None, "b.png": "cat", "c.png": "dog"},
        COPIES | OTHERS,
        [["a.png", "same file.png"]],
        {"pictures": 2, "labels": ["cat", "dog"]},
    ),
    "imbalance": Example(
        {f"cat{number}": "cat" for number in range(21)} | {"dog1": "dog", "dog2": "dog", "emu": "emu"},
        {},
        [],
        {"label": "dog", "pictures": 2, "largest": 21, "learnable": True},
        labels=["cat", "dog", "emu", "none"],
    ),
}


@pytest.fixture(scope="module")
def looker(tmp_path_factory: pytest.TempPathFactory) -> Looker:
    """What the rooms above hand in, over a real network of a few kilobytes."""
    folder = tmp_path_factory.mktemp("looker")
    (folder / "tiny.onnx").write_bytes(tiny_network(size=32, width=48))
    candidate = one(str(folder / "tiny.onnx"), None, Policy.SQUASH)

    def look(
        files: Sequence[File], progress: Callable[[int, int], None], cancelled: Callable[[], bool]
    ) -> LookedAt | None:
        watch = Watch(lambda stage, done, total: progress(done, total), cancelled)
        pictures = [
            Picture(Item(str(number), "", None, each.read), bytes.fromhex(each.sha256))
            for number, each in enumerate(files)
        ]
        try:
            with Workshop(folder / "cache", watch) as workshop:
                seen = workshop.features(candidate, pictures)
        except Cancelled:
            return None
        index = np.array([int(each.item.name) for each in seen.pictures], np.int64)
        return LookedAt(index, seen.prints, seen.features)

    return look


def made(store: Store, name: str) -> Filled:
    """The data set of an example, beside another one that is nobody's business."""
    example = EXAMPLES[name]
    filled(store, {"x": "cat", "y": None}, name="others", sha256=dict.fromkeys("xy", "0" * 64))
    return filled(store, example.classes, labels=example.labels, files=example.files)


def found_by(store: Store, data: Filled, check: str) -> list[list[str]]:
    """Names of pictures with an open finding, by cluster."""
    names = {number: name for name, number in data.numbers.items()}
    with store.reading() as work:
        rows, following = findings(work, data.id, check, limit=1000)
    assert following is None
    clusters: dict[Any, list[str]] = {}
    for row in rows:
        if row.picture_id is not None:
            clusters.setdefault(("alone", row.id) if row.cluster is None else row.cluster, []).append(
                names[row.picture_id]
            )
    return list(clusters.values())


def test_every_check_has_an_example() -> None:
    assert list(EXAMPLES) == list(CHECKS)
    assert all(name == check.name and len(name) <= 24 and check.advice for name, check in CHECKS.items())


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_finds_what_is_wrong_and_nothing_else(store: Store, looker: Looker, name: str) -> None:
    example, data = EXAMPLES[name], made(store, name)
    before = data.revision
    done = run_checks(store, data.id, [name], looker=looker)
    assert found_by(store, data, name) == example.found
    with store.reading() as work:
        rows, _ = findings(work, data.id, name)
        detail = dict(rows[0].detail)
        if "label_id" in detail:
            assert detail["label_id"] == data.labels[detail["label"]]
            del detail["label_id"]
        assert detail == example.detail
        (state,) = [each for each in check_states(work, data.id) if each.check == name]
    assert done.found == {name: len(rows)}
    assert (done.skipped, done.stopped, done.revision) == ({}, False, before)
    assert (state.found, state.stale, state.revision) == (len(rows), False, before)
    listed = data.names(PictureFilter(check=name))
    assert sorted(listed) == sorted(name for names in example.found for name in names)
    assert data.revision == before, "looking changes nothing"
    # The same again, and nothing twice.
    assert run_checks(store, data.id, [name], looker=looker).looked == 0
    assert found_by(store, data, name) == example.found


def test_classes_without_pictures_are_short_too(store: Store) -> None:
    data = made(store, "imbalance")
    run_checks(store, data.id, ["imbalance"])
    with store.reading() as work:
        rows, _ = findings(work, data.id, "imbalance")
    assert [(row.detail["label"], row.detail["pictures"], row.detail["learnable"]) for row in rows] == [
        ("dog", 2, True),
        ("emu", 1, False),
        ("none", 0, False),
    ]
    assert {row.picture_id for row in rows} == {None}


def test_all_checks_are_asked_at_once_and_those_that_cannot_be_say_so(store: Store) -> None:
    data = made(store, "exact-duplicates")
    done = run_checks(store, data.id)
    assert set(done.found) == set(CHECKS) - {"near-duplicates"}
    assert done.skipped == {"near-duplicates": "needs features: no backbone was given to compare pictures with"}
    with store.reading() as work:
        states = {state.check: state for state in check_states(work, data.id)}
    assert list(states) == list(CHECKS)
    near = states["near-duplicates"]
    assert (near.found, near.at, near.revision, near.stale) == (None, None, None, False)


def test_no_file_is_decoded_twice(store: Store) -> None:
    data = made(store, "exact-duplicates")
    assert run_checks(store, data.id, ["blank"]).looked == 4, "five pictures, two of them one file"
    _lose(store.blobs, data)
    done = run_checks(store, data.id, ["unreadable", "exact-duplicates"])
    assert (done.looked, done.found) == (0, {"unreadable": 0, "exact-duplicates": 3})
    again = filled(store, {"a.png": None, "new.png": None}, name="again", files={"a.png": COPIES["a.png"]})
    assert run_checks(store, again.id, ["blank"]).looked == 1, "a file is known in whatever data set it is"


def test_a_file_that_is_gone_is_said_and_seen_again_when_it_is_back(store: Store) -> None:
    data = made(store, "exact-duplicates")
    store.blobs.remove([_picture(data, "b.png").sha256])
    run_checks(store, data.id, ["unreadable"])
    assert found_by(store, data, "unreadable") == [["b.png"]]
    store.blobs.put(OTHERS["b.png"])
    run_checks(store, data.id, ["unreadable"])
    assert found_by(store, data, "unreadable") == []


def test_removed_pictures_are_not_looked_at(store: Store) -> None:
    data = made(store, "two-labels")
    remove_pictures(store, data.id, data.of("a.png"))
    assert run_checks(store, data.id, ["two-labels", "exact-duplicates"]).found == {
        "exact-duplicates": 2,
        "two-labels": 0,
    }


def test_findings_go_stale_with_the_data_set_and_with_the_picture(store: Store) -> None:
    data = made(store, "exact-duplicates")
    run_checks(store, data.id, ["exact-duplicates"])
    remove_pictures(store, data.id, data.of("a.png"))
    with store.reading() as work:
        state = next(each for each in check_states(work, data.id) if each.check == "exact-duplicates")
    assert (state.found, state.stale, state.revision) == (2, True, 1)
    assert found_by(store, data, "exact-duplicates") == [["same file.png", "same pixels.bmp"]]
    run_checks(store, data.id, ["exact-duplicates"])
    with store.reading() as work:
        state = next(each for each in check_states(work, data.id) if each.check == "exact-duplicates")
    assert (state.stale, state.revision) == (False, 2)


def test_who_is_stopped_goes_on_later_from_there(store: Store, looker: Looker) -> None:
    files = {f"p{number}.png": png(40, 30, seed=number) for number in range(150)}
    data = filled(store, dict.fromkeys(files), files=files)
    told: list[tuple[str, int, int]] = []
    stopped = run_checks(
        store, data.id, progress=lambda *each: told.append(each), cancelled=lambda: len(told) >= 1, looker=looker
    )
    assert stopped.stopped
    assert 0 < stopped.looked < 150
    assert stopped.found == {}
    told.clear()
    rest = run_checks(store, data.id, ["blank"], progress=lambda *each: told.append(each))
    assert rest.looked == 150 - stopped.looked
    assert [each for each in told if each[0] == LOOK][-1] == (LOOK, rest.looked, rest.looked)
    assert told[-1] == (WRITE, 1, 1)
    looking = [stage == COMPARE for stage, _, _ in told]
    assert not any(looking), "nobody asked to compare"


def test_comparing_can_be_stopped(store: Store, looker: Looker) -> None:
    data = made(store, "near-duplicates")
    stages: list[str] = []
    done = run_checks(
        store,
        data.id,
        ["near-duplicates", "blank"],
        looker=looker,
        progress=lambda stage, done, total: stages.append(stage),
        cancelled=lambda: COMPARE in stages,
    )
    assert done.stopped
    assert done.found == {}


class Lost(Exception):
    """The lease is."""


@pytest.mark.parametrize("transactions", [0, 1])
def test_who_may_not_write_any_more_writes_nothing(store: Store, transactions: int) -> None:
    data = made(store, "blank")
    run_checks(store, data.id, ["too-small"])
    asked = []

    def guard(work: Work) -> None:
        asked.append(work)
        if len(asked) > transactions:
            raise Lost

    with pytest.raises(Lost):
        run_checks(store, data.id, ["blank"], guard=guard)
    assert found_by(store, data, "blank") == []
    with store.reading() as work:
        assert set(work.findings.runs(data.id)) == {"too-small"}


def test_a_check_looks_at_classes_as_they_are_now(store: Store) -> None:
    data = made(store, "two-labels")
    run_checks(store, data.id, ["two-labels"])
    set_label(store, data.id, data.of("same file.png"), data.labels["cat"])
    run_checks(store, data.id, ["two-labels"])
    assert found_by(store, data, "two-labels") == []


def test_findings_come_in_pages_clusters_in_one_piece(store: Store) -> None:
    files = {f"{name}{number}.png": png(40, 30, seed=ord(name)) for number in range(3) for name in "abc"}
    data = filled(store, dict.fromkeys(files), files=files)
    run_checks(store, data.id, ["exact-duplicates"])
    seen: list[int | None] = []
    after: int | None = None
    for _ in range(3):
        with store.reading() as work:
            rows, after = findings(work, data.id, "exact-duplicates", after, 4)
        seen += [row.cluster for row in rows]
    assert after is None
    assert seen == [1, 1, 1, 2, 2, 2, 3, 3, 3]


def test_what_is_not_there_is_said(sqlite_store: Store) -> None:
    data = filled(sqlite_store, {})
    with pytest.raises(BadValue, match="no check 'beauty'") as caught:
        run_checks(sqlite_store, data.id, ["blank", "beauty"])
    assert caught.value.allowed == ", ".join(CHECKS)
    with pytest.raises(NotFound, match="no data set"):
        run_checks(sqlite_store, "ds_stranger")
    with sqlite_store.reading() as work, pytest.raises(BadValue):
        findings(work, data.id, "beauty")
    with sqlite_store.reading() as work, pytest.raises(NotFound):
        check_states(work, "ds_stranger")
    done = run_checks(sqlite_store, data.id)
    assert set(done.found.values()) == {0}, "an empty data set has nothing wrong with it"


def test_an_empty_data_set_is_compared_without_a_network(sqlite_store: Store, looker: Looker) -> None:
    data = filled(sqlite_store, {"text": None}, files={"text": b"no picture"})
    assert run_checks(sqlite_store, data.id, looker=looker).found["near-duplicates"] == 0


def test_needs_are_declared() -> None:
    assert {name for name, check in CHECKS.items() if Need.LOOKS not in check.needs} == {
        "too-small",
        "too-large",
        "odd-ratio",
        "imbalance",
    }


def _picture(data: Filled, name: str) -> Any:
    return next(each for each in data.pictures() if each.name == name)


def _lose(blobs: Blobs, data: Filled) -> None:
    blobs.remove(sorted({each.sha256 for each in data.pictures()}))
