"""What is good about a model."""

from __future__ import annotations

from fenlei.training.advice.rule import Rule, Said, guessing
from fenlei.training.report import Report
from fenlei.training.report_words import percent

HIGH = 0.9
CALIBRATED = 0.05
ENOUGH_JUDGED = 100
WELL_KNOWN, WELL_JUDGED = 0.85, 10
FEW_SUSPECTS = 0.01


def mostly_right(report: Report) -> Said | None:
    """Even the lower end of the interval is high, and far above guessing."""
    low, high = report.evaluation.accuracy_interval
    if low < max(HIGH, guessing(report)):
        return None
    return Said(
        f"It is mostly right: of a hundred new pictures of the same kind expect {percent(low)} to {percent(high)} to "
        "come out right.",
        f"它大多是对的：一百张同类的新图片，预计有 {percent(low)} 到 {percent(high)} 张判对。",
    )


def scores_mean_what_they_say(report: Report) -> Said | None:
    """Claims and truth lie close together, as far as enough pictures can tell."""
    seen = report.evaluation
    if seen.pictures < ENOUGH_JUDGED or seen.expected_calibration_error > CALIBRATED:
        return None
    off = f"{100 * seen.expected_calibration_error:.0f}"
    return Said(
        f"Its scores mean what they say: of answers with a score of 0.9 about nine in ten are right (off by {off} "
        "points on average).",
        f"得分可信：得分 0.9 的回答，大约十个里有九个是对的（平均相差 {off} 个百分点）。",
    )


def every_class_is_recognised(report: Report) -> Said | None:
    """No class is left behind."""
    results = report.evaluation.per_class
    if any(each.support < WELL_JUDGED or each.recall < WELL_KNOWN for each in results):
        return None
    weakest = min(results, key=lambda each: each.recall)
    return Said(
        f"It recognises every class; the weakest, “{weakest.label}”, in {percent(weakest.recall)} % of its pictures.",
        f"每个类别它都认得；最弱的“{weakest.label}”也认出了 {percent(weakest.recall)}%。",
    )


def labels_look_right(report: Report) -> Said | None:
    """Hardly a label is contradicted, where labels could be checked."""
    found = report.suspect_counts
    if found is None or found.scored < ENOUGH_JUDGED or found.labels + found.twins > FEW_SUSPECTS * found.looked_at:
        return None
    return Said(
        f"The labels look right: {found.labels + found.twins} of {found.looked_at} are in doubt.",
        f"标注看起来没有问题：{found.looked_at} 个里有 {found.labels + found.twins} 个存疑。",
    )


PRAISE: tuple[Rule, ...] = (mostly_right, scores_mean_what_they_say, every_class_is_recognised, labels_look_right)
