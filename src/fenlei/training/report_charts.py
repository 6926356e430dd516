"""The pictures among the figures: what was taken for what, class by class, and how far the scores can be believed."""

from __future__ import annotations

import math

from fenlei.training.evaluation import ClassResult, Evaluation, ReliabilityBin
from fenlei.training.honesty_figures import CalibrationFigures
from fenlei.training.report import ClassCount
from fenlei.training.report_honesty import calibration
from fenlei.training.report_words import both, count, fold, hint, named, percent, section

ROOMY = 12
"""Up to so many classes a cell shows count and share together; above, one of them, by a switch."""

PAIRS = 10
"""Mix-ups listed above the matrix."""

PAIRS_FROM = 5
"""From so many classes on a list of mix-ups is easier to read than the matrix."""


def mixups(evaluation: Evaluation) -> list[tuple[int, int, int]]:
    """(truth, called, pictures) of every mix-up, the most frequent first, then in class order."""
    found = [
        (truth, called, pictures)
        for truth, row in enumerate(evaluation.confusion)
        for called, pictures in enumerate(row)
        if pictures and truth != called
    ]
    return sorted(found, key=lambda pair: (-pair[2], pair[0], pair[1]))


def confusion(
    evaluation: Evaluation, labels: list[str], anchors: dict[tuple[int, int], str], galleries: str = ""
) -> str:
    """The matrix as a table: rows are the truth, columns what the model said, colour the share of the row.

    Args:
        evaluation: the figures.
        labels: class names in class order.
        anchors: of pairs (truth, called), where their pictures are shown.
        galleries: markup that shows them.
    """
    head = "".join(f'<th scope="col" title="{hint(label)}"><span>{named(label)}</span>' for label in labels)
    rows = "".join(_matrix_row(row, number, labels, anchors) for number, row in enumerate(evaluation.confusion))
    corner = both("really ↓<br>called →", "实际 ↓<br>判为 →")
    total = both("all", "合计")
    roomy = len(labels) <= ROOMY
    upright = roomy and max(len(label) for label in labels) * len(labels) <= 72
    look = f"matrix{'' if roomy else ' dense'}{' upright' if upright else ''}"
    table = (
        f'<div class="scroll" tabindex="0" role="region" aria-labelledby="confusion-h"><table class="{look}">'
        f'<thead><tr><th class="corner">{corner}{head}<th scope="col" class="sum">{total}</thead>\n'
        f"<tbody>{rows}</tbody></table></div>\n"
    )
    switch = "" if roomy else _switch()
    lead = both(
        "Each row is one class as it really is; along it, what the model said. Green is right, orange is a mix-up.",
        "每一行是图片的真实类别，沿着这一行看模型把它们判成了什么。绿色是判对，橙色是混淆。",
    )
    pictures = f"<h3>{both('Pictures of the mix-ups', '混淆的图片')}</h3>\n{galleries}" if galleries else ""
    body = f"<p>{lead}</p>\n{_pairs(evaluation, labels)}{switch}{table}{pictures}"
    return section("confusion", "What is taken for what", "哪些类别会被混淆", body)


def per_class(evaluation: Evaluation, counts: list[ClassCount]) -> str:
    """A row of bars for every class, sortable where scripts run."""
    learned = {entry.label: entry.train for entry in counts}
    rows = "".join(
        _class_row(number, result, learned.get(result.label, 0), evaluation)
        for number, result in enumerate(evaluation.per_class)
    )
    head = "".join(
        f'<th scope="col"{extra}><span>{both(en, zh)}</span>'
        for en, zh, extra in (
            ("class", "类别", ' aria-sort="ascending"'),
            ("recall", "召回率", ' class="b"'),
            ("precision", "精确率", ' class="b"'),
            ("F1", "F1", ' class="b"'),
            ("judged on", "评估图片", ' class="n"'),
            ("learned from", "学习图片", ' class="n"'),
        )
    )
    explained = both(
        "<b>Recall</b>: of the pictures that are this class, how many were found. <b>Precision</b>: of the pictures "
        "called this class, how many are. <b>F1</b>: one number for both; it is high only when both are. "
        "A dash means that there was nothing to count.",
        "<b>召回率</b>：真正属于该类的图片里，有多少被找了出来。<b>精确率</b>：被判为该类的图片里，有多少确实是。"
        "<b>F1</b>：把两者合成一个数，两者都高它才高。短横线表示没有可统计的图片。",
    )
    table = (
        '<div class="scroll" tabindex="0" role="region" aria-labelledby="classes-h"><table class="bars sortable">'
        f"<thead><tr>{head}</thead>\n<tbody>{rows}</tbody></table></div>\n"
    )
    return section("classes", "Class by class", "逐个类别", f"{table}<p class=quiet>{explained}</p>\n")


def reliability(evaluation: Evaluation, figures: CalibrationFigures | None = None) -> str:
    """What the model claimed against what came true, before and after calibration, as a drawing and as a table."""
    error = f"{evaluation.expected_calibration_error * 100:.1f}"
    claimed = sum(b.confidence * b.count for b in evaluation.reliability) / evaluation.pictures
    if abs(claimed - evaluation.accuracy) < 0.01:
        lean_en, lean_zh = "On the whole it claims as much as it keeps.", "总体上说多少就做到多少。"
    elif claimed > evaluation.accuracy:
        lean_en, lean_zh = "On the whole it is surer than it should be.", "总体上偏自信。"
    else:
        lean_en, lean_zh = "On the whole it is more careful than it needs to be.", "总体上偏谨慎。"
    lead = both(
        f"When the model says 90&nbsp;%, is it right nine times in ten? Points on the line mean yes; below it, the "
        f"model claims too much; above it, too little. On average its claims are off by <b>{error} points</b> "
        f"(expected calibration error). {lean_en}",
        f"模型说 90% 的时候，十次里真能对九次吗？点落在斜线上就是能；在线下方是过于自信，在上方是过于谨慎。"
        f"平均相差 <b>{error} 个百分点</b>（期望校准误差 ECE）。{lean_zh}",
    )
    used = [b for b in evaluation.reliability if b.count]
    rows = "".join(
        f"<tr><th scope=row>{percents_of(b)}<td>{b.count:,}<td>{b.confidence * 100:.1f}<td>{b.accuracy * 100:.1f}"
        for b in used
    )
    table = (
        f"<table class=plain><thead><tr><th scope=col>{both('best score, %', '最高得分（%）')}"
        f"<th scope=col>{both('pictures', '图片数')}<th scope=col>{both('claimed, %', '模型声称（%）')}"
        f"<th scope=col>{both('came true, %', '实际正确（%）')}</thead><tbody>{rows}</tbody></table>\n"
    )
    few = both(
        "The size of a point is the number of pictures behind it; small points are mostly chance.",
        "点的大小表示背后的图片数，小点多半只是偶然。",
    )
    before = [] if figures is None else [b for b in figures.reliability_before if b.count]
    body = (
        f"<p>{lead}</p>\n{calibration(figures)}"
        f'<div class="chart">{_diagram(used, before)}<p class=quiet>{few}</p></div>\n'
    )
    return section(
        "trust",
        "Can its scores be believed?",
        "得分可信吗？",
        body + fold(both("The same as a table", "以表格查看"), table),
    )


def percents_of(b: ReliabilityBin) -> str:
    """The bounds of a bin in percent."""
    return f"{b.low * 100:.0f}\N{EN DASH}{b.high * 100:.0f}"


def _matrix_row(row: list[int], number: int, labels: list[str], anchors: dict[tuple[int, int], str]) -> str:
    total = sum(row)
    cells = "".join(
        _cell(pictures, total, labels[number], labels[called], anchors.get((number, called)), right=called == number)
        for called, pictures in enumerate(row)
    )
    label = labels[number]
    return f'<tr><th scope="row" title="{hint(label)}"><span>{named(label)}</span>{cells}<td class=sum>{total:,}\n'


def _cell(pictures: int, total: int, truth: str, called: str, anchor: str | None, *, right: bool) -> str:
    if not pictures:
        return "<td class=r0>" if right and total else "<td>"
    share = pictures / total
    # Mix-ups are mostly small shares: the root lets one in fifty be seen beside one in three.
    heat = math.ceil(10 * (share if right else math.sqrt(share)))
    title = f"{hint(truth)} → {hint(called)}: {pictures:,} / {total:,} = {percent(share)} %"
    figures = f"<b>{pictures:,}</b><i>{percent(share)}%</i>"
    linked = figures if anchor is None else f'<a href="#{anchor}">{figures}</a>'
    return f'<td class="{"r" if right else "w"} h{heat}" title="{title}">{linked}'


def _switch() -> str:
    counts, shares = both("pictures", "图片数"), both("% of the row", "占该行百分比")
    return (
        f'<fieldset class="switch"><legend class="away">{both("Cells show", "单元格显示")}</legend>'
        f'<label><input type="radio" name="cell" id="cell-count" checked>{counts}</label>'
        f'<label><input type="radio" name="cell" id="cell-share">{shares}</label></fieldset>\n'
    )


def _pairs(evaluation: Evaluation, labels: list[str]) -> str:
    pairs = mixups(evaluation)
    if len(labels) < PAIRS_FROM or not pairs:
        return ""
    rows = "".join(
        f"<tr><td>{named(labels[truth])}<td>{named(labels[called])}<td>{pictures:,}"
        f"<td>{percent(pictures / sum(evaluation.confusion[truth]))}%"
        for truth, called, pictures in pairs[:PAIRS]
    )
    more = ""
    if len(pairs) > PAIRS:
        rest = len(pairs) - PAIRS
        sentence = both(
            f"{count(rest, 'further pair', 'further pairs')} in the matrix.", f"另有 {rest:,} 对，见下方矩阵。"
        )
        more = f"<p class=quiet>{sentence}</p>\n"
    return (
        f"<h3>{both('Most confused pairs', '最常混淆的类别')}</h3>\n<div class=scroll><table class=plain><thead><tr>"
        f"<th scope=col>{both('really', '实际')}<th scope=col>{both('called', '判为')}"
        f"<th scope=col>{both('pictures', '图片数')}<th scope=col>{both('of that class', '占该类')}</thead>"
        f"<tbody>{rows}</tbody></table></div>\n{more}<h3>{both('All of it', '完整矩阵')}</h3>\n"
    )


def _class_row(number: int, result: ClassResult, learned: int, evaluation: Evaluation) -> str:
    called = sum(row[number] for row in evaluation.confusion)
    bars = "".join(
        _bar(value, counted=bool(counted))
        for value, counted in (
            (result.recall, result.support),
            (result.precision, called),
            (result.f1, result.support + called),
        )
    )
    return (
        f'<tr><th scope="row" data-v="{number}">{named(result.label)}'
        f'{bars}<td class="n" data-v="{result.support}">{result.support:,}'
        f'<td class="n" data-v="{learned}">{learned:,}\n'
    )


def _bar(share: float, *, counted: bool) -> str:
    if not counted:
        return '<td class="b none" data-v="-1">\N{EN DASH}'
    return f'<td class="b" data-v="{share:.4f}"><i style="--v:{share * 100:.1f}%"></i>{percent(share)}%'


def _diagram(bins: list[ReliabilityBin], before: list[ReliabilityBin]) -> str:
    left, top, side = 46, 12, 300
    most = max(b.count for b in [*bins, *before])

    def x(share: float) -> str:
        return f"{left + side * share:.1f}"

    def y(share: float) -> str:
        return f"{top + side * (1 - share):.1f}"

    grid = "".join(
        f'<path class="grid" d="M{x(0)} {y(v)}H{x(1)}M{x(v)} {y(0)}V{y(1)}"/>'
        f'<text x="{left - 8}" y="{y(v)}" dy=".35em" text-anchor="end">{v * 100:.0f}</text>'
        f'<text x="{x(v)}" y="{top + side + 18}" text-anchor="middle">{v * 100:.0f}</text>'
        for v in (0.0, 0.25, 0.5, 0.75, 1.0)
    )
    gaps = "".join(
        f'<path class="gap" d="M{x(b.confidence)} {y(b.confidence)}V{y(b.accuracy)}"/>' for b in bins if b.count
    )
    points = "".join(
        f'<circle cx="{x(b.confidence)}" cy="{y(b.accuracy)}" r="{3 + 9 * math.sqrt(b.count / most):.1f}">'
        f"<title>{b.confidence * 100:.1f} % → {b.accuracy * 100:.1f} % ({b.count:,})</title></circle>"
        for b in bins
    )
    hollow = "".join(
        f'<circle class="before" cx="{x(b.confidence)}" cy="{y(b.accuracy)}" '
        f'r="{3 + 9 * math.sqrt(b.count / most):.1f}"/>'
        for b in before
    )
    middle, foot = left + side / 2, top + side + 38
    turned = f"rotate(-90 14 {top + side / 2})"
    return (
        f'<svg viewBox="0 0 {left + side + 16} {top + side + 46}" role="img" aria-labelledby="trust-h">{grid}'
        f'<path class="ideal" d="M{x(0)} {y(0)}L{x(1)} {y(1)}"/>{gaps}{hollow}{points}'
        f'<text class="en" x="{middle}" y="{foot}" text-anchor="middle">what the model claimed, %</text>'
        f'<text class="zh" x="{middle}" y="{foot}" text-anchor="middle">模型声称的把握，%</text>'
        f'<text class="en" x="14" y="{top + side / 2}" text-anchor="middle" transform="{turned}">'
        f"how often it was right, %</text>"
        f'<text class="zh" x="14" y="{top + side / 2}" text-anchor="middle" transform="{turned}">'
        f"实际判对的比例，%</text></svg>\n"
    )
