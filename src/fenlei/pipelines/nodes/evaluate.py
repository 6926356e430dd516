"""Judge a model by the test part of split pictures."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import msgspec
import numpy as np

from fenlei.contract.errors import FenleiError
from fenlei.imaging import prepare_for_training
from fenlei.inference import embed
from fenlei.modelfile import read
from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.errors import PipelineError
from fenlei.pipelines.found import found_pictures
from fenlei.pipelines.node import Family, node
from fenlei.pipelines.parameters import NoParams
from fenlei.pipelines.reference import Model, Report, Split
from fenlei.pipelines.words import Words
from fenlei.serving.host import ModelHost


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
)
def evaluate(model: Model, split: Split, *, params: NoParams, ctx: NodeContext) -> Report:
    """Judge a model on pictures."""
    from fenlei.training.division import judging_part
    from fenlei.training.evaluation import evaluate as figures

    number = {label: place for place, label in enumerate(model.labels)}
    rows: list[np.ndarray] = []
    truth: list[int] = []
    with tempfile.TemporaryDirectory(prefix="fenlei-") as place, found_pictures(ctx, split) as found:
        path = Path(place) / "model.fenlei"
        ctx.blobs.save_to(model.digest, path)
        host = ModelHost(cache=ctx.cache, kind=ctx.engine)
        try:
            predictor = host.adopt(read(path), path).predictor
            judging = judging_part(found.items)
            items = [each for each in found.items if each.part is judging and each.label in number]
            prepare = partial(prepare_for_training, spec=predictor.spec)
            for index, features, _ in embed([each.read for each in items], prepare, predictor.engine):
                ctx.check()
                ctx.progress("judging pictures", (index + 1) / len(items))
                if isinstance(features, FenleiError):
                    ctx.log(f"left aside: {items[index].name}: {features}")
                    continue
                rows.append(predictor.judge(features[None], strangeness=False)[0])
                truth.append(number[items[index].label])
        finally:
            host.close()
    if not rows:
        raise PipelineError(f"No picture of the test part is of a class this model knows: {', '.join(model.labels)}.")
    judged = figures(np.stack(rows), np.array(truth), model.labels)
    told = {"accuracy": judged.accuracy, "macro_f1": judged.macro_f1, "pictures": judged.pictures}
    return Report(digest=ctx.blobs.put(msgspec.json.encode(judged)), about="evaluation", headline=told)
