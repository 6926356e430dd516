"""The section of the page that shows which pictures somebody should look at again, and why."""

from __future__ import annotations

from collections.abc import Sequence

from fenlei.training.report import Report
from fenlei.training.report_pictures import shown
from fenlei.training.report_words import both, count, fold, named, percent, section, text
from fenlei.training.suspect import Suspect, SuspectCounts

NAMED = 200
"""Suspects without a picture that the page names; the JSON report has more."""


def suspects(report: Report, gallery: Sequence[bytes]) -> str:
    """The most suspicious as pictures, the others by name.

    Raises:
        ValueError: a picture points outside the gallery, or a thumbnail is neither JPEG nor PNG.
    """
    title = ("Pictures to look at again", "值得再看一眼的图片")
    found = report.suspect_counts
    if found is None:
        lead = both("They were not looked for.", "这次没有检查。")
        return section("suspects", *title, f"<p>{lead}</p>\n")
    if not found.pictures:
        return section("suspects", *title, f"<p>{_none(found)}</p>\n")
    pictured = [each for each in report.suspects if each.thumbnail is not None]
    others = [each for each in report.suspects if each.thumbnail is None]
    figures = "".join(_figure(each, gallery) for each in pictured)
    body = f"<p>{_lead(found)}</p>\n" + (f'<div class="gallery">{figures}</div>\n' if figures else "")
    if others:
        listed = "".join(f"<li>{named(each.name)} <small>{_said(each)}</small></li>\n" for each in others[:NAMED])
        rest = found.pictures - len(pictured) - min(len(others), NAMED)
        if rest:
            listed += f"<li>{both(f'and {rest:,} more, in the JSON report', f'还有 {rest:,} 张，见 JSON 报告')}</li>"
        summary = both(f"{len(others[:NAMED]):,} by name", f"按名称列出 {len(others[:NAMED]):,} 张")
        body += fold(summary, f"<ul class=files>{listed}</ul>")
    return section("suspects", *title, body)


def _none(found: SuspectCounts) -> str:
    if not found.scored:
        return both(
            "No picture is far from the others or there twice under two classes. Labels could not be checked: there "
            "were too few pictures for cross-validation.",
            "没有远离其他图片的图片，也没有同一张图片属于两个类别。图片太少，做不了交叉验证，标注无法检查。",
        )
    return both(
        f"None of {count(found.looked_at, 'picture', 'pictures')} looks wrongly labelled or out of place.",
        f"检查了 {found.looked_at:,} 张图片，没有看起来标错或不属于这里的。",
    )


def _lead(found: SuspectCounts) -> str:
    parts = []
    if found.labels:
        parts.append((f"{found.labels:,} score like another class", f"{found.labels:,} 张的得分更像别的类别"))
    if found.twins:
        parts.append((f"{found.twins:,} are there under two classes", f"{found.twins:,} 张同时出现在两个类别里"))
    if found.outliers:
        parts.append((f"{found.outliers:,} are far from all others", f"{found.outliers:,} 张离其他图片都很远"))
    en, zh = ", ".join(part for part, _ in parts), "，".join(part for _, part in parts)
    return both(
        f"{found.pictures:,} of {count(found.looked_at, 'picture', 'pictures')}, the most suspicious first: {en}. "
        "Every score is by a head that had not seen the picture. Look at them, correct the labels that are wrong, and "
        "train again: it takes seconds.",
        f"共 {found.looked_at:,} 张图片，其中 {found.pictures:,} 张可疑，最可疑的在前：{zh}。"
        "每个得分都来自没有见过这张图片的分类头。看一看，改正错误的标注，再训练一次：只要几秒钟。",
    )


def _figure(suspect: Suspect, gallery: Sequence[bytes]) -> str:
    rather = ""
    if suspect.likelier is not None:
        rather = (
            f'<div class="said"><span>{both("looks like", "更像")}</span> <b>{named(suspect.likelier)}</b> '
            f"{_score(suspect.likelier_score)}</div>"
        )
    return (
        f"<figure>{shown(suspect.name, suspect.thumbnail, gallery)}<figcaption>{rather}"
        f'<div class="true"><span>{both("labelled", "标注为")}</span> <b>{named(suspect.label)}</b> '
        f"{_score(suspect.label_score)}</div>{_more(suspect)}"
        f'<div class="file" title="{text(suspect.name)}">{named(suspect.name)}</div></figcaption></figure>\n'
    )


def _said(suspect: Suspect) -> str:
    """The same in a line, for those that are named only."""
    label = f"{both('labelled', '标注为')} {named(suspect.label)} {_score(suspect.label_score)}"
    if suspect.likelier is not None:
        label += f", {both('looks like', '更像')} {named(suspect.likelier)} {_score(suspect.likelier_score)}"
    return f"{label} {_more(suspect)}"


def _more(suspect: Suspect) -> str:
    """The neighbours."""
    found = ""
    if suspect.twin is not None:
        twin = f"{named(suspect.twin.name)} ({named(suspect.twin.label)})"
        same = ("the same as", "与它相同：") if suspect.twin.exact else ("nearly the same as", "与它几乎相同：")
        found += f"<div><small>{both(*same)} {twin}</small></div>"
    if suspect.distance is not None:
        times = f"{suspect.distance:.1f}"
        far = both(
            f"{times} times as far from its neighbours as usual in its class",
            f"与邻近图片的距离是同类通常的 {times} 倍",
        )
        found += f"<div><small>{far}</small></div>"
    return found


def _score(score: float | None) -> str:
    return "" if score is None else f"<i>{percent(score)}%</i>"
