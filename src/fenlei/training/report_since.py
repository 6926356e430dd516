"""What has changed since the model that training went on from, on the page."""

from __future__ import annotations

from fenlei.training.report_words import both, count, named, percent, percents, section
from fenlei.training.since import Since


def against_before(found: Since | None) -> str:
    """The new model against the one before; nothing where there is none."""
    if found is None:
        return ""
    title = ("Against the model before", "与之前的模型相比")
    classes = ", ".join(named(label) for label in found.new_classes)
    points = [
        both(
            f"{count(found.new_pictures, 'picture is', 'pictures are')} new, {found.gone_pictures:,} are gone.",
            f"新增 {found.new_pictures:,} 张图片，减少 {found.gone_pictures:,} 张。",
        )
    ]
    if classes:
        points.append(both(f"New classes: {classes}.", f"新增类别：{classes}。"))
    listed = f"<ul class=points>{''.join(f'<li>{point}</li>' for point in points)}</ul>\n"
    return section("since", *title, f"<p>{_verdict(found)}</p>\n{listed}")


def _verdict(found: Since) -> str:
    if found.old is None or found.new is None or found.difference_interval is None or found.difference is None:
        return both("No picture was held out for both, so nothing can be said.", "没有同时为两者留出的图片，无法比较。")
    low, high = found.difference_interval
    if low > 0:
        said, zh = "It is better beyond noise", "明显更好，超出偶然范围"
    elif high < 0:
        said, zh = "It is worse beyond noise", "明显更差，超出偶然范围"
    else:
        said, zh = "No difference beyond noise", "没有超出偶然范围的差别"
    judged = count(found.judged, "picture", "pictures")
    before = f"{percent(found.old)}&nbsp;%" + _within(found.old_interval)
    now = f"{percent(found.new)}&nbsp;%" + _within(found.new_interval)
    apart = f"{100 * found.difference:+.1f}", f"{100 * low:+.1f}", f"{100 * high:+.1f}"
    return both(
        f"{said}: on the {judged} that were held out for both, the one before was right on {before}, this one on "
        f"{now}; {apart[0]} points (95&nbsp;% interval {apart[1]} to {apart[2]}). {found.only_new:,} are right only "
        f"now, {found.only_old:,} only before.",
        f"{zh}：在同时为两者留出的 {found.judged:,} 张图片上，之前的模型对 {before}，现在对 {now}，"
        f"相差 {apart[0]} 个百分点（95% 区间 {apart[1]} 至 {apart[2]}）。"
        f"{found.only_new:,} 张现在才对，{found.only_old:,} 张只有以前对。",
    )


def _within(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else f" ({percents(*interval)})"
