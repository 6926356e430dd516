"""What one should know of how a model was made, to read its figures rightly."""

from __future__ import annotations

from msgspec import UNSET

from fenlei.training.advice.rule import Rule, Said
from fenlei.training.aim import ChosenBy
from fenlei.training.report import Report
from fenlei.training.report_words import AIMS_ZH


def learned_anew_from_all(report: Report) -> Said | None:
    """The shipped head learned from the pictures that were held out, after they had judged another."""
    if not report.recipe.refitted:
        return None
    held, everything = report.test_pictures, report.recipe.fitted_on
    return Said(
        f"The figures belong to a model that had not seen the {held} pictures held out; the model you have was then "
        f"learned anew, by the same recipe, from all {everything} pictures.",
        f"这些数字属于没有见过那 {held} 张留出图片的模型；评估之后，又用同样的配方"
        f"在全部 {everything} 张图片上重新学习，得到你手里的模型。",
    )


def what_learned_from_all_went_wrong(report: Report) -> Said | None:
    """A fine-tuned network was to learn from the test part too, in the end, and did not come out right."""
    made = report.recipe
    if made.spoiled is UNSET:
        return None
    everything = report.train_pictures + report.test_pictures
    return Said(
        f"The network was to be learned anew, by the same recipe, from all {everything} pictures once it was judged; "
        "that training went wrong. The model you have is the one that the figures belong to: it learned from the "
        f"{made.fitted_on} pictures that were not held out.",
        f"评估之后本来还要用同样的配方在全部 {everything} 张图片上重新学习网络，但那次学习出了问题。"
        f"你手里的模型就是这些数字所属的那个：它只学过没有留出的 {made.fitted_on} 张图片。",
    )


def learned_from_validation(report: Report) -> Said | None:
    """Beside a test folder, one for validation is not needed."""
    joined = report.validation_joined
    if not joined:
        return None
    return Said(
        f"The {joined} pictures of the validation folder were learned from; choices were made by cross-validation.",
        f"验证文件夹里的 {joined} 张图片也用来学习；各种选择是靠交叉验证做出的。",
    )


def what_it_was_chosen_for(report: Report) -> Said | None:
    """Not accuracy: who said so."""
    made = report.recipe
    if made.aim_by is UNSET:
        return None
    zh = AIMS_ZH.get(made.aim, made.aim)
    if made.aim_by == ChosenBy.USER:
        return Said(f"It was chosen for {made.aim}, as was asked for.", f"按照要求，它是以“{zh}”为目标选出的。")
    sizes = sorted(each.train for each in report.counts)
    times = f"{sizes[-1] / max(sizes[0], 1):.0f}"
    return Said(
        f"It was chosen for {made.aim}, because one class has {times} times as many pictures as another: a model that "
        "never answers the small one would hardly lose a point of accuracy.",
        f"它是以“{zh}”为目标选出的，因为一个类别的图片是另一个的 {times} 倍："
        "按正确率选，从不回答小类别的模型也几乎不丢分。",
    )


def small_classes_counted_more(report: Report) -> Said | None:
    """Pictures had weights."""
    if report.recipe.class_weights is None:
        return None
    return Said(
        "Classes differ much in size, so pictures of small classes counted for more.",
        "各类别的图片数相差很大，所以小类别的图片分量更重。",
    )


NOTES: tuple[Rule, ...] = (
    learned_anew_from_all,
    what_learned_from_all_went_wrong,
    learned_from_validation,
    what_it_was_chosen_for,
    small_classes_counted_more,
)
