"""What the report says of calibration, of unknown pictures and of thresholds."""

from __future__ import annotations

import msgspec

from fenlei.training.evaluation import ReliabilityBin


class CalibrationFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How scores were made to mean what they say.

    Attributes:
        method: `temperature`, or `vector`: a scale and a shift for each class.
        vector_chance: chance that `vector` is better, by pictures that it was not fitted on; None where classes had
            too few pictures to look.
        pictures: held out by folds, on which the calibration was fitted.
        error_before: expected calibration error on the test part, of the scores as the head gives them.
        error_after: the same with the calibration.
        log_loss_before: on the test part, in nats.
        log_loss_after: the same with the calibration.
        held_out_error_before: expected calibration error on the pictures held out by folds.
        held_out_error_after: the same with calibrations that were fitted on others of them.
        reliability_before: the bins behind `error_before`; those behind `error_after` are in the evaluation.
    """

    method: str
    vector_chance: float | None
    pictures: int
    error_before: float
    error_after: float
    log_loss_before: float
    log_loss_after: float
    held_out_error_before: float | None
    held_out_error_after: float | None
    reliability_before: list[ReliabilityBin]


class RuleFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One rule for unknown pictures, as it did where classes were left out in turn.

    Attributes:
        rule: its name.
        auroc: the chance that a picture of a class left out is stranger to it than one of a known class.
        drawn: the same for drawn pictures, which show nothing.
        found: share of pictures of classes left out that it found at the false-reject rate.
    """

    rule: str
    auroc: float
    drawn: float
    found: float


class UnknownFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The rule for pictures of nothing known.

    Attributes:
        rule: which was chosen.
        compared: every rule, as it did where classes were left out in turn; none where there were fewer than three
            classes, in a model that is there while a search goes on, and where the network was tuned.
        false_rejects: share of known pictures that was to be called unknown.
        threshold_pictures: known pictures, held out by folds, by which the threshold was set.
        tuned: whether the network was tuned. The threshold was then set where a network that was tuned without one fold
            met that fold's pictures, and carried over to the one that was tuned on all.
        carried: False where the network ships that met that fold's pictures, so that nothing was carried over.
        test_pictures: of the test part.
        test_rejected: of those, called unknown although they are known.
        test_interval: Wilson's 95 % interval of that share.
    """

    rule: str
    compared: list[RuleFigures]
    false_rejects: float
    threshold_pictures: int
    test_pictures: int
    test_rejected: int
    test_interval: tuple[float, float]
    tuned: bool = False
    carried: bool = True


class StrangerFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How the rule for unknown pictures did on pictures of a folder.

    Attributes:
        known: pictures of classes that the model knows.
        rejected: of those, called unknown.
        strange: pictures of classes that the model does not know.
        found: of those, called unknown.
        auroc: the chance that one of the latter is stranger than one of the former; None where one kind is missing.
    """

    known: int
    rejected: int
    strange: int
    found: int
    auroc: float | None


class ClassThreshold(msgspec.Struct, frozen=True, kw_only=True):
    """The threshold of one class.

    Attributes:
        label: the class.
        threshold: 0 to 1.
        kept: whether there were pictures enough to keep what was asked for.
        answered: test pictures that were answered with it.
        right: of those, how many are it.
        pictures: of this class in the test part.
    """

    label: str
    threshold: float
    kept: bool
    answered: int
    right: int
    pictures: int


class DecisionFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What answers are like where thresholds are switched on.

    Attributes:
        method: `precision` or `cost`.
        asked: what was asked for, in words.
        classes: one entry per class, in class order.
        pictures: of the test part.
        answered: of those, with a class that reached its threshold.
        right: of those, how many are it.
    """

    method: str
    asked: str
    classes: list[ClassThreshold]
    pictures: int
    answered: int
    right: int
