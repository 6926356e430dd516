"""What to do next."""

from __future__ import annotations

from fenlei.training.advice.doubtful import DOUBTS, few_test_pictures, slow_answers
from fenlei.training.advice.good import mostly_right
from fenlei.training.advice.rule import Rule, Said, named, points, some, worst_mix_up
from fenlei.training.report import Report
from fenlei.training.search import NO_TIME

SMALL = 20
TEST_PICTURES = 100
LITTLE = 0.02


def look_at_suspects(report: Report) -> Said | None:
    """There is something to correct."""
    found = report.suspect_counts
    if found is None or not found.labels + found.twins:
        return None
    first = report.suspects[0].name
    pictures = some(found.pictures, "suspicious picture", "suspicious pictures")
    return Said(
        f"Look at the {pictures}, “{first}” first, correct the labels that are wrong, and "
        "train again: it takes seconds.",
        f"先看一遍 {found.pictures} 张可疑图片（从“{first}”开始），改正错误的标注，再训练一次：只要几秒钟。",
    )


def more_of_a_class(report: Report) -> Said | None:
    """Of one class the last pictures were worth something beyond noise: the one where they were worth most."""
    if report.learning_curve is None:
        return None
    best = next((each for each in report.learning_curve.gains if each.sure), None)
    if best is None:
        return None
    gain, noise = points(best.gain), points(best.noise)
    return Said(
        f"More pictures of “{best.label}” would help most: the second half of its {best.pictures} brought {gain} "
        f"points (± {noise}).",
        f"最值得增加的是“{best.label}”的图片：它的 {best.pictures} 张里，后一半带来了 {gain} 个百分点（± {noise}）。",
    )


def more_pictures(report: Report) -> Said | None:
    """The curve still rises beyond noise."""
    curve = report.learning_curve
    if curve is None or curve.rise <= 2 * curve.rise_noise:
        return None
    rise, noise = points(curve.rise), points(curve.rise_noise)
    return Said(
        f"More pictures help: the second half of them brought {rise} points (± {noise}); twice as many may bring "
        "nearly as much again.",
        f"增加图片有用：后一半图片带来了 {rise} 个百分点（± {noise}）；再多一倍，可能再带来差不多的提高。",
    )


def enough_pictures(report: Report) -> Said | None:
    """The curve is flat, and that is known well enough."""
    curve = report.learning_curve
    if curve is None or curve.rise + 2 * curve.rise_noise > LITTLE:
        return None
    return Said(
        "More pictures of the same kind will hardly help; other kinds of pictures, or a longer search with "
        "`--goal accurate`, may.",
        "再多同类图片几乎没有帮助；不同情形的图片，或者用 `--goal accurate` 搜索久一些，也许有用。",
    )


def fill_small_classes(report: Report) -> Said | None:
    """Classes of which there is hardly anything to learn from."""
    found = [each.label for each in sorted(report.counts, key=lambda each: each.train) if each.train < SMALL]
    if not found:
        return None
    names = named(found)
    return Said(
        f"Add pictures of {names.en}: there are fewer than {SMALL} to learn from.",
        f"请增加{names.zh}的图片：可学习的不到 {SMALL} 张。",
    )


def join_or_tell_apart(report: Report) -> Said | None:
    """What to do about a frequent mix-up."""
    found = worst_mix_up(report)
    if found is None:
        return None
    truth, called, _, _ = found
    return Said(
        f"Add pictures that show what tells “{truth}” from “{called}”; if that cannot be seen on a picture, make one "
        "class of them.",
        f"请增加能看出“{truth}”和“{called}”区别的图片；如果从图片上根本看不出来，就把它们合成一类。",
    )


def set_more_aside(report: Report) -> Said | None:
    """A wide interval needs more test pictures."""
    if few_test_pictures(report) is None or report.evaluation.pictures >= TEST_PICTURES:
        return None
    return Said(
        f"To know more closely how good it is, set {TEST_PICTURES} pictures or more aside in a `test/` folder.",
        f"想更准确地知道它有多好，请在 `test/` 文件夹里留出至少 {TEST_PICTURES} 张图片。",
    )


def search_longer(report: Report) -> Said | None:
    """Candidates were not tried for lack of time."""
    found = sum(each.left_out == NO_TIME for each in report.candidates)
    if not found:
        return None
    return Said(
        f"{some(found, 'candidate was', 'candidates were')} not tried for lack of time: the same command with a larger "
        "`--budget` goes on from here.",
        f"有 {found} 个方案因时间不够没有尝试：用更大的 `--budget` 再运行同样的命令，会从这里继续。",
    )


def ask_for_speed(report: Report) -> Said | None:
    """What to do about slow answers."""
    if slow_answers(report) is None:
        return None
    return Said("For quicker answers train with `--goal fast`.", "想要更快的回答，请用 `--goal fast` 训练。")


def publish(report: Report) -> Said | None:
    """Nothing is doubtful."""
    if mostly_right(report) is None or any(doubt(report) is not None for doubt in DOUBTS):
        return None
    return Said(
        "Nothing speaks against publishing it; go on collecting pictures that it gets wrong.",
        "可以发布了；之后继续收集它判错的图片。",
    )


STEPS: tuple[Rule, ...] = (
    look_at_suspects,
    join_or_tell_apart,
    fill_small_classes,
    more_of_a_class,
    more_pictures,
    enough_pictures,
    set_more_aside,
    search_longer,
    ask_for_speed,
    publish,
)
