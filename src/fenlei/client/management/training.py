"""What a project can be told about its trainings."""

from __future__ import annotations

from typing import Literal, TypedDict


class TrainingSettings(TypedDict, total=False):
    """How a model shall be learned. What is absent has its default, or the project's; None, where it may stand, is
    the default again.

    Attributes:
        goal: what matters most: speed of answers, both, or being right.
        aim: the figure to raise; None lets the sizes of the classes decide.
        budget: seconds in all; None tries what the goal asks for. A larger one goes on where an earlier training ended.
        time_limit: seconds after which a run is stopped and has failed.
        seed: of the split and the folds.
        test_fraction: share held out for the figures, where the data set brings no test part; 0.05 to 0.5.
        backbone: this one only, by its id.
        size: side of its input in pixels, 32 to 1024.
        policy: how a picture of another shape becomes the network's square.
        drawn_parity: let no picture of the data set travel in the model file.
        since: id of a model version to go on from: what judged it judges the new one too, and the two are compared.
        rebuild: id of a model version to make again, without a search, in place of learning; not together with `since`.
        false_rejects: share of pictures of known classes that the rule for unknown ones may call unknown; up to 0.5.
        precision: share of answers that shall be right, of all classes or of each class named; chooses thresholds.
        cost: what a wrong answer and a missed picture cost, of all classes or of each class named; chooses thresholds.
            Not beside `precision`: give None for the one that the project has, to ask for the other.
        fine_tune: with a budget that suffices, train the network itself too; so it is where nothing is said.
    """

    goal: Literal["fast", "balanced", "accurate"]
    aim: Literal["accuracy", "balanced accuracy", "macro-F1"] | None
    budget: float | None
    time_limit: float | None
    seed: int
    test_fraction: float
    backbone: str | None
    size: int | None
    policy: Literal["squash", "letterbox", "crop"] | None
    drawn_parity: bool
    since: str
    rebuild: str
    false_rejects: float
    precision: float | dict[str, float] | None
    cost: tuple[float, float] | dict[str, tuple[float, float]] | None
    fine_tune: bool
