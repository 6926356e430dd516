"""What is doubtful about a model, its figures and its pictures."""

from __future__ import annotations

from fenlei.training.advice.good import FEW_SUSPECTS
from fenlei.training.advice.rule import Rule, Said, chosen, guessing, named, some, worst_mix_up
from fenlei.training.evaluation import wilson_interval
from fenlei.training.report import Report
from fenlei.training.report_words import percent

WIDE = 0.15
HARDLY_JUDGED = 5
OFF, ENOUGH_TO_SAY = 0.1, 50
UNEVEN = 10
MANY_COPIES = 0.3
MANY_SKIPPED = 0.05
TRUSTED = 0.7
SLOW_MS, LARGE_BYTES = 100.0, 100_000_000


def hardly_better_than_guessing(report: Report) -> Said | None:
    """The interval reaches down to what always answering one class would reach."""
    low, often = report.evaluation.accuracy_interval[0], guessing(report)
    if low > often:
        return None
    return Said(
        f"It may be no better than always answering the most frequent class, which is right in {percent(often)} %.",
        f"它可能并不比“永远回答最常见的类别”更好，后者能对 {percent(often)}%。",
    )


def few_test_pictures(report: Report) -> Said | None:
    """The interval is so wide that the figure says little."""
    low, high = report.evaluation.accuracy_interval
    if high - low <= WIDE:
        return None
    pictures = report.evaluation.pictures
    return Said(
        f"The test part is small: by {pictures} pictures the true figure may be anything from {percent(low)} to "
        f"{percent(high)} %.",
        f"测试部分太小：只有 {pictures} 张，真实数字可能是 {percent(low)}% 到 {percent(high)}% 之间的任何值。",
    )


def classes_nobody_judged(report: Report) -> Said | None:
    """Nothing is known of classes without a test picture."""
    found = [each.label for each in report.evaluation.per_class if not each.support]
    if not found:
        return None
    names = named(found)
    return Said(
        f"Nothing is known about {names.en}: no picture of it was there to judge by.",
        f"{names.zh}表现如何不得而知：没有可用来评估的图片。",
    )


def classes_hardly_judged(report: Report) -> Said | None:
    """Figures of a class that rest on a handful of pictures."""
    found = [each.label for each in report.evaluation.per_class if 0 < each.support < HARDLY_JUDGED]
    if not found:
        return None
    names = named(found)
    return Said(
        f"The figures of {names.en} rest on fewer than {HARDLY_JUDGED} test pictures each.",
        f"{names.zh}的数字各自只来自不到 {HARDLY_JUDGED} 张测试图片。",
    )


def weak_class(report: Report) -> Said | None:
    """A class is recognised less often than pictures in general, beyond noise."""
    seen = report.evaluation
    found = [
        each
        for each in seen.per_class
        if each.support >= HARDLY_JUDGED
        and wilson_interval(round(each.recall * each.support), each.support)[1] < seen.accuracy
    ]
    if not found:
        return None
    weakest = min(found, key=lambda each: each.recall)
    return Said(
        f"“{weakest.label}” is recognised in {percent(weakest.recall)} % of its pictures only; all together in "
        f"{percent(seen.accuracy)} %.",
        f"“{weakest.label}”只认出了 {percent(weakest.recall)}%，而总体是 {percent(seen.accuracy)}%。",
    )


def frequent_mix_up(report: Report) -> Said | None:
    """One class is often taken for another."""
    found = worst_mix_up(report)
    if found is None:
        return None
    truth, called, pictures, of = found
    return Said(
        f"“{truth}” is often taken for “{called}”: {pictures} of {of} pictures.",
        f"“{truth}”常被当成“{called}”：{of} 张里有 {pictures} 张。",
    )


_SLICES = {"brightness": ("brightness", "亮度"), "sharpness": ("sharpness", "清晰度"), "pixels": ("pixels", "像素数")}


def weaker_where(report: Report) -> Said | None:
    """Pictures that look alike, or come from one place, come out wrong more often than the others, beyond noise."""
    found = [each for each in report.slices if each.differs and each.difference < 0]
    if not found:
        return None
    worst = min(found, key=lambda each: each.difference)
    if worst.low is None or worst.high is None:
        where = (f"of “{worst.name}”", f"“{worst.name}”的图片")
    else:
        en, zh = _SLICES.get(worst.kind, (worst.kind, worst.kind))
        low, high = f"{worst.low:.3g}", f"{worst.high:.3g}"
        where = (f"of {en} {low} to {high}", f"{zh}在 {low} 到 {high} 之间的图片")
    return Said(
        f"It is weaker on pictures {where[0]}: {percent(worst.accuracy)} % of {worst.pictures} right.",
        f"它在{where[1]}上较弱：{worst.pictures} 张里对 {percent(worst.accuracy)}%。",
    )


def scores_are_off(report: Report) -> Said | None:
    """The scores claim more, or less, than comes true."""
    seen = report.evaluation
    if seen.pictures < ENOUGH_TO_SAY or seen.expected_calibration_error <= OFF:
        return None
    claimed = sum(each.confidence * each.count for each in seen.reliability) / seen.pictures
    off = f"{100 * seen.expected_calibration_error:.0f}"
    much = ("too much", "偏高") if claimed > seen.accuracy else ("too little", "偏低")
    return Said(
        f"Its scores claim {much[0]}: they are off by {off} points on average.",
        f"得分{much[1]}：平均相差 {off} 个百分点。",
    )


def scores_are_not_calibrated(report: Report) -> Said | None:
    """Nothing could be held out, so the scores are no measure."""
    winner = chosen(report)
    if winner is None or winner.accuracy is not None:
        return None
    return Said(
        "Its scores do not say how sure one may be: there were too few pictures for cross-validation.",
        "得分不能说明把握有多大：图片太少，做不了交叉验证。",
    )


def test_unlike_training(report: Report) -> Said | None:
    """It does clearly worse on the test part than in cross-validation: the parts are of different kinds."""
    winner = chosen(report)
    if winner is None or winner.accuracy is None or winner.accuracy_interval is None:
        return None
    if report.evaluation.accuracy_interval[1] >= winner.accuracy_interval[0]:
        return None
    return Said(
        f"The test pictures are unlike those it learned from: {percent(report.evaluation.accuracy)} % right there, "
        f"{percent(winner.accuracy)} % in cross-validation. Another camera, time or place?",
        f"测试图片和学习用的图片不一样：测试对 {percent(report.evaluation.accuracy)}%，交叉验证对 "
        f"{percent(winner.accuracy)}%。是不是换了相机、时间或地点？",
    )


def copies_across_parts(report: Report) -> Said | None:
    """Test pictures that were learned from in another copy."""
    found = report.duplicates.across_parts
    if not found:
        return None
    return Said(
        f"{some(found, 'test picture has', 'test pictures have')} a copy among the training pictures, so the figures "
        "look better than they are.",
        f"有 {found} 张测试图片在训练部分里有副本，数字因此偏高。",
    )


def one_picture_two_classes(report: Report) -> Said | None:
    """Duplicates that carry different labels."""
    found = report.duplicates.across_classes
    if not found:
        return None
    return Said(
        f"{some(found, 'picture is', 'pictures are')} there under two classes: at least one label is wrong.",
        f"有 {found} 张图片同时出现在两个类别里：至少有一个标注是错的。",
    )


def doubtful_labels(report: Report) -> Said | None:
    """Scores contradict more than a few labels, and come from a model that is right often enough to accuse."""
    found = report.suspect_counts
    if found is None or found.labels <= FEW_SUSPECTS * found.looked_at or report.evaluation.accuracy < TRUSTED:
        return None
    return Said(
        f"{found.labels} of {found.looked_at} labels look wrong; some are, others are hard pictures.",
        f"{found.looked_at} 个标注里有 {found.labels} 个看起来不对；有的确实错了，有的只是图片难认。",
    )


def odd_pictures(report: Report) -> Said | None:
    """Pictures that resemble no other."""
    found = report.suspect_counts
    if found is None or not found.outliers:
        return None
    return Said(
        f"{some(found.outliers, 'picture resembles', 'pictures resemble')} no other: is it of the kind you mean?",
        f"有 {found.outliers} 张图片和别的都不像：是你想要的那种图片吗？",
    )


def uneven_classes(report: Report) -> Said | None:
    """One class is many times as large as another."""
    sizes = sorted(report.counts, key=lambda each: each.train)
    smallest, largest = sizes[0], sizes[-1]
    if largest.train < UNEVEN * max(smallest.train, 1):
        return None
    return Said(
        f"The classes are very uneven: {largest.train} pictures of “{largest.label}”, {smallest.train} of "
        f"“{smallest.label}”.",
        f"类别很不均衡：“{largest.label}”有 {largest.train} 张，“{smallest.label}”只有 {smallest.train} 张。",
    )


def many_copies(report: Report) -> Said | None:
    """Fewer different pictures than files."""
    extra = report.duplicates.pictures - report.duplicates.groups
    total = report.train_pictures + report.test_pictures
    if extra <= MANY_COPIES * total:
        return None
    return Said(
        f"There are fewer pictures than it seems: {extra} of {total} are copies of others.",
        f"图片比看起来少：{total} 张里有 {extra} 张是别的图片的副本。",
    )


def files_left_aside(report: Report) -> Said | None:
    """A good part of the files was not used."""
    total = report.train_pictures + report.test_pictures + len(report.skipped)
    if len(report.skipped) <= MANY_SKIPPED * total:
        return None
    return Said(
        f"{len(report.skipped)} of {total} files were not used; the report says why.",
        f"{total} 个文件里有 {len(report.skipped)} 个没有用上，报告里写了原因。",
    )


def slow_answers(report: Report) -> Said | None:
    """One picture takes long, where that was measured."""
    winner = chosen(report)
    if winner is None or winner.milliseconds is None or winner.milliseconds <= SLOW_MS:
        return None
    return Said(
        f"Answers are slow: {winner.milliseconds:.0f} ms a picture, with decoding, on the machine that trained.",
        f"回答较慢：在训练的机器上，每张图片连同解码要 {winner.milliseconds:.0f} 毫秒。",
    )


def large_file(report: Report) -> Said | None:
    """The network is large, where that is known."""
    winner = chosen(report)
    if winner is None or winner.bytes is None or winner.bytes <= LARGE_BYTES:
        return None
    size = f"{winner.bytes / 1e6:.0f}"
    return Said(f"The model is large: its network has {size} MB.", f"模型较大：网络有 {size} MB。")


DOUBTS: tuple[Rule, ...] = (
    hardly_better_than_guessing,
    few_test_pictures,
    test_unlike_training,
    copies_across_parts,
    classes_nobody_judged,
    classes_hardly_judged,
    weak_class,
    frequent_mix_up,
    weaker_where,
    scores_are_not_calibrated,
    scores_are_off,
    one_picture_two_classes,
    doubtful_labels,
    odd_pictures,
    uneven_classes,
    many_copies,
    files_left_aside,
    slow_answers,
    large_file,
)
