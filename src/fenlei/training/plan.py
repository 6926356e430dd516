"""What to try, in which order: the goal decides the list, the budget how far down it training gets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from fenlei.backbones.catalogue import CATALOGUE
from fenlei.backbones.listing import Sizes, available, fetched, kept
from fenlei.backbones.open import sizes_of
from fenlei.imaging import InputSpec, Policy
from fenlei.training.alteration import COPIES
from fenlei.training.errors import TrainingError
from fenlei.training.view import View, one

LITE0, LITE2 = "efficientnet-lite0", "efficientnet-lite2"

LADDERS: dict[str, tuple[View, ...]] = {
    "fast": (
        one(LITE0, 224, Policy.SQUASH),
        one(LITE0, 224, Policy.LETTERBOX),
        one(LITE0, 160, Policy.SQUASH),
    ),
    "balanced": (
        one(LITE0, 224, Policy.SQUASH),
        one(LITE2, 260, Policy.SQUASH),
        one(LITE0, 288, Policy.SQUASH),
        View((LITE0, LITE2), 288, Policy.SQUASH),
        one(LITE0, 224, Policy.LETTERBOX),
        one(LITE2, 260, Policy.LETTERBOX),
        one(LITE2, 224, Policy.SQUASH),
        one(LITE0, 160, Policy.SQUASH),
    ),
    "accurate": (
        one(LITE0, 224, Policy.SQUASH),
        one(LITE2, 260, Policy.SQUASH),
        one(LITE0, 288, Policy.SQUASH),
        View((LITE0, LITE2), 288, Policy.SQUASH),
        one(LITE2, 320, Policy.SQUASH),
        one(LITE2, 260, Policy.LETTERBOX),
        one(LITE0, 224, Policy.LETTERBOX),
        one(LITE2, 260, Policy.CROP),
        one(LITE0, 160, Policy.SQUASH),
    ),
}
"""By goal, the default candidate first, then by what they promised per second on the sets we measured. The small one at
the end answers soonest, and is what a CPU can fine-tune in minutes."""

PERMISSIVE = {"apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "isc", "cc0-1.0", "cc-by-4.0", "unlicense", "0bsd"}
"""Licences of networks from a hub that are tried unasked: a model made with one is under no other terms for that."""

WITHOUT_BUDGET = {"fast": 1, "balanced": 2, "accurate": 6}
"""How many of the ladder are tried when no budget is given: a fixed number, so that the same pictures and seed give
the same model however busy the machine is. With a budget the clock decides, and two runs may differ."""


class Plan(NamedTuple):
    """What will be tried.

    Attributes:
        views: the default first.
        left_out: what will not be tried, with the sentence that says why.
        copies: which altered copies every head learns from; None: whichever are best.
    """

    views: tuple[View, ...]
    left_out: tuple[tuple[View, str], ...]
    copies: str | None = None

    @property
    def copies_first(self) -> str:
        """Which copies are learned from as long as nothing was compared."""
        return "none" if self.copies is None else self.copies

    @property
    def copies_to_try(self) -> tuple[str, ...]:
        """Which may be."""
        return tuple(COPIES) if self.copies is None else (self.copies,)


def make_plan(
    goal: str,
    budget: float | None,
    *,
    cache: Path,
    backbone: str | None = None,
    size: int | None = None,
    policy: str | None = None,
    copies: str | None = None,
) -> Plan:
    """Choose the candidates.

    A backbone, size, policy or copies that are asked for are what every candidate has; what that makes equal is tried
    once. With a budget, backbones that were fetched from a hub are candidates too, behind the ladder.

    Args:
        goal: `fast`, `balanced` or `accurate`.
        budget: seconds, or None for the fixed number of the goal.
        cache: the workspace's cache folder, where exported backbones are.
        backbone: this one only, by catalogue id, path, or `hf:org/name`.
        size: side of the input in pixels.
        policy: `squash`, `letterbox` or `crop`.
        copies: which of `alteration.COPIES`.

    Raises:
        TrainingError: no such goal, policy or copies, a budget that is no time, or no backbone is usable here.
    """
    check_goal(goal)
    if budget is not None and not budget > 0:
        raise TrainingError(f"A budget of {budget} seconds leaves no time; give a number above 0.")
    asked = _policy(policy)
    check_copies(copies)
    if backbone is not None:
        here = None if backbone in CATALOGUE or budget is None else sizes_of(backbone, cache)
        views = _wished(_alone(backbone, here), size, asked)
        if budget is None:
            return Plan(views[:1], (), copies)
        refused = tuple(_refused(backbone, here, asked)) if here is not None and size is None else ()
        return Plan(views, refused, copies)
    states = {info.id: state for info, state in available(cache)}
    wanted: list[View] = []
    left_out: list[tuple[View, str]] = []
    for view in _wished(LADDERS[goal], size, asked):
        missing = [name for name in view.backbones if not states[name].usable]
        if missing:
            state = states[missing[0]]
            left_out.append((view, f"{missing[0]} is not usable here ({state.said}). {state.remedy}"))
        else:
            wanted.append(view)
    if budget is not None:
        licences = {each.id: each.licence for each in kept(cache)}
        for name, sizes in fetched(cache).items():
            if licences[name].lower() not in PERMISSIVE:
                left_out.append((one(name, size, asked or Policy.SQUASH), _not_free(name, licences[name])))
            elif size is None or size in sizes.all:
                at = [side for side in sizes.all if size in (None, side)]
                wanted += _wished(_fetched(name, at, beside=states[LITE0].usable), size, asked)
                left_out += _refused(name, sizes, asked) if size is None else ()
            else:
                left_out.append((one(name, size, asked or Policy.SQUASH), _not_kept(name, sizes.all, size)))
    if not wanted:
        reasons = " ".join(dict.fromkeys(reason for _, reason in left_out))
        raise TrainingError(f"No backbone is usable here. {reasons}")
    return Plan(tuple(wanted if budget is not None else wanted[: WITHOUT_BUDGET[goal]]), tuple(left_out), copies)


def check_goal(goal: str) -> None:
    """Refuse a goal that is none.

    Raises:
        TrainingError: there is no such goal.
    """
    if goal not in LADDERS:
        raise TrainingError(f"There is no goal `{goal}`; choose one of {', '.join(LADDERS)}.")


def check_copies(copies: str | None) -> None:
    """Refuse copies that there are none of.

    Raises:
        TrainingError: there are no copies of that name.
    """
    if copies is not None and copies not in COPIES:
        raise TrainingError(f"There are no copies called `{copies}`; choose one of {', '.join(COPIES)}.")


def input_spec(side: int, policy: Policy) -> InputSpec:
    """The preprocessing of a backbone with a square input of `side` pixels."""
    return InputSpec(height=side, width=side, policy=policy)


def _wished(rungs: Iterable[View], size: int | None, policy: Policy | None) -> tuple[View, ...]:
    """These with the size and policy that were asked for; what that makes equal is there once."""
    return tuple(dict.fromkeys(View(rung.backbones, size or rung.size, policy or rung.policy) for rung in rungs))


def _alone(backbone: str, here: Sizes | None) -> Iterator[View]:
    """All there is to try with one backbone: its own size by two policies; of the catalogue's the sizes next to it, of
    others those at which they are here or can be had."""
    yield one(backbone, None, Policy.SQUASH)
    yield one(backbone, None, Policy.LETTERBOX)
    if backbone in CATALOGUE:
        own, *others = CATALOGUE[backbone].sizes
        larger, smaller = [side for side in others if side > own], [side for side in others if side < own]
        for side in [*sorted(larger)[:1], *sorted(smaller)[-1:]]:
            yield one(backbone, side, Policy.SQUASH)
    for side in () if here is None else here.others:
        yield one(backbone, side, Policy.SQUASH)


def _fetched(name: str, sizes: Iterable[int], *, beside: bool) -> Iterator[View]:
    """A backbone from a hub at sizes at which it is kept, so that no other machine is asked; beside the default one
    too, which is unlike it, where that is offered at the size: with the features of either at hand, that costs less
    than another policy."""
    for side in sizes:
        yield one(name, side, Policy.SQUASH)
        if beside and side in CATALOGUE[LITE0].sizes:
            yield View((LITE0, name), side, Policy.SQUASH)
        yield one(name, side, Policy.LETTERBOX)


def _refused(name: str, sizes: Sizes, policy: Policy | None) -> Iterator[tuple[View, str]]:
    """The size at which it was tried when it was fetched, and that it does not take."""
    if sizes.refused is not None:
        yield one(name, sizes.refused, policy or Policy.SQUASH), sizes.why


def _not_free(name: str, licence: str) -> str:
    return (
        f"Its licence is `{licence}`. Only what all may use for everything is tried unasked; `--backbone {name}` asks "
        "for it."
    )


def _not_kept(name: str, sizes: Iterable[int], size: int) -> str:
    return (
        f"{name} is kept at {', '.join(map(str, sizes))} pixels, not at {size}. "
        f"`fenlei backbones fetch {name} --size {size}` fetches it at that size."
    )


def _policy(name: str | None) -> Policy | None:
    if name is None:
        return None
    try:
        return Policy(name)
    except ValueError:
        raise TrainingError(f"There is no resize policy `{name}`; choose one of {', '.join(Policy)}.") from None
