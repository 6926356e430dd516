"""What an automated project can be told about its training."""

from __future__ import annotations

import math
from typing import Any, Literal

import msgspec

from fenlei.backbones import CATALOGUE
from fenlei.datasets.create import BadValue
from fenlei.training.decide import FALSE_REJECTS, Demand
from fenlei.training.errors import TrainingError

MOST_SECONDS = 30 * 24 * 3600.0
MOST_SEED = 2**31 - 1
MOST_ID = 40
HUB = "hf:"

_ALLOWED = {
    "goal": "fast, balanced or accurate",
    "aim": "accuracy, balanced accuracy, macro-F1 or null",
    "budget": f"seconds above 0, up to {MOST_SECONDS:.0f}, or null",
    "time_limit": f"seconds above 0, up to {MOST_SECONDS:.0f}, or null",
    "seed": f"a whole number from 0 to {MOST_SEED}",
    "test_fraction": "a share from 0.05 to 0.5",
    "backbone": f"one of {', '.join(CATALOGUE)}, or {HUB}organisation/name, or null",
    "size": "whole pixels from 32 to 1024, or null",
    "policy": "squash, letterbox, crop or null",
    "drawn_parity": "true or false",
    "since": "the id of a model version, or null; not together with rebuild",
    "rebuild": "the id of a model version, or null",
    "false_rejects": "a share above 0, up to 0.5",
    "precision": "a share between 0 and 1, or one for each class named, or null; not beside `cost`",
    "cost": "[wrong, missed], each above 0, or such a pair for each class named, or null; not beside `precision`",
    "fine_tune": "true or false",
}


class TrainingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a model shall be learned.

    Attributes:
        goal: what matters most: speed of answers, both, or being right. A model of a search may take at most 1.5, 5 or
            16 times as long to answer as the quickest network, as measured where it trains.
        aim: the figure that the search raises; None takes accuracy, or balanced accuracy where one class has ten times
            as many pictures as another.
        budget: seconds in all; None tries what the goal asks for. What was found out before for the same pictures, with
            the same seed, aim, backbone, size and policy, is not found out again, and its seconds count, whichever run
            has spent them: one that was killed goes on where it was, and a later one with a larger budget too. A search
            ends sooner where nothing moves any more.
        time_limit: seconds of work after which the run is stopped and has failed; None: never.
        seed: same seed, same pictures, same machine: same model file, unless there is a budget.
        test_fraction: share held out for the figures, where the data set brings no test part.
        backbone: this one only; None lets the goal choose.
        size: side of the input in pixels, for `backbone`.
        policy: how a picture of another shape becomes the network's square; None lets the goal choose.
        drawn_parity: let no picture of the data set travel in the model file.
        since: go on from this model version: what judged it judges the new one too, and the report compares the two.
        rebuild: make this model version again, by the recipe in its file and without a search, in place of learning by
            the other settings. Same pictures, same machine: same model file, also of one that a budget found.
        false_rejects: share of pictures of known classes that the rule for unknown ones may call unknown.
        precision: share of answers that shall be right: of all classes, or of each class named; chooses thresholds.
        cost: what a wrong answer and a missed picture cost: of all classes, or of each class named; chooses thresholds.
        fine_tune: with a budget that suffices, train the network itself too.
    """

    goal: Literal["fast", "balanced", "accurate"] = "balanced"
    aim: Literal["accuracy", "balanced accuracy", "macro-F1"] | None = None
    budget: float | None = None
    time_limit: float | None = None
    seed: int = 0
    test_fraction: float = 0.2
    backbone: str | None = None
    size: int | None = None
    policy: Literal["squash", "letterbox", "crop"] | None = None
    drawn_parity: bool = False
    since: str | None = None
    rebuild: str | None = None
    false_rejects: float = FALSE_REJECTS
    precision: float | dict[str, float] | None = None
    cost: tuple[float, float] | dict[str, tuple[float, float]] | None = None
    fine_tune: bool = True

    @property
    def demand(self) -> Demand:
        """What is asked of answers."""
        return Demand(self.precision, self.cost)


def training_settings(said: dict[str, Any]) -> TrainingSettings:
    """Read settings, and check them.

    Args:
        said: by name; what is absent has its default.

    Raises:
        BadValue: one is unknown or cannot be; the error names it and what is allowed.
    """
    for name in said:
        if name not in _ALLOWED:
            known = ", ".join(_ALLOWED)
            raise BadValue(f"There is no setting `{name}`; known are {known}.", name, known)
    try:
        found = msgspec.convert(said, TrainingSettings)
    except msgspec.ValidationError as exc:
        name = str(exc).partition("`$.")[2].rstrip("`") or "settings"
        raise _bad(name, said.get(name)) from exc
    for name in ("budget", "time_limit"):
        seconds = getattr(found, name)
        if seconds is not None and not (0 < seconds <= MOST_SECONDS and math.isfinite(seconds)):
            raise _bad(name, seconds)
    if not 0 <= found.seed <= MOST_SEED:
        raise _bad("seed", found.seed)
    if not 0.05 <= found.test_fraction <= 0.5:
        raise _bad("test_fraction", found.test_fraction)
    if found.size is not None and not 32 <= found.size <= 1024:
        raise _bad("size", found.size)
    for name in ("since", "rebuild"):
        version = getattr(found, name)
        if version is not None and (not version.startswith("mv_") or "\0" in version or len(version) > MOST_ID):
            raise _bad(name, version)
    if found.since is not None and found.rebuild is not None:
        raise _bad("since", found.since)
    if found.backbone is not None and found.backbone not in CATALOGUE and not _on_a_hub(found.backbone):
        raise _bad("backbone", found.backbone)
    if not 0 < found.false_rejects <= 0.5:
        raise _bad("false_rejects", found.false_rejects)
    try:
        found.demand.check()
    except TrainingError as exc:
        name = "cost" if found.precision is None else "precision"
        raise BadValue(f"The setting `{name}` cannot be: {exc}", name, _ALLOWED[name]) from exc
    return found


def _on_a_hub(name: str) -> bool:
    organisation, _, rest = name.removeprefix(HUB).partition("/")
    return name.startswith(HUB) and bool(organisation) and bool(rest) and name.isprintable() and len(name) <= 200


def _bad(name: str, value: object) -> BadValue:
    allowed = _ALLOWED.get(name, "see the documentation")
    return BadValue(f"The setting `{name}` is {value!r}; allowed is {allowed}.", name, allowed)
