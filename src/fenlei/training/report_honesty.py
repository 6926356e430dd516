"""The page's account of what the model may claim: calibration, pictures of nothing known, thresholds."""

from __future__ import annotations

from fenlei.training.honesty_figures import CalibrationFigures, ClassThreshold, DecisionFigures, UnknownFigures
from fenlei.training.report_words import both, count, fold, named, percent, percents, section, text
from fenlei.training.sentence import Sentence

RULES_ZH = {
    "relative Mahalanobis + neighbours": "相对马氏距离 + 近邻距离",
    "relative Mahalanobis": "相对马氏距离",
    "neighbours": "近邻距离",
    "largest logit": "最大逻辑值",
    "energy": "能量",
    "best score": "最高得分",
}


def calibration(figures: CalibrationFigures | None) -> str:
    """How far claims were off before and after calibration; nothing for a report that does not say."""
    if figures is None:
        return ""
    before, after = f"{figures.error_before * 100:.1f}", f"{figures.error_after * 100:.1f}"
    if figures.method == "vector":
        how = both("one scale and one shift for each class", "每个类别各有一个缩放和一个平移")
    else:
        how = both("one temperature for all classes", "所有类别共用一个温度")
    sentence = both(
        f"Without calibration the claims were off by {before} points on these pictures, with it by {after}: ",
        f"不做校准时，在这些图片上平均相差 {before} 个百分点，校准后为 {after}：",
    )
    fitted = both(
        f", fitted on {count(figures.pictures, 'picture', 'pictures')} that folds of the training part held out. "
        "Hollow points show the scores before it.",
        f"，用训练部分各折留出的 {figures.pictures:,} 张图片拟合。空心点是校准前的得分。",
    )
    if figures.vector_chance is None:
        why = both(
            "A scale for each class was not looked at: some class has too few pictures.",
            "没有考虑逐类校准：有的类别图片太少。",
        )
    else:
        chance = percent(figures.vector_chance)
        why = both(
            f"The chance that a scale for each class is better was {chance}&nbsp;%; from 95&nbsp;% on it is taken.",
            f"逐类校准更好的可能性为 {chance}%，达到 95% 才会采用。",
        )
    return f"<p>{sentence}{how}{fitted}</p>\n<p class=quiet>{why}</p>\n"


def unknown(figures: UnknownFigures | None, why_not: Sentence | None = None) -> str:
    """How pictures of nothing known are told, and how often known ones are taken for such; or why there is no rule."""
    title = ("Pictures of nothing it knows", "不认识的图片")
    if figures is None:
        if why_not is not None:
            lead = both(text(why_not.en), text(why_not.zh))
        else:
            lead = both("There is no rule for them.", "没有相应的规则。")
        return section("unknown", *title, f"<p>{lead}</p>\n")
    share = percent(figures.test_rejected / max(figures.test_pictures, 1))
    between = percents(*figures.test_interval)
    wanted = f"{figures.false_rejects * 100:g}"
    rule = both(text(figures.rule), text(RULES_ZH.get(figures.rule, figures.rule)))
    lead = both(
        f"Every answer is a class that it knows, whatever the picture shows. A rule tells pictures that are unlike "
        f"those of every class. Of {count(figures.test_pictures, 'test picture', 'test pictures')}, all of known "
        f"classes, it called {figures.test_rejected:,} unknown: {share}&nbsp;% (95&nbsp;% interval {between}&nbsp;%), "
        f"where {wanted}&nbsp;% was asked for.",
        f"无论图片上是什么，模型总会回答一个已知类别。这条规则能指出与所有类别都不像的图片。"
        f"在 {figures.test_pictures:,} 张都属于已知类别的测试图片里，它把 {figures.test_rejected:,} 张判为不认识："
        f"{share}%（95% 区间 {between}%），设定目标是 {wanted}%。",
    )
    use = both(
        "It has no say in answers over HTTP unless a deployment names the class that unknown pictures are answered "
        "with: <code>fenlei serve MODEL --unknown-as CLASS</code>.",
        "默认不影响 HTTP 回答；部署时指定用哪个类别回答不认识的图片才会生效：<code>fenlei serve MODEL --unknown-as "
        "类别</code>。",
    )
    chosen = both("The rule: ", "规则：") + f"<b>{rule}</b>" + both(". ", "。")
    body = f"<p>{lead}</p>\n<p>{chosen}{_threshold_of(figures)} {use}</p>\n{_compared(figures)}"
    return section("unknown", *title, body)


def decision(figures: DecisionFigures | None) -> str:
    """What answers are like with thresholds; nothing where none were asked for."""
    if figures is None:
        return ""
    of = figures.pictures
    share = percent(figures.answered / max(of, 1))
    right = percent(figures.right / figures.answered) if figures.answered else "0"
    asked = text(figures.asked)
    if figures.method == "precision":
        how = both(f"Chosen so that answers are right as often as asked ({asked}).", f"按要求的精确率（{asked}）选定。")
    else:
        how = both(
            f"Chosen by what a wrong answer and a missed picture cost ({asked}).",
            f"按误判与漏判的代价（{asked}）选定。",
        )
    lead = both(
        f"With thresholds switched on, {figures.answered:,} of {of:,} test pictures ({share}&nbsp;%) get a class of "
        f"which the score is enough, and {right}&nbsp;% of those answers are right. The others are answered with the "
        "class that the deployment names, or, where it names none, with the largest score.",
        f"启用阈值后，{of:,} 张测试图片中有 {figures.answered:,} 张（{share}%）得到够分的类别，其中 {right}% 正确。"
        "其余图片用部署所指定的类别回答；没有指定时，仍回答得分最高的类别。",
    )
    head = "".join(
        f"<th scope=col>{both(en, zh)}"
        for en, zh in (
            ("class", "类别"),
            ("threshold", "阈值"),
            ("answered", "作答"),
            ("right", "其中正确"),
            ("pictures", "图片数"),
        )
    )
    rows = "".join(_threshold(each) for each in figures.classes)
    table = f"<div class=scroll><table class=plain><thead><tr>{head}</thead>\n<tbody>{rows}</tbody></table></div>\n"
    short = [each.label for each in figures.classes if not each.kept]
    warning = ""
    if short:
        names = ", ".join(named(label) for label in short[:10]) + (", …" if len(short) > 10 else "")
        words = both(
            f"Too few pictures to promise what was asked for: {names}.", f"图片太少，无法保证所要求的精确率：{names}。"
        )
        warning = f"<p class=warning>{words}</p>\n"
    return section("decision", "When a score is enough", "得分多高才作答", f"<p>{lead} {how}</p>\n{warning}{table}")


def _threshold_of(figures: UnknownFigures) -> str:
    pictures, amount = count(figures.threshold_pictures, "picture", "pictures"), f"{figures.threshold_pictures:,}"
    if figures.tuned and not figures.carried:
        return both(
            "The network was fine-tuned, and knows the pictures that it learned from too well for them to set a "
            f"threshold. So it was set on {pictures} of known classes that the network did not learn from.",
            "网络经过微调，对学过的图片过于熟悉，不能用它们设定阈值。"
            f"因此阈值用网络没有学过的 {amount} 张已知类别图片设定。",
        )
    if figures.tuned:
        return both(
            "The network was fine-tuned, and knows the pictures that it learned from too well for them to set a "
            f"threshold. So it was set on {pictures} of known classes by a network that was fine-tuned in the same way "
            "without them, and carried over by what the pictures measure that each of the two learned from.",
            f"网络经过微调，对学过的图片过于熟悉，不能用它们设定阈值。因此用同样方法另微调一个没有见过这 {amount} 张"
            "已知类别图片的网络，在这些图片上设定阈值，再按两个网络各自学过的图片的距离换算过来。",
        )
    return both(
        f"Its threshold was set on {pictures} of known classes, each held out by a fold from the rule.",
        f"阈值用 {amount} 张已知类别的图片设定，每张都由各折留出，规则没有学过它。",
    )


def _compared(figures: UnknownFigures) -> str:
    if figures.tuned:
        words = both(
            "Rules were not compared, so it is the usual one: the network was fine-tuned to tell all of these classes, "
            "and one that is left out would be no stranger to it.",
            "没有比较规则，因此采用默认规则：网络经过微调，已学会分辨所有这些类别，留出的类别对它并不陌生。",
        )
        return f"<p class=quiet>{words}</p>\n"
    if not figures.compared:
        words = both(
            "Rules were not compared, so it is the usual one: that takes three classes, and the end of a search.",
            "没有比较规则，因此采用默认规则：比较需要至少三个类别，并且要等搜索结束。",
        )
        return f"<p class=quiet>{words}</p>\n"
    rows = "".join(
        f"<tr{' class=chosen' if each.rule == figures.rule else ''}>"
        f"<td>{both(text(each.rule), text(RULES_ZH.get(each.rule, each.rule)))}"
        f"<td>{each.auroc:.3f}<td>{percent(each.found)}%<td>{each.drawn:.3f}"
        for each in figures.compared
    )
    head = "".join(
        f"<th scope=col>{both(en, zh)}"
        for en, zh in (
            ("rule", "规则"),
            ("AUROC, classes left out", "AUROC（留出的类别）"),
            ("found", "找出比例"),
            ("AUROC, drawn", "AUROC（画的图片）"),
        )
    )
    words = both(
        "Compared without pictures of anything else: classes took turns at being left out, which are near to those "
        "that stayed, and a few pictures of nothing were drawn, which are far. AUROC is the chance that such a picture "
        "is stranger to the rule than one of a class it learned. Both count alike; of rules that are as good, the "
        "first is taken.",
        "比较时没有用任何外来图片：轮流留出一些类别，它们与其余类别相近；再画几张什么都不是的图片，它们相去甚远。"
        "AUROC 是这样的图片比已学类别的图片更“陌生”的概率。两者同等看待；效果相当时取排在前面的规则。",
    )
    table = f"<table class=plain><thead><tr>{head}</thead>\n<tbody>{rows}</tbody></table>\n"
    return fold(both("Rules that were compared", "比较过的规则"), f"<p class=quiet>{words}</p>\n{table}")


def _threshold(each: ClassThreshold) -> str:
    return (
        f"<tr><th scope=row>{named(each.label)}<td>{each.threshold:.3f}<td>{each.answered:,}"
        f"<td>{each.right:,}<td>{each.pictures:,}\n"
    )
