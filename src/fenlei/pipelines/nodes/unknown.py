"""The rule by which a model says that it does not know what is on a picture."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, NamedTuple

import msgspec
import numpy as np

from fenlei.modelfile import ModelFile, Unknown
from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.errors import PipelineError
from fenlei.pipelines.finished import Finished, finished, put
from fenlei.pipelines.node import Family, node
from fenlei.pipelines.opened import Asked, Opened, ask, ask_test_part, opened, unlearned
from fenlei.pipelines.parameters import Params, param
from fenlei.pipelines.reference import Model, Report, Split
from fenlei.pipelines.strangers import set_by_folds, set_by_unseen
from fenlei.pipelines.validation import training_entries, unseen_by
from fenlei.pipelines.words import Words
from fenlei.training.evaluation import wilson_interval
from fenlei.training.honesty_figures import RuleFigures

NAME = "finish.unknown"

MOST_LEARNED = 20_000
"""Pictures of the training part that the rule is learned from; more do not move it."""

AUTO, OFF = "auto", "off"


class UnknownParams(Params):
    """Which rule, and how often it may be wrong about known pictures."""

    rule: Literal[
        "auto",
        "relative Mahalanobis + neighbours",
        "relative Mahalanobis",
        "neighbours",
        "largest logit",
        "energy",
        "best score",
        "off",
    ] = param(
        AUTO,
        title=Words("Rule", "规则"),
        help=Words(
            "What makes a picture strange: its distance from the classes (`relative Mahalanobis`), from the nearest "
            "pictures (`neighbours`) or both, or how little the head says (`largest logit`, `energy`, `best score`). "
            "`auto` leaves out one class after another and takes the rule that notices best; `off` takes the rule "
            "away.",
            "判断陌生程度的依据：与各类别的距离（relative Mahalanobis）、与最近图片的距离（neighbours）或两者之和，"
            "或分类头的把握程度（largest logit、energy、best score）。"
            "auto 轮流留出类别并选出最能识别的规则；off 去掉规则。",
        ),
    )
    false_rejects: float = param(
        0.05,
        title=Words("Known pictures it may reject", "允许误拒的比例"),
        help=Words(
            "Share of pictures of known classes that may be called unknown; the smaller, the more strangers pass.",
            "已知类别的图片被判为“不认识”的允许比例；越小，漏过的陌生图片越多。",
        ),
        gt=0,
        le=0.5,
    )


class UnknownRule(msgspec.Struct, frozen=True, kw_only=True):
    """The rule, and how often it is wrong about known pictures.

    Attributes:
        rule_before: that the model had; None where it had none.
        rule: that it has now; None where it has none.
        compared: every rule, as it did where classes were left out in turn; none where one was chosen, or there are
            fewer than three classes.
        learned_from: pictures of the training part.
        threshold_set_by: `validation part`: the model itself on pictures that it had not learned from; `training part,
            by folds`: rules on pictures that they had not learned from; `nothing` where there is no rule.
        threshold_pictures: how many those were.
        false_rejects: share of known pictures that may be called unknown, as asked for.
        judged: pictures of the test part, all of known classes; none of them chose anything.
        learned: of these, how many the model has learned from; none unless there are no others.
        rejected_before: share of them that the rule before calls unknown; None without one.
        rejected: likewise of the rule of now.
        rejected_interval: Wilson's 95 % interval of that.
    """

    rule_before: str | None
    rule: str | None
    compared: list[RuleFigures]
    learned_from: int
    threshold_set_by: str
    threshold_pictures: int
    false_rejects: float
    judged: int
    learned: int
    rejected_before: float | None
    rejected: float | None
    rejected_interval: tuple[float, float] | None


@node(
    NAME,
    version=1,
    family=Family.FINISH,
    icon="zoom-question",
    title=Words("Unknown rule", "“不认识”规则"),
    help=Words(
        "Gives a model the rule by which it calls a picture unknown, where a deployment asks for that. Learned from "
        "the training part; its threshold is set by the validation part, where there is one that the model has not "
        "learned from, and else by folds. The report says what share of known pictures of the test part it rejects.",
        "为模型设定判断“不认识”的规则，供需要的部署使用。规则由训练集得出；阈值由模型未学习过的验证集设定，"
        "没有时用交叉验证。报告给出测试集中已知图片被误拒的比例。",
    ),
    whole_machine=True,
    example={"rule": "neighbours", "false_rejects": 0.1},
)
def unknown(model: Model, split: Split, *, params: UnknownParams, ctx: NodeContext) -> Finished:
    """Set a model's rule for unknown pictures anew, or take it away."""
    with opened(ctx, model) as ready:
        file = ready.file
        made = _Made() if params.rule == OFF else _set(ctx, split, ready, params)
        judges = ask_test_part(ctx, split, ready, lambda share: ctx.progress("judging", share))
    fresh = unlearned(file, judges)
    rows = fresh if fresh.any() else np.ones(len(judges), bool)
    before, after = (_rejected(file, each, judges, rows) for each in (file.unknown, made.unknown))
    count = int(rows.sum())
    told = UnknownRule(
        rule_before=None if file.unknown is None else file.unknown.rule,
        rule=None if made.unknown is None else made.unknown.rule,
        compared=made.compared,
        learned_from=made.learned_from,
        threshold_set_by=made.set_by,
        threshold_pictures=made.pictures,
        false_rejects=params.false_rejects,
        judged=count,
        learned=0 if fresh.any() else count,
        rejected_before=None if before is None else before / count,
        rejected=None if after is None else after / count,
        rejected_interval=None if after is None else wilson_interval(after, count),
    )
    manifest = finished(file.manifest, model, NAME, rule=told.rule, threshold_set_by=made.set_by)
    # What the manifest says of a rule is written from the rule itself, and nothing where there is none.
    ruled = put(ctx, replace(file, manifest=msgspec.structs.replace(manifest, unknown=None), unknown=made.unknown))
    headline: dict[str, Any] = {"rule": told.rule, "rejected": told.rejected, "pictures": count}
    return Finished(ruled, Report(digest=ctx.blobs.put(msgspec.json.encode(told)), about="unknown", headline=headline))


class _Made(NamedTuple):
    """A rule, and what it came of."""

    unknown: Unknown | None = None
    compared: list[RuleFigures] = []  # noqa: RUF012 - of a tuple, which nobody changes
    learned_from: int = 0
    set_by: str = "nothing"
    pictures: int = 0


def _set(ctx: NodeContext, split: Split, ready: Opened, params: UnknownParams) -> _Made:
    from fenlei.training.unknown import FEWEST

    learning = training_entries(ctx, split)[:MOST_LEARNED]
    learned = ask(ctx, split, ready, learning, lambda share: ctx.progress("asking the training part", share))
    if len(np.unique(learned.truth)) < 2:
        raise PipelineError(
            "The training part has pictures of fewer than two classes that the model knows; the rule is learned from "
            "those."
        )
    entries = unseen_by(ctx, split, ready.file)
    unseen = ask(ctx, split, ready, entries, lambda share: ctx.progress("asking the validation part", share))
    name = None if params.rule == AUTO else params.rule
    held_out = len(unseen) >= FEWEST
    if held_out:
        rule = set_by_unseen(ready, learned, unseen, name, params.false_rejects)
    else:
        rule = set_by_folds(ready, learned, name, params.false_rejects)
    if rule is None:
        raise PipelineError(
            f"Too few pictures could be held out to set the rule: it takes {FEWEST} of known classes that it has not "
            "learned from. Add pictures to the training part, or let `data.split` put some into a validation part."
        )
    compared = [
        RuleFigures(rule=each.rule, auroc=each.auroc, drawn=each.drawn, found=each.found) for each in rule.compared
    ]
    by = "validation part" if held_out else "training part, by folds"
    return _Made(rule.learn(learned.features, learned.truth), compared, len(learned), by, rule.pictures)


def _rejected(
    file: ModelFile, rule: Unknown | None, asked: Asked, rows: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> int | None:
    """How many of these pictures a rule calls unknown."""
    return None if rule is None else int(np.sum(rule.strangeness(asked.features[rows], file.head) > 1))
