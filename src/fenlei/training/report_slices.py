"""Where the model is weaker, on the page: slices of the test part that differ from the rest, and all that were looked
at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fenlei.training.report_words import both, fold, named, percent, percents, section, text
from fenlei.training.slices import Slice


class _Words(NamedTuple):
    """How a kind of slice is called: what is measured, and its two ends, in both languages."""

    what: tuple[str, str]
    lowest: tuple[str, str]
    highest: tuple[str, str]


KINDS = {
    "brightness": _Words(
        ("brightness", "亮度"), ("the darkest pictures", "最暗的图片"), ("the brightest", "最亮的图片")
    ),
    "sharpness": _Words(
        ("sharpness", "清晰度"), ("the most blurred", "最模糊的图片"), ("the sharpest", "最清晰的图片")
    ),
    "pixels": _Words(("size", "尺寸"), ("the smallest", "最小的图片"), ("the largest", "最大的图片")),
    "source": _Words(("source", "来源"), ("", ""), ("", "")),
}


def weaker_where(found: Sequence[Slice]) -> str:
    """The slices that differ beyond noise as sentences, and all of them as a table."""
    title = ("Where it is weaker", "在哪些图片上较弱")
    if not found:
        lead = both(
            "There are too few test pictures, or they are too much alike, to tell dark from bright or sharp from "
            "blurred ones.",
            "测试图片太少或彼此太相似，无法按明暗、清晰度等分别统计。",
        )
        return section("slices", *title, f"<p>{lead}</p>\n")
    names = _names(found)
    differing = [(each, name) for each, name in zip(found, names, strict=True) if each.differs]
    if differing:
        lead = both(
            "These differ from the rest by more than chance explains. Part of it may lie in what is on them: look at "
            "the classes too.",
            "下列图片与其余图片的差别超出偶然范围。其中一部分可能与图片内容有关，请同时查看类别。",
        )
        points = "".join(f"<li>{_sentence(each, name)}</li>" for each, name in differing)
        body = f"<p>{lead}</p>\n<ul class=points>{points}</ul>\n"
    else:
        lead = both(
            "Light, sharpness, size and source make no difference that chance would not explain.",
            "亮度、清晰度、尺寸和来源没有造成超出偶然范围的差别。",
        )
        body = f"<p>{lead}</p>\n"
    rows = "".join(_row(each, name) for each, name in zip(found, names, strict=True))
    head = "".join(
        f"<th scope=col>{both(en, zh)}"
        for en, zh in (
            ("pictures", "图片"),
            ("from to", "范围"),
            ("how many", "数量"),
            ("right", "正确率"),
            ("against the rest", "与其余相比"),
        )
    )
    table = f"<div class=scroll><table class=plain><thead><tr>{head}</thead>\n<tbody>{rows}</tbody></table></div>\n"
    return section("slices", *title, body + fold(both("All that was looked at", "查看全部"), table))


def _names(found: Sequence[Slice]) -> list[tuple[str, str]]:
    """How each is called, in both languages."""
    names = []
    for number, each in enumerate(found):
        words = KINDS.get(each.kind)
        first = number == 0 or found[number - 1].kind != each.kind
        last = number == len(found) - 1 or found[number + 1].kind != each.kind
        if words is None or each.kind == "source":
            names.append((named(each.name), named(each.name)))
        elif first:
            names.append(words.lowest)
        elif last:
            names.append(words.highest)
        else:
            what, zh = words.what
            names.append((f"{what} {_range(each)}", f"{zh} {_range(each)}"))
    return names


def _sentence(each: Slice, name: tuple[str, str]) -> str:
    within = percents(*each.interval)
    points = abs(each.difference) * 100
    en, zh = name
    return both(
        f"{en}: right on {percent(each.accuracy)}&nbsp;% of {each.pictures:,} ({within}), "
        f"{points:.0f} points {'below' if each.difference < 0 else 'above'} the others.",
        f"{zh}：{each.pictures:,} 张中认对 {percent(each.accuracy)}%（{within}），"
        f"比其余图片{'低' if each.difference < 0 else '高'} {points:.0f} 个百分点。",
    )


def _row(each: Slice, name: tuple[str, str]) -> str:
    what = KINDS[each.kind].what if each.kind in KINDS else (text(each.kind), text(each.kind))
    low, high = (100 * bound for bound in each.difference_interval)
    mark = f' <span class="chip">{both("differs", "有差别")}</span>' if each.differs else ""
    return (
        f"<tr><td>{both(*what)}: {both(*name)}<td>{_range(each)}<td>{each.pictures:,}"
        f"<td>{percent(each.accuracy)}% <small>({percents(*each.interval)})</small>"
        f"<td>{100 * each.difference:+.0f} <small>({low:+.0f} {both('to', '至')} {high:+.0f})</small>{mark}\n"
    )


def _range(each: Slice) -> str:
    if each.low is None or each.high is None:
        return ""
    low, high = (_value(each.kind, bound) for bound in (each.low, each.high))
    return low if low == high else f"{low}\N{EN DASH}{high}"


def _value(kind: str, value: float) -> str:
    if kind == "brightness":
        return f"{value * 100:.0f}%"
    if kind == "pixels":
        return f"{value / 1e6:.1f} MP" if value >= 1e6 else f"{value:,.0f} px²"
    return f"{value:,.0f}"
