"""The lists of the page: what was tried, what was found twice, what was left aside, the recipe."""

from __future__ import annotations

import re
from typing import Any

from fenlei.training.report import (
    CandidateResult,
    DuplicateGroup,
    Duplicates,
    Recipe,
    Report,
    SkippedPicture,
)
from fenlei.training.report_words import AIMS_ZH, both, count, fold, named, percent, percents, section, text

SHOWN_PER_REASON = 200
"""Skipped files listed under one reason; the JSON report has them all."""

POLICIES = {
    "squash": both("whole picture, squeezed to a square", "整张图片压成正方形"),
    "letterbox": both("whole picture, with borders", "整张图片，四周补边"),
    "crop": both("the middle, ends cut off", "取中间部分，裁去两端"),
}


def candidates(tried: list[CandidateResult]) -> str:
    """What was tried and what was left out, in the order of the plan."""
    timed = any(result.seconds is not None for result in tried)
    rows = "".join(_candidate(result, timed=timed) for result in tried)
    head = "".join(
        f"<th scope=col>{both(en, zh)}"
        for en, zh in (
            ("backbone", "骨干网络"),
            ("input", "输入"),
            ("head", "分类头"),
            ("right in cross-validation", "交叉验证正确率"),
            ("log loss", "对数损失"),
            *([("answers in", "单张耗时"), ("size", "大小"), ("tried in", "尝试耗时")] if timed else []),
            ("", ""),
        )
    )
    lead = both(
        "Compared on the training part only; the pictures behind the headline had no say.",
        "只用训练部分互相比较；页首数字所用的图片没有参与选择。",
    )
    if timed:
        lead += both(
            " How soon an answer comes is what decoding and resizing a typical picture of these and the network take "
            "together, on the machine that trained.",
            "单张耗时包括解码、缩放一张典型图片和运行网络，在训练的机器上测得。",
        )
    table = f"<div class=scroll><table class=plain><thead><tr>{head}</thead>\n<tbody>{rows}</tbody></table></div>\n"
    return section("candidates", "What was tried", "尝试过的方案", f"<p>{lead}</p>\n{table}")


def duplicates(found: Duplicates) -> str:
    """Pictures found twice, with what that means for labels and figures."""
    title = ("Found twice", "重复的图片")
    if not found.groups:
        lead = both("No two pictures show the same thing.", "没有发现重复的图片。")
        return section("duplicates", *title, f"<p>{lead}</p>\n")
    groups = count(found.groups, "group", "groups")
    lead = both(
        f"{count(found.pictures, 'picture', 'pictures')} in {groups} of equal or nearly equal pictures.",
        f"{found.pictures:,} 张图片相同或几乎相同，分为 {found.groups:,} 组。",
    )
    warnings = ""
    if found.across_classes:
        warnings += _warning(
            f"{groups_with(found.across_classes)} pictures of different classes: at least one label is wrong.",
            f"其中 {found.across_classes:,} 组含有不同类别的图片：至少有一个标注错了。",
        )
    if found.across_parts:
        warnings += _warning(
            f"{count(found.across_parts, 'test picture has', 'test pictures have')} a twin among the training "
            "pictures; this makes the figures look a little better than they are.",
            f"{found.across_parts:,} 张测试图片在训练图片里有重复，指标会因此略微偏高。",
        )
    listed = "".join(_group(group) for group in found.examples)
    summary = both(f"Show {len(found.examples):,} of {groups}", f"查看其中 {len(found.examples):,} 组")
    body = f"<p>{lead}</p>\n{warnings}{fold(summary, f'<ul class=groups>{listed}</ul>')}"
    return section("duplicates", *title, body)


def groups_with(number: int) -> str:
    """The subject of a sentence about so many groups."""
    return "One of them holds" if number == 1 else f"{number:,} of them hold"


def skipped(files: list[SkippedPicture]) -> str:
    """Files that were not learned from: how many for each reason first, the names when asked for."""
    title = ("Files left aside", "跳过的文件")
    if not files:
        return section("skipped", *title, f"<p>{both('None: every file was used.', '没有：所有文件都用上了。')}</p>\n")
    by_reason: dict[str, list[SkippedPicture]] = {}
    for file in files:
        by_reason.setdefault(_kind(file), []).append(file)
    ordered = sorted(by_reason.values(), key=lambda group: (-len(group), group[0].reason, group[0].name))
    lead = both(
        f"{count(len(files), 'file was', 'files were')} not used.", f"有 {len(files):,} 个文件没有使用，原因如下。"
    )
    return section("skipped", *title, f"<p>{lead}</p>\n" + "".join(_reason(group) for group in ordered))


def recipe(report: Report) -> str:
    """How the shipped model was made, in the terms of an engineer, with what identifies its parts."""
    made = report.recipe
    rows = [
        (both("backbone", "骨干网络"), named(made.backbone)),
        (both("its licence", "许可证"), named(made.licence)),
        (both("input", "输入"), f"{made.size} × {made.size} px · {_policy(made.policy)}"),
        (both("head", "分类头"), named(made.head)),
        *(
            (both(text(name), _SETTINGS_ZH.get(name, text(name))), f"{value:.4g}")
            for name, value in made.setting.items()
        ),
        *(
            (both(f"voter {number}", f"投票者 {number}"), text(_voter(member)))
            for number, member in enumerate(made.members, start=1)
        ),
        (both("altered copies", "变化副本"), _copies(made.copies)),
        (both("chosen for", "选择依据"), _aim(made)),
        (both("class weights", "类别权重"), _weights(made, report.labels)),
        (both("temperature", "温度"), f"{made.temperature:.4g}"),
        (
            both("learned from", "学习图片"),
            both(count(made.fitted_on, "picture", "pictures"), f"{made.fitted_on:,} 张"),
        ),
        (both("goal", "目标"), text(report.goal)),
        (both("seed", "随机种子"), str(report.seed)),
        (both("backbone SHA-256", "骨干网络 SHA-256"), f"<code>{text(made.backbone_digest)}</code>"),
        (both("data set SHA-256", "数据集 SHA-256"), f"<code>{text(report.dataset_digest)}</code>"),
    ]
    body = "".join(f"<div><dt>{term}</dt><dd>{value}</dd></div>\n" for term, value in rows)
    return section("recipe", "The recipe", "配方", f"<dl>{body}</dl>\n")


_SETTINGS_ZH = {
    "strength": "L2 强度",
    "apart": "原型分离",
    "hidden": "隐藏单元",
    "dropout": "随机失活",
    "decay": "权重衰减",
    "rate": "学习率",
    "epochs": "轮数",
    "neighbours": "近邻数",
}


_HEADS_ZH = {
    "fine-tuned network": "微调的网络",
    "fine-tuned network, anew from everything": "微调的网络，用全部图片重新学习",
    "fine-tuned network, judged by 2 folds": "微调的网络，由 2 折评判",
    "fine-tuned network, judged by 2 folds, anew from everything": "微调的网络，由 2 折评判，用全部图片重新学习",
    "fine-tuned network, judged by 3 folds": "微调的网络，由 3 折评判",
    "fine-tuned network, judged by 3 folds, anew from everything": "微调的网络，由 3 折评判，用全部图片重新学习",
    "logistic regression": "逻辑回归",
    "linear SVM": "线性支持向量机",
    "prototypes": "原型（余弦）",
    "small neural network": "小型神经网络",
    "nearest neighbours": "最近邻",
}


def _voter(member: dict[str, Any]) -> str:
    said = f"{member['head']}, {member['backbone']}, {member['share']:.0%}"
    return said if member["copies"] == "none" else f"{said}, {member['copies']}"


def _copies(name: str) -> str:
    zh = {"none": "无", "altered": "裁剪、旋转、明暗", "altered and mirrored": "裁剪、旋转、明暗、镜像"}
    return both(text(name), zh.get(name, text(name)))


def _aim(made: Recipe) -> str:
    said = both(text(made.aim), AIMS_ZH.get(made.aim, text(made.aim)))
    why = _AIM_BY.get(made.aim_by) if isinstance(made.aim_by, str) else None
    return said if why is None else f"{said} <small>({both(*why)})</small>"


_AIM_BY = {"user": ("as was asked for", "按照要求"), "class sizes": ("by the sizes of the classes", "根据各类别的大小")}


def _candidate(result: CandidateResult, *, timed: bool) -> str:
    head = both(text(result.head), _HEADS_ZH.get(result.head, text(result.head)))
    if result.copies != "none":
        head += f" <small>{_copies(result.copies)}</small>"
    front = f"<td>{named(result.backbone)}<td>{result.size} px · {_policy(result.policy)}<td>{head}"
    if result.left_out is not None and result.accuracy is None:
        columns = 6 if timed else 3
        return (
            f'<tr class="out">{front}<td colspan={columns}>{both("left out: ", "未采用：")}{named(result.left_out)}\n'
        )
    share = "\N{EN DASH}"
    if result.accuracy is not None:
        share = f"{percent(result.accuracy)}%"
        if result.accuracy_interval is not None:
            share += f" <small>({percents(*result.accuracy_interval)})</small>"
    loss = "\N{EN DASH}" if result.log_loss is None else f"{result.log_loss:.3f}"
    mark = f'<span class="chip">{both("chosen", "采用")}</span>' if result.chosen else ""
    clock = ""
    if timed:
        size = "" if result.bytes is None else f"{result.bytes / 1e6:.0f} MB"
        tried = "" if result.seconds is None else f"{result.seconds:.1f} s"
        clock = f"<td>{_ms(result.milliseconds)}<td>{size}<td>{tried}"
    return f"<tr{' class=chosen' if result.chosen else ''}>{front}<td>{share}<td>{loss}{clock}<td>{mark}\n"


def _ms(milliseconds: float | None) -> str:
    return "" if milliseconds is None else f"{milliseconds:.1f} ms"


def _group(group: DuplicateGroup) -> str:
    kind = both("the same", "完全相同") if group.exact else both("nearly the same", "几乎相同")
    parts = {"train": both("training", "训练"), "test": both("test", "测试")}
    members = "".join(
        f"<li>{named(member.name)} "
        f"<small>{named(member.label)} · {parts.get(member.part, text(member.part))}</small></li>"
        for member in group.members
    )
    return f"<li>{kind}<ul>{members}</ul></li>\n"


def _reason(group: list[SkippedPicture]) -> str:
    sentences = {file.reason for file in group}
    same = len(sentences) == 1
    first = group[0].reason if same else f"{group[0].reason} …"
    names = "".join(
        f"<li>{named(file.name)}{'' if same else f' <small>{named(file.reason)}</small>'}</li>"
        for file in group[:SHOWN_PER_REASON]
    )
    rest = len(group) - SHOWN_PER_REASON
    if rest > 0:
        names += f"<li>{both(f'and {rest:,} more, in the JSON report', f'还有 {rest:,} 个，见 JSON 报告')}</li>"
    return fold(f'<b class="n">{len(group):,}</b> {named(first)}', f"<ul class=files>{names}</ul>")


def _kind(file: SkippedPicture) -> str:
    """Reasons that differ in the file's name or in figures only are one kind."""
    return re.sub(r"\d+", "0", file.reason.replace(file.name, ""))


def _policy(policy: str) -> str:
    return POLICIES.get(policy, named(policy))


def _warning(en: str, zh: str) -> str:
    return f"<p class=warning>{both(en, zh)}</p>\n"


def _weights(made: Recipe, labels: list[str]) -> str:
    if made.class_weights is None:
        return both("none: every picture counts alike", "无：每张图片同等重要")
    pairs = " · ".join(f"{named(label)} {w:.3g}" for label, w in zip(labels, made.class_weights, strict=True))
    if len(labels) <= 6:
        return pairs
    return fold(
        both(f"rare classes count more: {len(labels)} factors", f"少见类别权重更高：{len(labels)} 个系数"), pairs
    )
