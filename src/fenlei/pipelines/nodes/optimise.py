"""A model for small machines: its network in eight bits, where that costs no more accuracy than one allows."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial

import msgspec
import numpy as np

from fenlei.inference import open_engine
from fenlei.modelfile import ModelFile
from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.eight_bits import (
    TOO_FAR,
    VALIDATION,
    Speed,
    decided,
    held_against,
    on_cpu,
    proving,
    rounded,
    speeds,
    to_calibrate,
)
from fenlei.pipelines.errors import PipelineError
from fenlei.pipelines.finished import Finished, finished, measured, promised, put
from fenlei.pipelines.node import Family, node
from fenlei.pipelines.opened import Asked, ask, ask_test_part, opened
from fenlei.pipelines.parameters import Params, param
from fenlei.pipelines.reference import Model, Report, Split
from fenlei.pipelines.validation import training_entries
from fenlei.pipelines.words import Words
from fenlei.training.versus import Versus

NAME = "finish.optimise"


class OptimiseParams(Params):
    """How much may be lost."""

    loss: float = param(
        0.3,
        title=Words("Points of accuracy that may be lost", "可损失的准确率（百分点）"),
        help=Words(
            "Where eight bits cost more, the model stays as it is. Decided by the validation part, or, without one, by "
            "folds of the training part; never by the test part.",
            "若 8 位网络损失更多，则模型保持原样。由验证集决定；没有验证集时由训练集的交叉验证决定，绝不使用测试集。",
        ),
        ge=0,
        le=100,
    )
    pictures: int = param(
        128,
        title=Words("Pictures to find ranges by", "校准图片数"),
        help=Words(
            "Of the training part, at most half of it: between which numbers the network computes is read off them.",
            "取自训练集，最多占其一半：用于测定网络各层数值的范围。",
        ),
        ge=8,
        le=1000,
    )


class Optimisation(msgspec.Struct, frozen=True, kw_only=True):
    """What eight bits brought and cost. Of two networks `old` and `before` are 32 bits, `new` and `after` are eight.

    Attributes:
        taken: whether the model that came out is the one in eight bits.
        why: in a sentence.
        pictures_for_ranges: pictures of the training part that the network was shown while ranges were found.
        decided_by: `validation part`: the model itself on pictures that it had not learned from; `training part, by
            folds`: linear heads on this network, each on pictures that the head had not learned from. A network that
            was fine-tuned has seen those all the same.
        points_lost: of accuracy there, in percent; below zero eight bits were right more often.
        points_allowed: that might be lost.
        decision: the figures behind it.
        judged: the model itself before and after, by the test part, which decided nothing.
        same_answer: share of those pictures that both call the same.
        called_unknown_before: share of those that the rule for unknown pictures rejects; None without such a rule.
        called_unknown_after: likewise.
        model_bytes_before: of the model file.
        model_bytes_after: likewise.
        network_bytes_before: of the network in it.
        network_bytes_after: likewise.
        milliseconds: of one picture on one core of this machine, by engine.
        engines_apart: the farthest that a score in eight bits was between two engines; None where they agree on fewer
            than half of the parity pictures.
        scores_may_differ_by: as the model that was made says of its parity pictures; None where none was made.
    """

    taken: bool
    why: str
    pictures_for_ranges: int
    decided_by: str
    points_lost: float
    points_allowed: float
    decision: Versus
    judged: Versus
    same_answer: float
    called_unknown_before: float | None
    called_unknown_after: float | None
    model_bytes_before: int
    model_bytes_after: int
    network_bytes_before: int
    network_bytes_after: int
    milliseconds: list[Speed]
    engines_apart: float | None
    scores_may_differ_by: float | None


@node(
    NAME,
    version=1,
    family=Family.FINISH,
    icon="bolt",
    title=Words("Optimise (int8)", "优化（int8）"),
    help=Words(
        "Writes the model's network in eight bits: a quarter of the size, about twice as fast on a CPU, for edge "
        "devices. Where that costs too much accuracy, the model stays as it is; the report says what was lost and "
        "gained. On CPUs that are older than such arithmetic the model may be refused.",
        "将模型的网络转换为 8 位整数：体积约为四分之一，CPU 上速度约为两倍，适合边缘设备。"
        "若准确率损失过大则模型保持原样；报告说明得失。过旧的 CPU 不支持此类运算，可能会拒绝加载该模型。",
    ),
    whole_machine=True,
    example={"loss": 1.0, "pictures": 16},
)
def optimise(model: Model, split: Split, *, params: OptimiseParams, ctx: NodeContext) -> Finished:
    """Write a model's network in eight bits, if that costs little."""
    from fenlei.training.picture_list import learned_digests

    with opened(ctx, model) as ready:
        file, spec, learning = ready.file, ready.predictor.spec, training_entries(ctx, split)
        if not learning:
            raise PipelineError("The training part has no picture, so there is none to find ranges by.")
        ranging = to_calibrate(learning, params.pictures)
        network, shown = rounded(ctx, ready, ranging)
        before, size = ready.network(), (spec.height, spec.width)
        engine = open_engine(network, size=size, kind=ctx.engine, cache=ctx.cache / "compiled")
        try:
            by, decision = decided(ctx, split, ready, engine, {each.sha256 for each in ranging})
            old = ask_test_part(ctx, split, ready, lambda share: ctx.progress("judging 32 bits", share))
            told = partial(ctx.progress, "judging 8 bits")
            new = ask(ctx, split, ready, old.entries, told, engine)
            with on_cpu(ctx, size, [before, network]) as engines:
                ctx.progress("measuring", 0.0)
                milliseconds = speeds(engines, shown[0])
                proof = proving(file, [each[1] for each in engines.values()], shown)
            pictures = file.parity if proof is None else proof.pictures
            parity = promised(replace(file, parity=pictures), file.head, engine)
        finally:
            engine.close()
    good, why = _verdict(by, decision, params.loss, provable=proof is not None)
    done = finished(file.manifest, model, NAME, network="int8", decided_by=by, points_lost=_lost(decision))
    backbone = msgspec.structs.replace(
        file.manifest.backbone, digest=hashlib.sha256(network).hexdigest(), embedded=True
    )
    manifest = msgspec.structs.replace(
        done,
        backbone=backbone,
        metrics=measured(file, file.head, new) or done.metrics,
        tolerance=msgspec.UNSET if proof is None else proof.allowed,
    )
    small = put(ctx, replace(file, manifest=manifest, network=network, parity=parity))
    called = [file.head.logits(each.features).argmax(axis=1) for each in (old, new)]
    found = Optimisation(
        taken=good,
        why=why,
        pictures_for_ranges=len(ranging),
        decided_by=by,
        points_lost=_lost(decision),
        points_allowed=params.loss,
        decision=decision,
        judged=held_against(old, called, learned_digests(file)),
        same_answer=float(np.mean(called[0] == called[1])),
        called_unknown_before=_strange(file, old),
        called_unknown_after=_strange(file, new),
        model_bytes_before=model.bytes,
        model_bytes_after=small.bytes,
        network_bytes_before=len(before),
        network_bytes_after=len(network),
        milliseconds=milliseconds,
        engines_apart=None if proof is None else proof.apart,
        scores_may_differ_by=proof.allowed if good and proof is not None else None,
    )
    ctx.log(why)
    headline = {
        "taken": good,
        "accuracy_before": found.judged.old,
        "accuracy_after": found.judged.new,
        "points_lost": found.points_lost,
        "bytes_before": found.model_bytes_before,
        "bytes_after": found.model_bytes_after,
    }
    report = Report(digest=ctx.blobs.put(msgspec.json.encode(found)), about="optimisation", headline=headline)
    return Finished(small if good else model, report)


def _verdict(by: str, decision: Versus, allowed: float, *, provable: bool) -> tuple[bool, str]:
    """Whether eight bits are taken, and a sentence that says why."""
    lost = _lost(decision)
    low, high = (-100 * each for each in reversed(decision.difference_interval))
    cost = (
        f"Eight bits cost {lost:.2f} points of accuracy ({low:.2f} to {high:.2f}) on {decision.pictures} pictures of "
        f"the {'validation part' if by == VALIDATION else 'training part, by heads that had not learned from them'}; "
        f"{allowed:g} may be lost"
    )
    if lost > allowed:
        return False, f"{cost}. The model stays as it is."
    if not provable:
        return False, f"{cost}. But {TOO_FAR}. The model stays as it is."
    return True, f"{cost}. The model is in eight bits now."


def _lost(decision: Versus) -> float:
    return round(-100 * decision.difference, 4) + 0.0  # minus zero is zero


def _strange(file: ModelFile, asked: Asked) -> float | None:
    if file.unknown is None:
        return None
    return float(np.mean(file.unknown.strangeness(asked.features, file.head) > 1))
