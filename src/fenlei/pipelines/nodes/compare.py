"""Hold models against each other by the same test pictures."""

from __future__ import annotations

from itertools import combinations

import msgspec
import numpy as np

from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.errors import PipelineError
from fenlei.pipelines.node import Family, node
from fenlei.pipelines.opened import opened, score_test_part
from fenlei.pipelines.parameters import NoParams
from fenlei.pipelines.reference import Model, Report, Split
from fenlei.pipelines.words import Words
from fenlei.training.versus import Versus

NAMES = ("first", "second", "third")
"""What models are called: after the inputs."""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One of the models.

    Attributes:
        name: of the input.
        model: SHA-256, hex, of its file.
        accuracy: share of the pictures that it called right.
        accuracy_interval: Wilson's 95 % interval of it.
        learned: of these pictures, how many it has learned from, as far as its file tells.
    """

    name: str
    model: str
    accuracy: float
    accuracy_interval: tuple[float, float]
    learned: int


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Two of the models, picture by picture; in `versus`, `old` is `one` and `new` is `other`."""

    one: str
    other: str
    versus: Versus


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Models on the same pictures.

    Attributes:
        pictures: of the test part, of classes that all models know, and that none has learned from; where there are no
            others, also those, which `Compared.learned` counts.
        left_out: how many were left out because a model has learned from them.
        unknown: how many were left out because not all models know their class.
        models: in the order of the inputs.
        pairs: each with each.
    """

    pictures: int
    left_out: int
    unknown: int
    models: list[Compared]
    pairs: list[Pair]


@node(
    "judge.compare",
    version=1,
    family=Family.JUDGE,
    icon="arrows-left-right",
    title=Words("Compare", "对比模型"),
    help=Words(
        "Which of two or three models is right more often on the same pictures of the test part, and by how much "
        "beyond noise. Pictures that one of them has learned from, or whose class one does not know, are left out.",
        "在同一批测试图片上比较两三个模型的准确率，并说明差距是否超出偶然。任一模型学习过的图片、或不认识其类别的图片不参与比较。",
    ),
    whole_machine=True,
    example={},
)
def compare(
    first: Model, second: Model, third: Model | None, split: Split, *, params: NoParams, ctx: NodeContext
) -> Report:
    """Hold two or three models against each other."""
    from fenlei.training.evaluation import wilson_interval
    from fenlei.training.paired import Answers, in_common, versus
    from fenlei.training.picture_list import learned_digests

    models = [each for each in (first, second, third) if each is not None]
    answers: list[Answers] = []
    for place, model in enumerate(models):

        def told(share: float, place: int = place) -> None:
            ctx.progress(f"asking the {NAMES[place]} model", (place + share) / len(models))

        with opened(ctx, model) as ready:
            found = score_test_part(ctx, split, ready, told)
            right = np.asarray(found.scores.argmax(axis=1) == found.truth)
            names, labels = [each.name for each in found.items], [each.label for each in found.items]
            answers.append(Answers(names, labels, found.digests, right, learned_digests(ready.file)))
    common = in_common(answers)
    if common is None:
        known = "; ".join(f"the {NAMES[place]} knows {', '.join(each.labels)}" for place, each in enumerate(models))
        raise PipelineError(f"No picture of the test part is of a class that all models know: {known}.")
    count = len(common.labels)
    compared = [
        Compared(
            name=NAMES[place],
            model=model.digest,
            accuracy=float(common.rights[place].mean()),
            accuracy_interval=wilson_interval(int(common.rights[place].sum()), count),
            learned=int(common.learned[place].sum()),
        )
        for place, model in enumerate(models)
    ]
    pairs = [
        Pair(one=NAMES[one], other=NAMES[other], versus=versus(common, one, other))
        for one, other in combinations(range(len(models)), 2)
    ]
    made = Comparison(
        pictures=count, left_out=common.left_out, unknown=common.unknown, models=compared, pairs=pairs
    )  # fmt: skip
    headline = {f"accuracy_{each.name}": each.accuracy for each in compared}
    headline |= {"difference": pairs[0].versus.difference, "chance": pairs[0].versus.chance, "pictures": count}
    return Report(digest=ctx.blobs.put(msgspec.json.encode(made)), about="comparison", headline=headline)
