"""Nodes that choose among pictures: what they keep is what they say, by chance that stays what it was."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject
from hypothesis import settings as examples
from hypothesis import strategies as st

from fenlei.datasets.version_content import VersionContent, VersionEntry, content_of, write_manifest
from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.errors import PipelineError
from fenlei.pipelines.nodes.balance import BalanceParams, balance
from fenlei.pipelines.nodes.filter_classes import FilterParams, filter_classes
from fenlei.pipelines.nodes.resize_policy import ResizeParams, resize_policy
from fenlei.pipelines.nodes.sample import SampleParams, sample
from fenlei.pipelines.nodes.split import SplitParams, split
from fenlei.pipelines.pictures import content, images_of
from fenlei.pipelines.reference import Images, Split
from fenlei.store import Blobs
from tests.support.workbench import OutOfReach

LABELS = ("ant", "bee", "cat")
SEEDS = st.integers(0, 1000)

quick = examples(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def ctx(tmp_path: Path) -> NodeContext:
    return NodeContext(Blobs(tmp_path / "blobs"), tmp_path / "cache", OutOfReach())


def entry(
    name: str, label: int | None, part: str | None = None, group: str | None = None, of: str = ""
) -> VersionEntry:
    """A picture; `of` names its bytes where these are those of another."""
    return VersionEntry(name, hashlib.sha256((of or name).encode()).hexdigest(), label, part, group, 10, 10, 100)


def pictures(counts: Sequence[int], first: int = 0, unlabelled: int = 0) -> list[VersionEntry]:
    """So many of each class."""
    made = [entry(f"{label}/{first + number}", label) for label, count in enumerate(counts) for number in range(count)]
    return made + [entry(f"none/{number}", None) for number in range(unlabelled)]


def kept(ctx: NodeContext, entries: Sequence[VersionEntry], labels: Sequence[str] = LABELS) -> Images:
    return images_of(ctx, content_of(labels, entries))


def names(ctx: NodeContext, reference: Images | Split) -> set[str]:
    return {each.name for each in content(ctx, reference).entries}


def parts(ctx: NodeContext, reference: Split) -> dict[str, str | None]:
    return {each.name: each.split for each in content(ctx, reference).entries}


def test_classes_are_kept_or_left_out_by_their_names(ctx: NodeContext) -> None:
    images = kept(ctx, pictures([1, 2, 3], unlabelled=2))
    these = filter_classes(images, params=FilterParams(classes=["cat", "ant"]), ctx=ctx)
    assert (these.labels, these.pictures, these.unlabelled) == ({"ant": 1, "cat": 3}, 4, 0)
    others = filter_classes(images, params=FilterParams(classes=["cat"], keep="all others", unlabelled=True), ctx=ctx)
    assert (others.labels, others.pictures, others.unlabelled) == ({"ant": 1, "bee": 2}, 5, 2)


def test_a_class_that_there_is_not_is_refused_with_those_that_there_are(ctx: NodeContext) -> None:
    images = kept(ctx, pictures([1, 1, 1]))
    with pytest.raises(PipelineError, match=r"no class 'dog' among the pictures; there are ant, bee, cat\."):
        filter_classes(images, params=FilterParams(classes=["ant", "dog"]), ctx=ctx)
    with pytest.raises(PipelineError, match=r"no class 'dog' among the pictures; none has a label\."):
        filter_classes(kept(ctx, pictures([], unlabelled=1), []), params=FilterParams(classes=["dog"]), ctx=ctx)


def test_to_leave_out_everything_is_refused(ctx: NodeContext) -> None:
    with pytest.raises(PipelineError, match="No picture is left"):
        filter_classes(
            kept(ctx, pictures([1, 1, 1])), params=FilterParams(classes=list(LABELS), keep="all others"), ctx=ctx
        )


@quick
@given(st.lists(st.integers(1, 30), min_size=1, max_size=3), st.floats(0.01, 1), st.integers(1, 20), SEEDS)
def test_a_sample_takes_of_each_class_its_share_and_one_at_least(
    ctx: NodeContext, counts: list[int], share: float, most: int, seed: int
) -> None:
    images = kept(ctx, pictures(counts), LABELS[: len(counts)])
    taken = sample(images, params=SampleParams(share=share, seed=seed), ctx=ctx)
    assert list(taken.labels.values()) == [max(1, round(count * share)) for count in counts]
    few = sample(images, params=SampleParams(share=share, most=most, seed=seed), ctx=ctx)
    assert list(few.labels.values()) == [min(most, count) for count in taken.labels.values()]
    assert names(ctx, few) <= names(ctx, taken)
    assert sample(images, params=SampleParams(share=share, seed=seed), ctx=ctx) == taken


@quick
@given(st.integers(1, 30), st.floats(0.01, 1), st.floats(0.01, 1), SEEDS)
def test_a_larger_share_keeps_what_a_smaller_one_took(
    ctx: NodeContext, count: int, one: float, other: float, seed: int
) -> None:
    images = kept(ctx, pictures([count]), LABELS[:1])
    small, large = (
        sample(images, params=SampleParams(share=share, seed=seed), ctx=ctx) for share in sorted((one, other))
    )
    assert names(ctx, small) <= names(ctx, large)


@quick
@given(st.integers(1, 30), st.integers(0, 15), st.floats(0.01, 1), st.one_of(st.none(), st.integers(1, 20)), SEEDS)
def test_a_picture_that_is_added_displaces_one_of_a_sample_at_the_most(
    ctx: NodeContext, count: int, added: int, share: float, most: int | None, seed: int
) -> None:
    params = SampleParams(share=share, most=most, seed=seed)
    before = names(ctx, sample(kept(ctx, pictures([count]), LABELS[:1]), params=params, ctx=ctx))
    more = [*pictures([count]), *pictures([added], first=1000)]
    after = names(ctx, sample(kept(ctx, more, LABELS[:1]), params=params, ctx=ctx))
    new = {each.name for each in pictures([added], first=1000)}
    assert len(before - after) <= len(after & new)


def test_another_seed_is_another_choice(ctx: NodeContext) -> None:
    images = kept(ctx, pictures([30]), LABELS[:1])
    assert len({sample(images, params=SampleParams(share=0.5, seed=seed), ctx=ctx).digest for seed in range(5)}) == 5
    uneven = kept(ctx, pictures([30, 5]), LABELS[:2])
    assert len({balance(uneven, params=BalanceParams(seed=seed), ctx=ctx).digest for seed in range(5)}) == 5


@quick
@given(st.lists(st.integers(1, 40), min_size=2, max_size=3), st.floats(1, 10), SEEDS)
def test_no_class_outweighs_the_smallest_by_more_than_is_said(
    ctx: NodeContext, counts: list[int], times: float, seed: int
) -> None:
    images = kept(ctx, pictures(counts, unlabelled=3), LABELS[: len(counts)])
    even = balance(images, params=BalanceParams(times=times, seed=seed), ctx=ctx)
    left = list(even.labels.values())
    assert min(left) == min(counts)
    assert max(left) <= min(counts) * times + 1e-6
    assert all(now == before or now > min(counts) * times - 1 for now, before in zip(left, counts, strict=True))
    assert even.unlabelled == 3


@quick
@given(st.data())
def test_copies_and_groups_stay_on_one_side_of_a_split(ctx: NodeContext, data: st.DataObject) -> None:
    count = data.draw(st.integers(4, 30))
    entries = [
        entry(
            f"{number}",
            data.draw(st.integers(0, 2)),
            group=data.draw(st.sampled_from([None, "g", "h"])),
            of=data.draw(st.sampled_from(["", "", "copy", "other copy"])),
        )
        for number in range(count)
    ]
    images = kept(ctx, entries)
    validation = data.draw(st.sampled_from([0.0, 0.05, 0.3]))
    params = SplitParams(test=data.draw(st.floats(0.02, 0.65)), validation=validation, seed=data.draw(SEEDS))
    try:
        made = split(images, params=params, ctx=ctx)
    except PipelineError:
        reject()  # every class is one group
    assert split(images, params=params, ctx=ctx) == made
    assert sum(made.parts.values()) == count
    assert set(made.parts) == {"train", "test", *(["validation"] if validation else [])}
    side = parts(ctx, made)
    for of in ("sha256", "group"):
        sides: dict[Any, set[str | None]] = {}
        for each in entries:
            sides.setdefault(getattr(each, of), set()).add(side[each.name])
        sides.pop(None, None)
        assert all(len(each) == 1 for each in sides.values())


def test_each_class_gives_its_share_to_the_test_part(ctx: NodeContext) -> None:
    made = split(kept(ctx, pictures([50, 20, 10], unlabelled=4)), params=SplitParams(), ctx=ctx)
    judged = Counter(name[0] for name, part in parts(ctx, made).items() if part == "test")
    assert judged == {"0": 10, "1": 4, "2": 2}
    assert made.labels == {"ant": 50, "bee": 20, "cat": 10}
    assert not any(name.startswith("none/") for name in parts(ctx, made))


def test_parts_that_there_are_stay_unless_they_shall_not(ctx: NodeContext) -> None:
    entries = [entry(f"{number}", 0, "test" if number < 3 else None if number < 5 else "train") for number in range(20)]
    images = kept(ctx, entries, LABELS[:1])
    made = split(images, params=SplitParams(), ctx=ctx)
    assert made.parts == {"test": 3, "train": 17}
    assert {name for name, part in parts(ctx, made).items() if part == "test"} == {"0", "1", "2"}
    anew = split(images, params=SplitParams(keep=False, test=0.5), ctx=ctx)
    assert anew.parts == {"test": 10, "train": 10}


def test_a_validation_part_has_its_share_of_each_class_and_moves_no_test_picture(ctx: NodeContext) -> None:
    images = kept(ctx, pictures([50, 20, 10]))
    made = split(images, params=SplitParams(validation=0.1), ctx=ctx)
    chosen_by = Counter(name[0] for name, part in parts(ctx, made).items() if part == "validation")
    assert chosen_by == {"0": 5, "1": 2, "2": 1}
    without = parts(ctx, split(images, params=SplitParams(), ctx=ctx))
    assert {name for name, part in parts(ctx, made).items() if part == "test"} == {
        name for name, part in without.items() if part == "test"
    }


def test_what_a_data_set_has_in_a_validation_part_is_kept_apart_only_where_one_is_wanted(ctx: NodeContext) -> None:
    def brought(*own: str) -> Images:
        return kept(ctx, [entry(f"{number}", 0, own[number % len(own)]) for number in range(20)], LABELS[:1])

    all_three = brought("train", "train", "validation", "test")
    assert split(all_three, params=SplitParams(), ctx=ctx).parts == {"test": 5, "train": 15}
    made = split(all_three, params=SplitParams(validation=0.4), ctx=ctx)
    assert made.parts == {"test": 5, "train": 10, "validation": 5}
    assert parts(ctx, made)["2"] == "validation"
    judged_by_it = brought("train", "train", "validation", "train")
    assert split(judged_by_it, params=SplitParams(), ctx=ctx).parts == {"train": 15, "validation": 5}
    made = split(judged_by_it, params=SplitParams(validation=0.1), ctx=ctx)
    assert made.parts == {"test": 5, "train": 13, "validation": 2}
    assert parts(ctx, made)["2"] == "test"


def test_parts_that_leave_nothing_to_learn_from_are_refused(ctx: NodeContext) -> None:
    with pytest.raises(PipelineError, match="take 120% of the pictures together; at most 95%"):
        split(kept(ctx, pictures([9, 9, 9])), params=SplitParams(test=0.8, validation=0.4), ctx=ctx)


REFUSED: dict[str, tuple[list[VersionEntry], str]] = {
    "no labels": (pictures([], unlabelled=5), "No picture has a label"),
    "nothing to learn from": ([entry(f"{number}", 0, "test") for number in range(5)], "none to learn from"),
    "one picture many times": ([entry(f"{number}", 0, of="one") for number in range(5)], "none can be held out"),
    "one group": ([entry(f"{number}", 0, group="g") for number in range(5)], "none can be held out"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_split_is_refused_in_a_sentence(ctx: NodeContext, name: str) -> None:
    entries, words = REFUSED[name]
    with pytest.raises(PipelineError, match=words):
        split(kept(ctx, entries, LABELS[:1]), params=SplitParams(), ctx=ctx)


def test_a_policy_is_written_on_the_split_and_moves_no_picture(ctx: NodeContext) -> None:
    made = split(kept(ctx, pictures([10, 10, 10])), params=SplitParams(), ctx=ctx)
    said = resize_policy(made, params=ResizeParams(policy="letterbox", size=64), ctx=ctx)
    assert (said.digest, said.policy, said.size) == (made.digest, "letterbox", 64)


def test_the_same_pictures_are_the_same_reference_whatever_led_to_them(ctx: NodeContext) -> None:
    images = kept(ctx, pictures([5, 5], first=0), LABELS[:2])
    assert images.digest == ctx.blobs.put(write_manifest(VersionContent(["ant", "bee"], sorted(pictures([5, 5])))))
    assert sample(images, params=SampleParams(share=1.0), ctx=ctx) == images
    assert balance(images, params=BalanceParams(), ctx=ctx) == images
    assert filter_classes(images, params=FilterParams(classes=["ant", "bee"]), ctx=ctx) == images
