"""The sections of the page that say what to make of it all, and what more pictures would bring."""

from __future__ import annotations

from fenlei.training.curve import ClassGain, CurvePoint
from fenlei.training.report import Report
from fenlei.training.report_words import both, count, fold, named, percent, percents, section
from fenlei.training.sentence import DOUBTFUL, GOOD, NEXT

SHOWN_GAINS = 10
"""Classes of which the page says what more pictures would bring; the JSON report has all."""

_KINDS = (
    (GOOD, "What is good", "哪些地方好"),
    (DOUBTFUL, "What is doubtful", "哪些地方存疑"),
    (NEXT, "What to do next", "接下来做什么"),
)


def advice(report: Report) -> str:
    """The sentences, by kind; nothing where there are none."""
    parts = ""
    for kind, en, zh in _KINDS:
        said = [each for each in report.advice if each.kind == kind]
        if said:
            listed = "".join(f"<li>{both(named(each.en), named(each.zh))}</li>\n" for each in said)
            parts += f"<h3>{both(en, zh)}</h3>\n<ul class=points>{listed}</ul>\n"
    return section("advice", "What to make of it", "怎么看这个结果", parts) if parts else ""


def learning_curve(report: Report) -> str:
    """What was learned from fewer pictures; nothing where it was not measured."""
    curve = report.learning_curve
    if curve is None:
        return ""
    lead = both(
        f"Learned again from fewer pictures of the training part ({named(curve.head)}), and judged by pictures that "
        "the folds held out.",
        f"只用训练部分的一部分图片重新学习（{named(_HEADS_ZH.get(curve.head, curve.head))}），用各折留出的图片评估。",
    )
    heads = (("pictures", "图片"), ("score", "得分"), ("95&nbsp;% interval", "95% 区间"))
    head = "".join(f"<th scope=col>{both(en, zh)}" for en, zh in heads)
    rows = "".join(_point(point) for point in curve.points)
    body = (
        f"<p>{lead}</p>\n<div class=scroll><table class=plain><thead><tr>{head}</thead>\n"
        f"<tbody>{rows}</tbody></table></div>\n"
    )
    if curve.gains:
        listed = "".join(_gain(gain) for gain in curve.gains[:SHOWN_GAINS])
        summary = both("What the second half of each class brought", "每个类别的后一半图片带来了什么")
        body += fold(summary, f"<ul class=points>{listed}</ul>")
    return section("curve", "What more pictures would bring", "增加图片会带来什么", body)


_HEADS_ZH = {"logistic regression": "逻辑回归", "linear SVM": "线性支持向量机", "prototypes": "原型（余弦）"}


def _point(point: CurvePoint) -> str:
    return (
        f"<tr><td>{both(count(point.pictures, 'picture', 'pictures'), f'{point.pictures:,} 张')}"
        f"<td>{percent(point.score)}&nbsp;%<td>{percents(*point.score_interval)}&nbsp;%"
    )


def _gain(gain: ClassGain) -> str:
    points = f"{100 * gain.gain:+.1f} ± {100 * gain.noise:.1f}"
    return f"<li>{named(gain.label)}: {both(f'{points} points', f'{points} 个百分点')}</li>\n"
