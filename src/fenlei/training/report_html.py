"""The report as one page a person reads: no network, no other file, the same bytes for the same report.

English and Chinese stand side by side in the page, and a pair of radio buttons shows one of them; the script only
presses the reader's language and sorts tables. Without scripts the page is complete.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources

from fenlei.training.report import Report
from fenlei.training.report_advice import advice, learning_curve
from fenlei.training.report_charts import confusion, mixups, per_class, reliability
from fenlei.training.report_honesty import decision, unknown
from fenlei.training.report_lists import candidates, duplicates, recipe, skipped
from fenlei.training.report_pictures import anchors, confused_galleries, wrong_pictures
from fenlei.training.report_since import against_before
from fenlei.training.report_slices import weaker_where
from fenlei.training.report_suspects import suspects
from fenlei.training.report_words import both, count, fold, named, percent, percents, section
from fenlei.training.sentence import NOTE

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'"
)
"""What the page may do: show itself. A hostile label that got through escaping could still fetch nothing."""

FEW_ENOUGH = 24
"""Up to so many class names are listed at once; more are folded away."""


def render(report: Report, gallery: Sequence[bytes]) -> str:
    """One self-contained HTML page. Equal reports and galleries give equal text.

    Args:
        report: what training found.
        gallery: thumbnails, JPEG or PNG files, that the report's pictures point into. Those that nothing points at are
            left out.

    Raises:
        ValueError: a thumbnail is neither JPEG nor PNG, or a wrong picture points outside the gallery.
    """
    sections = [
        _headline(report),
        against_before(report.since),
        advice(report),
        _learned(report),
        _method(report),
        confusion(
            report.evaluation,
            report.labels,
            anchors(report.confused, report.labels),
            confused_galleries(report.confused, report.labels, gallery),
        ),
        per_class(report.evaluation, report.counts),
        reliability(report.evaluation, report.calibration),
        unknown(report.unknown, report.no_unknown),
        decision(report.decision),
        wrong_pictures(report, gallery),
        suspects(report, gallery),
        weaker_where(report.slices),
        learning_curve(report),
        candidates(report.candidates),
        duplicates(report.duplicates),
        skipped(report.skipped),
        recipe(report),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<link rel="icon" href="data:,">\n'
        "<title>Fenlei · Training report · 训练报告</title>\n"
        f"<style>\n{_package_file('report.css')}</style>\n</head>\n<body>\n"
        f"{_top()}<main>\n{''.join(sections)}</main>\n"
        f"<script>\n{_package_file('report.js')}</script>\n</body>\n</html>\n"
    )


def _package_file(name: str) -> str:
    return resources.files("fenlei.training").joinpath(name).read_text("utf-8")


def _top() -> str:
    links = "".join(
        f'<a href="#{anchor}">{both(en, zh)}</a>'
        for anchor, en, zh in (
            ("confusion", "Mix-ups", "混淆"),
            ("classes", "Classes", "类别"),
            ("trust", "Trust", "可信度"),
            ("unknown", "Unknown", "不认识"),
            ("wrong", "Wrong pictures", "判错的图片"),
            ("suspects", "Suspects", "可疑图片"),
            ("slices", "Weaker where", "薄弱之处"),
            ("skipped", "Left aside", "跳过的文件"),
            ("recipe", "Recipe", "配方"),
        )
    )
    return (
        f'<header><b class="brand">Fenlei <span>分类</span></b><nav aria-label="Fenlei">{links}</nav>'
        '<fieldset class="switch"><legend class="away">Language · 语言</legend>'
        '<label lang="en"><input type="radio" name="lang" id="lang-en" autocomplete="off" checked>English</label>'
        '<label lang="zh"><input type="radio" name="lang" id="lang-zh" autocomplete="off">中文</label>'
        "</fieldset></header>\n"
    )


def _headline(report: Report) -> str:
    seen = report.evaluation
    right = sum(row[number] for number, row in enumerate(seen.confusion))
    low, high = seen.accuracy_interval
    between = percents(low, high)
    title = both(
        f"Right on {right:,} of {count(seen.pictures, 'picture', 'pictures')} nobody showed it",
        f"没给它看过的 {seen.pictures:,} 张图片，它认对了 {right:,} 张",
    )
    interval = both(f"95&nbsp;% interval {between}&nbsp;%", f"95% 区间 {between}%")
    judged = count(seen.pictures, "picture", "pictures")
    meaning = both(
        f"On new pictures of the same kind, expect between {percent(low)} and {percent(high)} right in a hundred: "
        f"{judged} cannot tell more closely.",
        f"对同类的新图片，预计每一百张能认对 {percent(low)} 到 {percent(high)} 张："
        f"用 {seen.pictures:,} 张来评估，只能精确到这个程度。",
    )
    return (
        f'<section id="result" class="result" aria-labelledby="result-h">\n<h1 id="result-h">{title}</h1>\n'
        f'<div class="figure"><b>{percent(seen.accuracy)}<small>%</small></b><span>{interval}</span></div>\n'
        f'<div class="track" aria-hidden="true"><i style="left:{low * 100:.2f}%;width:{(high - low) * 100:.2f}%"></i>'
        f'<u style="left:{seen.accuracy * 100:.2f}%"></u></div>\n'
        f'<div class="scale" aria-hidden="true"><span>0</span><span>50</span><span>100</span></div>\n'
        f"<p>{meaning}</p>\n<ul class=points>{_points(report)}</ul>\n</section>\n"
    )


def _points(report: Report) -> str:
    """The few sentences a busy reader needs."""
    seen = report.evaluation
    often = max(sum(row) for row in seen.confusion) / seen.pictures
    points = []
    pairs = mixups(seen)
    if pairs:
        truth, called, pictures = pairs[0]
        of = sum(seen.confusion[truth])
        is_en, is_zh = named(report.labels[truth]), named(report.labels[called])
        points.append(
            both(
                f"The most frequent mistake: {is_en} called {is_zh}, {pictures:,} of {of:,}.",
                f"最常见的错误：{is_en} 被判成 {is_zh}，{of:,} 张中有 {pictures:,} 张。",
            )
        )
    else:
        ceiling = percent(1 - seen.accuracy_interval[0])
        points.append(
            both(
                f"None was called wrong. With so many pictures that still allows for up to {ceiling}&nbsp;% mistakes.",
                f"一张都没判错。按这个数量，真实的错误率仍可能高到 {ceiling}%。",
            )
        )
    macro = percent(seen.macro_f1)
    points.append(
        both(
            f"All classes counted alike, whatever their size: {macro}&nbsp;% (mean F1).",
            f"不论大小、各类别同等看待：{macro}%（平均 F1）。",
        )
    )
    points.append(
        both(
            f"Always answering the most frequent class would be right on {percent(often)}&nbsp;%.",
            f"如果永远只回答最常见的那一类，能对 {percent(often)}%。",
        )
    )
    return "".join(f"<li>{point}</li>" for point in points)


def _learned(report: Report) -> str:
    sizes = sorted(report.counts, key=lambda entry: entry.train)
    smallest, largest = sizes[0], sizes[-1]
    pictures = count(report.train_pictures, "picture", "pictures")
    lead_en = f"{pictures} in {count(len(report.labels), 'class', 'classes')}"
    lead_zh = f"{len(report.labels):,} 个类别共 {report.train_pictures:,} 张图片"
    if smallest.train == largest.train:
        body = both(f"{lead_en}, {smallest.train:,} in each.", f"{lead_zh}，每类 {smallest.train:,} 张。")
    else:
        body = both(
            f"{lead_en}: from {smallest.train:,} ({named(smallest.label)}) "
            f"to {largest.train:,} ({named(largest.label)}).",
            f"{lead_zh}：最少 {smallest.train:,} 张（{named(smallest.label)}），"
            f"最多 {largest.train:,} 张（{named(largest.label)}）。",
        )
    names = "".join(f"<li>{named(label)}</li>" for label in report.labels)
    listed = f"<ul class=labels>{names}</ul>\n"
    if len(report.labels) > FEW_ENOUGH:
        listed = fold(both("Their names", "类别名称"), listed)
    return section("learned", "What it learned from", "从什么学来", f"<p>{body}</p>\n{listed}")


def _method(report: Report) -> str:
    judged = count(report.test_pictures, "picture", "pictures")
    if report.test_origin == "folder":
        origin = both(
            f"The test pictures you set aside yourself, {judged}, were looked at once: for this judgement.",
            f"你自己留作测试的 {report.test_pictures:,} 张图片只用了一次，就是这次评估。",
        )
    else:
        origin = both(
            f"Before anything was learned, {judged} were set aside, some of every class; pictures that show the same "
            "thing stayed on one side. They were looked at once: for this judgement.",
            f"学习开始之前，先从各个类别留出 {report.test_pictures:,} 张；内容相同的图片始终在同一边。"
            "它们只用了一次，就是这次评估。",
        )
    told = [both(named(each.en), named(each.zh)) for each in report.advice if each.kind == NOTE]
    if not report.recipe.refitted:
        told.insert(0, both("The figures belong to exactly the model you have.", "这些数字就是你手里这个模型的。"))
    paragraphs = "".join(f"<p>{each}</p>\n" for each in (origin, *told))
    older = "".join(f"<li>{named(note)}</li>" for note in report.notes)
    summary = both("Notes of the training run", "训练过程的说明（英文）")
    notes = fold(summary, f"<ul class=notes>{older}</ul>") if older else ""
    body = f"{paragraphs}{_cautions(report)}{notes}"
    return section("method", "How the figures were made", "数字从何而来", body)


def _cautions(report: Report) -> str:
    """What one must know before one believes the figures."""
    found = []
    unjudged = [result.label for result in report.evaluation.per_class if not result.support]
    if unjudged:
        names = ", ".join(named(label) for label in unjudged[:FEW_ENOUGH])
        names += ", …" if len(unjudged) > FEW_ENOUGH else ""
        found.append(
            both(
                f"No picture of these classes was there to judge by, so nothing is known about them: {names}.",
                f"以下类别没有可用于评估的图片，它们表现如何不得而知：{names}。",
            )
        )
    if any(result.chosen and result.accuracy is None for result in report.candidates):
        found.append(
            both(
                "There were too few pictures for cross-validation: settings are defaults, and the scores are no "
                "measure of how sure one may be.",
                "图片太少，做不了交叉验证：各项设置用的是默认值，得分也不能说明把握有多大。",
            )
        )
    return "".join(f"<p class=warning>{caution}</p>\n" for caution in found)
