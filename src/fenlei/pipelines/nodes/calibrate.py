"""Scores that mean what they say, by pictures that the model has not learned from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np

from fenlei.modelfile import Calibration, Decision, Head, ModelFile
from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.eight_bits import proving_still
from fenlei.pipelines.finished import Finished, finished, measured, promised, put, trained_by
from fenlei.pipelines.node import Family, node
from fenlei.pipelines.opened import Asked, ask, ask_test_part, opened, unlearned
from fenlei.pipelines.parameters import Params, param
from fenlei.pipelines.pictures import together
from fenlei.pipelines.reference import Model, Report, Split
from fenlei.pipelines.validation import to_choose_by
from fenlei.pipelines.words import Words
from fenlei.training.evaluation import Evaluation, ReliabilityBin, evaluate

if TYPE_CHECKING:
    from fenlei.training.calibrate import Calibrated

NAME = "finish.calibrate"

FEWEST = 10
"""Pictures of the validation part below which a calibration would be chance."""

AUTO, TEMPERATURE, VECTOR, NONE = "auto", "temperature", "vector", "none"


class CalibrateParams(Params):
    """How scores are calibrated."""

    method: Literal["auto", "temperature", "vector", "none"] = param(
        AUTO,
        title=Words("Method", "方法"),
        help=Words(
            "`temperature`: one number, which changes no answer; `vector`: a scale and a shift for each class, which "
            "may; `auto`: the second where it is better beyond noise; `none`: scores as the head gives them.",
            "temperature：一个温度参数，不改变预测类别；vector：每类一个缩放和偏移，可能改变预测类别；"
            "auto：仅当 vector 明显更好时才使用；none：直接使用分类头的得分。",
        ),
    )


class Recalibration(msgspec.Struct, frozen=True, kw_only=True):
    """How far scores could be believed before and after.

    Attributes:
        method_before: how they were calibrated: `temperature`, `vector` or `none`.
        method: how they are now.
        temperature: what logits are divided by; by `vector` that from which its numbers were looked for.
        chosen_by: pictures of the validation part by which it was chosen.
        vector_chance: chance that `vector` is better than `temperature` on pictures that it was not fitted on; None
            where nobody looked, or the smallest class has too few pictures.
        judged: pictures of the test part by which both are judged; none of them chose anything.
        learned: of these, how many the model has learned from; none unless there are no others.
        calibration_error_before: mean over those pictures of |claimed - right|, by bins of the best score (expected
            calibration error).
        calibration_error_after: likewise.
        log_loss_before: mean of -ln(score of the truth), in nats.
        log_loss_after: likewise.
        accuracy_before: share that was called right.
        accuracy_after: likewise.
        reliability_before: the bins, from low scores to high ones.
        reliability_after: likewise.
        thresholds: what became of thresholds of the classes: `none`, `chosen anew` by the same demand and the same
            pictures, or `taken away`, where the file does not tell what was demanded.
    """

    method_before: str
    method: str
    temperature: float
    chosen_by: int
    vector_chance: float | None
    judged: int
    learned: int
    calibration_error_before: float
    calibration_error_after: float
    log_loss_before: float
    log_loss_after: float
    accuracy_before: float
    accuracy_after: float
    reliability_before: list[ReliabilityBin]
    reliability_after: list[ReliabilityBin]
    thresholds: str


@node(
    NAME,
    version=1,
    family=Family.FINISH,
    icon="adjustments",
    title=Words("Calibrate", "校准"),
    help=Words(
        "Makes scores mean what they say: of a hundred answers with a score of 0.9, ninety are right. Chosen by the "
        "validation part, which Split holds out for it and no node learns from; judged by the test part.",
        "让得分名副其实：得分为 0.9 的一百个回答中约有九十个正确。"
        "由验证集选定（由“数据拆分”留出，不参与训练），由测试集评判。",
    ),
    whole_machine=True,
    example={"method": "vector"},
)
def calibrate(model: Model, split: Split, *, params: CalibrateParams, ctx: NodeContext) -> Finished:
    """Choose a model's calibration anew."""
    with opened(ctx, model) as ready:
        file = ready.file
        entries = to_choose_by(ctx, split, file, "calibrate", FEWEST)
        chooses = ask(ctx, split, ready, entries, lambda share: ctx.progress("asking the validation part", share))
        chosen = _chosen(file.head, chooses, params.method)
        head = chosen.of(file.head)
        decision, thresholds = _decision(file, head, chooses)
        judges = ask_test_part(ctx, split, ready, lambda share: ctx.progress("judging", share))
        proving = proving_still(ctx, replace(file, head=head), ready.network())
        proven = file if proving is None else replace(file, parity=proving.pictures)
        parity = promised(proven, head, ready.predictor.engine)
    method = NONE if params.method == NONE else chosen.method
    done = finished(file.manifest, model, NAME, method=method, pictures=len(chooses))
    manifest = msgspec.structs.replace(
        done,
        calibration=Calibration(method=method, temperature=chosen.temperature),
        decision=decision,
        metrics=measured(file, head, judges) or done.metrics,
        tolerance=msgspec.UNSET if proving is None else proving.allowed,
    )
    made = put(ctx, replace(file, manifest=manifest, head=head, parity=parity))
    before, after, learned = _judged(file, head, judges)
    told = Recalibration(
        method_before=file.manifest.calibration.method,
        method=method,
        temperature=chosen.temperature,
        chosen_by=len(chooses),
        vector_chance=chosen.vector_chance,
        judged=before.pictures,
        learned=learned,
        calibration_error_before=before.expected_calibration_error,
        calibration_error_after=after.expected_calibration_error,
        log_loss_before=before.log_loss,
        log_loss_after=after.log_loss,
        accuracy_before=before.accuracy,
        accuracy_after=after.accuracy,
        reliability_before=before.reliability,
        reliability_after=after.reliability,
        thresholds=thresholds,
    )
    if thresholds == _GONE:
        ctx.log("the thresholds of the classes are taken away: they were chosen on other scores, for an unknown demand")
    headline: dict[str, Any] = {
        "method": method,
        "calibration_error_before": told.calibration_error_before,
        "calibration_error_after": told.calibration_error_after,
        "pictures": told.judged,
    }
    report = Report(digest=ctx.blobs.put(msgspec.json.encode(told)), about="calibration", headline=headline)
    return Finished(made, report)


def _chosen(head: Head, asked: Asked, method: str) -> Calibrated:
    from fenlei.training.calibrate import Calibrated, fit_vector
    from fenlei.training.calibrate import calibrate as choose
    from fenlei.training.calibration import fit_temperature
    from fenlei.training.one_thread import one_thread

    if method == NONE:
        return Calibrated(1.0)
    logits = head.raw(asked.features)
    temperature = fit_temperature(logits, asked.truth)
    if method == TEMPERATURE:
        return Calibrated(temperature)
    if method == VECTOR:
        with one_thread():
            return Calibrated(temperature, *fit_vector(logits, asked.truth, temperature))
    held, groups = np.ones((1, len(asked)), bool), np.array(together(asked.entries), np.int64)
    return choose(logits[None], held, asked.truth, groups, temperature=temperature, seed=0)


_NONE, _ANEW, _GONE = "none", "chosen anew", "taken away"


def _decision(file: ModelFile, head: Head, asked: Asked) -> tuple[Decision | None, str]:
    """Thresholds that fit the new scores: the old ones would keep no promise on them."""
    from fenlei.training.decide import NOTHING_ASKED, choose_thresholds

    if file.manifest.decision is None:
        return None, _NONE
    formula = trained_by(file)
    if formula is None or formula.demand == NOTHING_ASKED:
        return None, _GONE
    groups = np.array(together(asked.entries), np.int64)
    scores, labels = head.scores(asked.features), file.manifest.labels
    return choose_thresholds(formula.demand, scores, asked.truth, groups, labels, 0)[0], _ANEW


def _judged(file: ModelFile, head: Head, asked: Asked) -> tuple[Evaluation, Evaluation, int]:
    """Before, after, and how many of the pictures the model has learned from."""
    fresh = unlearned(file, asked)
    rows = np.flatnonzero(fresh) if fresh.any() else np.arange(len(asked))
    features, truth, labels = asked.features[rows], asked.truth[rows], file.manifest.labels
    before, after = (evaluate(each.scores(features), truth, labels) for each in (file.head, head))
    return before, after, 0 if fresh.any() else len(rows)
