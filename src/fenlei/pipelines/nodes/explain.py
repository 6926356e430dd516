"""Show what a model's answers rest on, by maps over pictures of the test part."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np

from fenlei.contract.errors import FenleiError
from fenlei.pipelines.context import NodeContext
from fenlei.pipelines.errors import PipelineError
from fenlei.pipelines.node import Family, node
from fenlei.pipelines.opened import Opened, Scored, opened, score_test_part
from fenlei.pipelines.parameters import Params, param
from fenlei.pipelines.reference import Model, Report, Split
from fenlei.pipelines.words import Words

_SCORED = 0.3
"""Share of the work that is done when every picture was judged."""


class ExplainParams(Params):
    """Of which pictures maps are drawn."""

    pictures: int = param(
        8,
        title=Words("Pictures", "图片数"),
        help=Words("How many maps are drawn, one of each picture.", "绘制多少张热力图，每张图片一张。"),
        ge=1,
        le=200,
    )
    which: Literal["wrong first", "unsure first", "each class"] = param(
        "wrong first",
        title=Words("Which", "选取方式"),
        help=Words(
            "`wrong first`: the surest mistakes, then the least sure answers; `unsure first`: the least sure answers, "
            "right or wrong; `each class`: of each class in turn, the wrong ones first.",
            "wrong first：先是最自信的错误，然后是最没把握的回答；unsure first：最没把握的回答，不论对错；"
            "each class：各类别轮流，错误优先。",
        ),
    )
    of: Literal["answer", "truth"] = param(
        "answer",
        title=Words("Explain", "解释对象"),
        help=Words(
            "What the answer rests on, or what speaks for the class that the picture has.",
            "解释模型的回答，或解释支持图片真实类别的依据。",
        ),
    )


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """One picture with its map.

    Attributes:
        name: of the picture.
        sha256: of its file, hex.
        label: its class.
        answer: what it was called.
        score: the score of `answer`.
        label_score: the score of `label`.
        explained: the class that the map speaks of: above zero a place speaks for it.
        png: SHA-256, hex, of the map over the picture, a PNG file among the blobs.
        cells: the map as 16 × 16 means, in nats of the class's odds.
    """

    name: str
    sha256: str
    label: str
    answer: str
    score: float
    label_score: float
    explained: str
    png: str
    cells: list[list[float]]


class ExplanationReport(msgspec.Struct, frozen=True, kw_only=True):
    """Maps of some pictures of the test part.

    Attributes:
        judged: pictures of that part.
        wrong: of those, how many were called wrong.
        maps: in the order that was asked for.
    """

    judged: int
    wrong: int
    maps: list[Explained]


@node(
    "judge.explain",
    version=1,
    family=Family.JUDGE,
    icon="flame",
    title=Words("Explain", "解释"),
    help=Words(
        "Draws maps of what answers rest on, of a few pictures of the test part: one part of a picture after another "
        "is covered, and what the class loses by that is shown.",
        "为测试集中的若干图片绘制热力图：逐块遮挡图片，显示该类别因此失去多少依据。",
    ),
    whole_machine=True,
    example={"pictures": 4, "which": "unsure first"},
)
def explain(model: Model, split: Split, *, params: ExplainParams, ctx: NodeContext) -> Report:
    """Draw maps of a few pictures."""
    with opened(ctx, model) as ready:
        found = score_test_part(ctx, split, ready, lambda share: ctx.progress("judging pictures", _SCORED * share))
        chosen = _chosen(found, params)
        maps: list[Explained] = []
        for done, row in enumerate(chosen):
            ctx.check()
            ctx.progress("drawing maps", _SCORED + (1 - _SCORED) * done / len(chosen))
            try:
                maps.append(_explained(ctx, ready, found, row, params))
            except FenleiError as exc:
                ctx.log(f"left aside: {found.items[row].name}: {exc}")
    if not maps:
        raise PipelineError("None of the chosen pictures could be explained; the log says why.")
    wrong = int((found.scores.argmax(axis=1) != found.truth).sum())
    told = ExplanationReport(judged=len(found.items), wrong=wrong, maps=maps)
    headline = {"maps": len(maps), "judged": told.judged, "wrong": wrong}
    return Report(digest=ctx.blobs.put(msgspec.json.encode(told)), about="explanation", headline=headline)


def _chosen(found: Scored, params: ExplainParams) -> list[int]:
    """Rows, in the order in which they are shown."""
    rows = np.arange(len(found.truth))
    best, own = found.scores.max(axis=1), found.scores[rows, found.truth]
    wrong = found.scores.argmax(axis=1) != found.truth
    if params.which == "unsure first":
        order = np.lexsort((rows, best))
    else:
        # Of those called wrong, by how little is left to the truth; of the others, by how unsure they are.
        order = np.lexsort((rows, np.where(wrong, own, best), ~wrong))
    if params.which == "each class":
        turn = np.zeros(len(rows), np.int64)
        for number in np.unique(found.truth):
            of_class = order[found.truth[order] == number]
            turn[of_class] = np.arange(len(of_class))
        order = order[np.lexsort((found.truth[order], turn[order]))]
    return [int(row) for row in order[: params.pictures]]


def _explained(ctx: NodeContext, ready: Opened, found: Scored, row: int, params: ExplainParams) -> Explained:
    from fenlei.serving.explain import explain as draw

    labels = ready.predictor.labels
    item, answer = found.items[row], int(found.scores[row].argmax())
    drawn = draw(ready.predictor, item.read(), item.label if params.of == "truth" else labels[answer])
    return Explained(
        name=item.name,
        sha256=found.digests[row],
        label=item.label,
        answer=labels[answer],
        score=float(found.scores[row, answer]),
        label_score=float(found.scores[row, found.truth[row]]),
        explained=drawn.label,
        png=ctx.blobs.put(drawn.png),
        cells=drawn.cells(),
    )
