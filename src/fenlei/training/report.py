"""The report that travels in the model file: what was learned from what, and how well.

Nothing in it depends on the clock, on the machine's paths or on how busy it was, so that the same seed and the same
data give the same bytes. Wall times belong to the terminal.
"""

from __future__ import annotations

from typing import Any

import msgspec

from fenlei.training.confused import ConfusedPair
from fenlei.training.curve import LearningCurve
from fenlei.training.evaluation import Evaluation
from fenlei.training.honesty_figures import CalibrationFigures, DecisionFigures, UnknownFigures
from fenlei.training.nearest import Alike
from fenlei.training.sentence import Sentence
from fenlei.training.since import Since
from fenlei.training.slices import Slice
from fenlei.training.suspect import Suspect, SuspectCounts


class ClassCount(msgspec.Struct, frozen=True, kw_only=True):
    """Usable pictures of one class: what the head learned from, and what it was judged on."""

    label: str
    train: int
    test: int


class WrongPicture(msgspec.Struct, frozen=True, kw_only=True):
    """A picture of the test part that was called wrong.

    Attributes:
        name: its path inside the folder or zip that was given, with `/`.
        truth: its class.
        predicted: what it was called.
        score: the score of `predicted`, 0 to 1.
        truth_score: the score of `truth`, 0 to 1.
        thumbnail: index into the gallery that is handed to the renderer, or None where no picture may travel.
        nearest: the training pictures that it resembles most, as the head sees them, the nearest first.
        heat: index into the gallery of a map of what `predicted` rests on; None where none was made.
    """

    name: str
    truth: str
    predicted: str
    score: float
    truth_score: float
    thumbnail: int | None
    nearest: list[Alike] = []
    heat: int | None = None


class SkippedPicture(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was not learned from, and the sentence that says why."""

    name: str
    reason: str


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One picture of a duplicate group. `part` is `train` or `test`."""

    name: str
    label: str
    part: str


class DuplicateGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Pictures that show the same thing. `exact`: same file or same pixels; otherwise near duplicates."""

    exact: bool
    members: list[Member]


class Duplicates(msgspec.Struct, frozen=True, kw_only=True):
    """What was found twice.

    Attributes:
        groups: number of groups of two or more pictures.
        pictures: pictures in those groups.
        across_classes: number of groups whose pictures carry different classes: at least one label is wrong.
        across_parts: pictures of the test part that have a duplicate in the training part. Only a DIR that brings
            its own `test/` can have them; each makes the figures look a little better than they are.
        examples: the first groups, those across classes first, then those across parts, then the largest.
    """

    groups: int
    pictures: int
    across_classes: int
    across_parts: int
    examples: list[DuplicateGroup]


class CandidateResult(msgspec.Struct, frozen=True, kw_only=True):
    """One way of learning that was considered.

    Attributes:
        backbone: its id.
        size: side of the input in pixels.
        policy: how a picture of another shape gets there: `squash`, `letterbox`, `crop`.
        accuracy: share right in cross-validation on the training part; None where it was not tried or nothing could
            be held back.
        accuracy_interval: Wilson's 95 % interval of it.
        log_loss: cross-validated, after calibration, in nats.
        chosen: whether the model is this one; where it is told while others are still tried, whether it is the best
            so far.
        left_out: the sentence that says why it was not tried, or not to its end; None where it was.
        head: what sits on the features.
        copies: altered copies that it learned from besides the pictures: `none`, `altered`, `altered and mirrored`.
        aim: the figure that `score` is: `accuracy`, `balanced accuracy` or `macro-F1`.
        score: that figure in cross-validation.
        score_interval: its 95 % interval.
        milliseconds: that the answer to one picture alone takes, as measured on the machine that trained: decoding and
            resizing a typical picture of these, and the network. Where it is told before the first model is there, the
            network alone.
        bytes: size of the network.
        seconds: that it took to try. Like `milliseconds`, only told of a search with a budget.
        key: the same for the same candidate, however often its search is begun; only told while others are still tried.
    """

    backbone: str
    size: int
    policy: str
    accuracy: float | None = None
    accuracy_interval: tuple[float, float] | None = None
    log_loss: float | None = None
    chosen: bool = False
    left_out: str | None = None
    head: str = "logistic regression"
    copies: str = "none"
    aim: str = "accuracy"
    score: float | None = None
    score_interval: tuple[float, float] | None = None
    milliseconds: float | None = None
    bytes: int | None = None
    seconds: float | None = None
    key: str | None = None


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """How the shipped model was made.

    Attributes:
        backbone: its id.
        backbone_digest: SHA-256, hex, of its ONNX file.
        licence: the backbone's licence.
        size: side of the input in pixels.
        policy: the resize policy.
        head: what sits on the features.
        setting: what it was learned with, by name; `strength` is the weight of the L2 penalty against the mean loss
            of a picture. Of a vote, what its members were learned with is in `members`.
        copies: altered copies that it learned from besides the pictures.
        aim: the figure that the search tried to raise.
        aim_by: who chose it: `user`, or `class sizes` where nobody did and one class is many times as large as another.
            Absent where it is accuracy, and in reports of an older Fenlei.
        members: of a vote: head, copies, setting and share of each.
        class_weights: one factor per class in class order, or None where all pictures count alike.
        temperature: what the logits are divided by.
        fitted_on: pictures the shipped head learned from.
        refitted: whether the shipped head learned from the test part too, after it was judged. Where it is true,
            `Report.evaluation` belongs to the same recipe fitted without those pictures.
        spoiled: what went wrong, in English, where a fine-tuned network was to learn from the test part too: then the
            one ships that learned without. Absent elsewhere.
    """

    backbone: str
    backbone_digest: str
    licence: str
    size: int
    policy: str
    head: str
    setting: dict[str, float]
    copies: str
    aim: str
    aim_by: str | msgspec.UnsetType = msgspec.UNSET
    members: list[dict[str, Any]]
    class_weights: list[float] | None
    temperature: float
    fitted_on: int
    refitted: bool
    spoiled: str | msgspec.UnsetType = msgspec.UNSET


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the report says, in the order one reads it.

    Attributes:
        labels: class names in class order (ascending code points).
        counts: usable pictures per class, in class order.
        train_pictures: size of the training part.
        test_pictures: size of the part that nothing saw before the figures were made.
        test_origin: `folder` where DIR brought that part, `held out` where it was drawn from all pictures.
        evaluation: the figures on the test part; see `Recipe.refitted` for which head they belong to.
        worst: wrong pictures, the surest mistakes first; at most a few dozen.
        skipped: every file that was not used, with its reason.
        duplicates: what was found twice.
        candidates: what was tried and what was left out, in the order of the plan.
        recipe: how the shipped model was made.
        notes: what an older Fenlei said about the making of the model, in English only; empty in newer reports, which
            say it in `advice`.
        seed: the seed of split and folds.
        goal: `fast`, `balanced` or `accurate`.
        dataset_digest: SHA-256, hex, over labels, picture digests and parts.
        suspects: pictures that somebody should look at again, the most suspicious first; at most a thousand.
        suspect_counts: how many there are, by evidence; None where nobody looked.
        confused: the most frequent mix-ups, with pictures of each.
        slices: accuracy on pictures of the test part that look alike, or come from one place.
        calibration: how scores were made to mean what they say; None in reports of an older Fenlei.
        unknown: the rule for pictures of nothing known; None where there is none.
        no_unknown: the sentence that says why there is none; None where there is one.
        decision: thresholds of the classes; None where none were asked for.
        since: what has changed since the model that training went on from; None where it was none.
        learning_curve: what more pictures would bring; None where that was not measured.
        advice: plain sentences in both languages: what is good, what is doubtful, what to do next, and notes about how
            the model was made.
        validation_joined: pictures of a validation folder that were learned from, because there was a test folder too.
    """

    labels: list[str]
    counts: list[ClassCount]
    train_pictures: int
    test_pictures: int
    test_origin: str
    evaluation: Evaluation
    worst: list[WrongPicture]
    skipped: list[SkippedPicture]
    duplicates: Duplicates
    candidates: list[CandidateResult]
    recipe: Recipe
    seed: int
    goal: str
    dataset_digest: str
    suspects: list[Suspect] = []
    suspect_counts: SuspectCounts | None = None
    confused: list[ConfusedPair] = []
    slices: list[Slice] = []
    calibration: CalibrationFigures | None = None
    unknown: UnknownFigures | None = None
    no_unknown: Sentence | None = None
    decision: DecisionFigures | None = None
    since: Since | None = None
    learning_curve: LearningCurve | None = None
    advice: list[Sentence] = []
    validation_joined: int = 0
    notes: list[str] = []


def to_json(report: Report) -> bytes:
    """The report as indented UTF-8 JSON, the same bytes for the same report."""
    return msgspec.json.format(msgspec.json.encode(report), indent=1)


def from_json(data: bytes) -> Report:
    """Read what `to_json` wrote. Unknown fields are ignored.

    Raises:
        msgspec.ValidationError: a field is missing or of another type.
    """
    return msgspec.json.decode(data, type=Report)
