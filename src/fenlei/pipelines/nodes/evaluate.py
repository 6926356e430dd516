"""Judge a model by the test part of split pictures."""

from __future__ import annotations

import msgspec

from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.node import Family, node
from fenlei.pipelines.opened import opened, score_test_part
from fenlei.pipelines.parameters import NoParams
from fenlei.pipelines.reference import Model, Report, Split
from fenlei.pipelines.words import Words


@node(
    "judge.evaluate",
    version=1,
    family=Family.JUDGE,
    icon="clipboard-check",
    title=Words("Evaluate", "评估"),
    help=Words(
        "What a model gets right and wrong on the test part. Pictures of classes that it does not know are left aside.",
        "模型在测试集上的对与错。模型不认识的类别的图片会被忽略。",
    ),
    whole_machine=True,
    example={},
)
def evaluate(model: Model, split: Split, *, params: NoParams, ctx: NodeContext) -> Report:
    """Judge a model on pictures."""
    from fenlei.training.evaluation import evaluate as figures

    with opened(ctx, model) as ready:
        found = score_test_part(ctx, split, ready, lambda share: ctx.progress("judging pictures", share))
    judged = figures(found.scores, found.truth, model.labels)
    told = {"accuracy": judged.accuracy, "macro_f1": judged.macro_f1, "pictures": judged.pictures}
    return Report(digest=ctx.blobs.put(msgspec.json.encode(judged)), about="evaluation", headline=told)
