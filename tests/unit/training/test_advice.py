"""Advice: every rule speaks where it should, is silent where it should be, and says the same in both languages."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest

from fenlei.training.advice import RULES, advise
from fenlei.training.curve import ClassGain, CurvePoint, LearningCurve
from fenlei.training.evaluation import evaluate
from fenlei.training.report import CandidateResult, ClassCount, Duplicates, Report, SkippedPicture
from fenlei.training.search import NO_TIME
from fenlei.training.slices import Slice
from fenlei.training.suspect import Suspect, SuspectCounts
from tests.support.reports import report

Change = Callable[[Report], Report]

NOTHING_TWICE = Duplicates(groups=0, pictures=0, across_classes=0, across_parts=0, examples=[])


def calm() -> Report:
    """A report of which nothing but good is to be said: even classes, sure and right, no suspects, a flat curve."""
    labels = ["cat", "dog", "owl"]
    truth = np.repeat([0, 1, 2], 60)
    scores = np.full((180, 3), 0.01) + 0.97 * np.eye(3)[truth]
    base = report(labels, each=60, confused=0)
    return msgspec.structs.replace(
        base,
        counts=[ClassCount(label=label, train=200, test=60) for label in labels],
        train_pictures=600,
        evaluation=evaluate(scores, truth, labels),
        skipped=[],
        duplicates=NOTHING_TWICE,
        recipe=msgspec.structs.replace(base.recipe, class_weights=None, refitted=False),
        candidates=[
            CandidateResult(
                backbone="efficientnet-lite0",
                size=224,
                policy="squash",
                accuracy=0.99,
                accuracy_interval=(0.97, 1.0),
                log_loss=0.05,
                chosen=True,
                milliseconds=6.0,
                bytes=14_000_000,
            )
        ],
        suspects=[],
        suspect_counts=SuspectCounts(looked_at=780, scored=780),
        learning_curve=curve(rise=0.001, noise=0.004),
    )


def curve(rise: float = 0.0, noise: float = 0.005, *gains: ClassGain) -> LearningCurve:
    points = [
        CurvePoint(share=share, pictures=round(480 * share), score=score, score_interval=(score - 0.02, score + 0.02))
        for share, score in ((0.25, 0.9), (0.5, 0.95), (1.0, 0.95 + rise))
    ]
    return LearningCurve(
        head="logistic regression", aim="accuracy", points=points, rise=rise, rise_noise=noise, gains=[*gains], fits=40
    )


def judged(confusion: list[list[int]], sure: float = 0.0) -> Change:
    """Pictures that were answered so, with scores of about what comes true, or all `sure`."""
    table = np.array(confusion)
    truth = np.repeat(np.arange(len(table)), table.sum(axis=1))
    called = np.concatenate([np.repeat(np.arange(len(row)), row) for row in table])
    best = sure or float(np.clip(np.mean(truth == called), 1 / len(table) + 0.01, 0.99))
    scores = np.full((len(truth), len(table)), (1 - best) / (len(table) - 1))
    scores[np.arange(len(truth)), called] = best

    def change(of: Report) -> Report:
        return msgspec.structs.replace(of, evaluation=evaluate(scores, truth, of.labels), test_pictures=len(truth))

    return change


def having(**fields: Any) -> Change:
    return lambda of: msgspec.structs.replace(of, **fields)


def made(**fields: Any) -> Change:
    return lambda of: msgspec.structs.replace(of, recipe=msgspec.structs.replace(of.recipe, **fields))


def winner(**fields: Any) -> Change:
    return lambda of: msgspec.structs.replace(
        of, candidates=[msgspec.structs.replace(each, **fields) for each in of.candidates]
    )


def sizes(*train: int) -> Change:
    return lambda of: msgspec.structs.replace(
        of, counts=[msgspec.structs.replace(each, train=n) for each, n in zip(of.counts, train, strict=True)]
    )


def suspected(**counts: int) -> Change:
    one = Suspect(
        name="cat/7.jpg",
        sha256="5d" * 32,
        part="train",
        label="cat",
        likelier="dog",
        label_score=0.1,
        likelier_score=0.8,
        suspicion=0.85,
        reasons=["label"],
    )
    found = SuspectCounts(looked_at=780, scored=780, pictures=max(counts.values()), **counts)
    return having(suspects=[one], suspect_counts=found)


def twice(**fields: int) -> Change:
    return having(duplicates=msgspec.structs.replace(NOTHING_TWICE, **fields))


def slice_of(kind: str, name: str, accuracy: float, difference: float, *, differs: bool = True) -> Slice:
    return Slice(
        kind=kind,
        name=name,
        low=None if name else 0.05,
        high=None if name else 0.25,
        pictures=30,
        right=round(30 * accuracy),
        accuracy=accuracy,
        interval=(accuracy - 0.1, accuracy + 0.1),
        difference=difference,
        difference_interval=(difference - 0.1, difference + 0.1),
        differs=differs,
    )


GAIN = ClassGain(label="owl", pictures=40, gain=0.021, noise=0.006)
POOR = judged([[30, 15, 15], [15, 30, 15], [15, 15, 30]])

SPEAKS: dict[str, tuple[Change, str, str]] = {
    "mostly-right": (having(), "expect 98 to 100", "98"),
    "scores-mean-what-they-say": (having(), "mean what they say", "得分可信"),
    "every-class-is-recognised": (judged([[60, 0, 0], [0, 60, 0], [6, 0, 54]]), "“owl”, in 90 %", "“owl”也认出了 90%"),
    "labels-look-right": (suspected(labels=3), "3 of 780", "780 个里有 3 个"),
    "hardly-better-than-guessing": (judged([[80, 2, 2], [8, 0, 0], [8, 0, 0]]), "no better than", "永远回答"),
    "few-test-pictures": (judged([[4, 1, 0], [0, 5, 0], [1, 0, 4]]), "by 15 pictures", "只有 15 张"),
    "test-unlike-training": (judged([[40, 20, 0], [0, 50, 10], [0, 10, 50]]), "unlike those", "不一样"),
    "copies-across-parts": (twice(across_parts=4), "4 test pictures", "4 张测试图片"),
    "classes-nobody-judged": (judged([[60, 0, 0], [0, 60, 0], [0, 0, 0]]), "about “owl”", "“owl”表现如何不得而知"),
    "classes-hardly-judged": (judged([[60, 0, 0], [0, 60, 0], [0, 0, 3]]), "of “owl” rest", "“owl”的数字"),
    "weak-class": (judged([[60, 0, 0], [0, 60, 0], [20, 0, 40]]), "“owl” is recognised in 67 %", "“owl”只认出了 67%"),
    "frequent-mix-up": (judged([[60, 0, 0], [0, 60, 0], [20, 0, 40]]), "“cat”: 20 of 60", "60 张里有 20 张"),
    "weaker-where": (
        having(slices=[slice_of("source", "night", 0.61, -0.3), slice_of("brightness", "", 0.7, -0.2)]),
        "weaker on pictures of “night”: 61 % of 30",
        "“night”的图片上较弱：30 张里对 61%",
    ),
    "scores-are-not-calibrated": (winner(accuracy=None), "too few pictures", "图片太少"),
    "scores-are-off": (judged([[45, 15, 0], [0, 45, 15], [15, 0, 45]], sure=0.97), "claim too much", "偏高"),
    "one-picture-two-classes": (twice(across_classes=2), "2 pictures are there under two", "2 张图片"),
    "doubtful-labels": (suspected(labels=30), "30 of 780 labels", "780 个标注里有 30 个"),
    "odd-pictures": (suspected(outliers=2), "2 pictures resemble no other", "2 张图片"),
    "uneven-classes": (sizes(300, 290, 10), "300 pictures of “cat”, 10 of “owl”", "“owl”只有 10 张"),
    "many-copies": (twice(groups=40, pictures=360), "320 of 780 are copies", "320 张"),
    "files-left-aside": (
        having(skipped=[SkippedPicture(name=f"{n}.txt", reason="no picture") for n in range(60)]),
        "60 of 840 files",
        "840 个文件里有 60 个",
    ),
    "slow-answers": (winner(milliseconds=240.0), "240 ms", "240 毫秒"),
    "large-file": (winner(bytes=350_000_000), "350 MB", "350 MB"),
    "look-at-suspects": (suspected(labels=3), "“cat/7.jpg” first", "从“cat/7.jpg”开始"),
    "join-or-tell-apart": (judged([[60, 0, 0], [0, 60, 0], [20, 0, 40]]), "“owl” from “cat”", "“owl”和“cat”"),
    "fill-small-classes": (sizes(30, 30, 12), "pictures of “owl”", "增加“owl”的图片"),
    "more-of-a-class": (having(learning_curve=curve(0.0, 0.01, GAIN)), "“owl” would help most", "“owl”的图片"),
    "more-pictures": (having(learning_curve=curve(0.03, 0.01)), "brought 3.0 points (± 1.0)", "3.0 个百分点"),
    "enough-pictures": (having(), "hardly help", "几乎没有帮助"),
    "set-more-aside": (judged([[4, 1, 0], [0, 5, 0], [1, 0, 4]]), "set 100 pictures", "100 张"),
    "search-longer": (
        lambda of: msgspec.structs.replace(
            of, candidates=[*of.candidates, msgspec.structs.replace(of.candidates[0], chosen=False, left_out=NO_TIME)]
        ),
        "1 candidate was not tried",
        "1 个方案",
    ),
    "ask-for-speed": (winner(milliseconds=240.0), "--goal fast", "--goal fast"),
    "publish": (having(), "against publishing", "可以发布了"),
    "learned-anew-from-all": (made(refitted=True), "the 180 pictures held out", "全部 540 张图片上重新学习"),
    "what-learned-from-all-went-wrong": (
        made(refitted=False, fitted_on=360, spoiled="It knows less."),
        "anew, by the same recipe, from all 780 pictures once it was judged; that training went wrong",
        "它只学过没有留出的 360 张图片",
    ),
    "learned-from-validation": (having(validation_joined=28), "28 pictures of the validation", "28 张图片也用来学习"),
    "what-it-was-chosen-for": (
        lambda of: sizes(300, 290, 25)(made(aim="balanced accuracy", aim_by="class sizes")(of)),
        "for balanced accuracy, because one class has 12 times as many",
        "以“平衡正确率”为目标选出的，因为一个类别的图片是另一个的 12 倍",
    ),
    "small-classes-counted-more": (made(class_weights=[1.0, 1.0, 2.0]), "counted for more", "分量更重"),
}
"""Every rule: a change to the calm report after which it speaks, and words of what it says."""

SILENT: dict[str, Change] = {
    "mostly-right": POOR,
    "scores-mean-what-they-say": judged([[45, 15, 0], [0, 45, 15], [15, 0, 45]], sure=0.97),
    "every-class-is-recognised": judged([[60, 0, 0], [0, 60, 0], [12, 0, 48]]),
    "labels-look-right": suspected(labels=30),
    "enough-pictures": having(learning_curve=curve(0.03, 0.01)),
    "publish": suspected(outliers=1),
}
"""Rules that praise: a change after which they no longer do. All others are silent about the calm report."""


def said(of: Report) -> dict[str, tuple[str, str, str]]:
    return {each.rule: (each.kind, each.en, each.zh) for each in advise(of)}


def test_every_rule_has_a_case() -> None:
    names = [rule.__name__.replace("_", "-") for rules in RULES.values() for rule in rules]
    assert sorted(SPEAKS) == sorted(names)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("rule", list(SPEAKS))
def test_it_speaks_in_both_languages(rule: str) -> None:
    change, en, zh = SPEAKS[rule]
    found = said(change(calm()))
    assert rule in found, sorted(found)
    assert en in found[rule][1]
    assert zh in found[rule][2]


@pytest.mark.parametrize("rule", list(SPEAKS))
def test_it_is_silent_otherwise(rule: str) -> None:
    assert rule not in said(SILENT.get(rule, having())(calm()))


def test_a_calm_report_gets_praise_and_is_to_be_published() -> None:
    assert list(said(calm())) == [
        "mostly-right",
        "scores-mean-what-they-say",
        "every-class-is-recognised",
        "labels-look-right",
        "enough-pictures",
        "publish",
    ]


@pytest.mark.parametrize("rule", list(SPEAKS))
def test_both_languages_name_the_same_figures(rule: str) -> None:
    _, en, zh = said(SPEAKS[rule][0](calm()))[rule]
    numbers = [set(re.findall(r"\d+(?:\.\d+)?", text)) for text in (en, zh)]
    assert numbers[0] == numbers[1]
    assert re.search("[一-鿿]", zh)
    assert not re.search("[一-鿿]", en)


def test_what_was_not_looked_at_is_not_spoken_of() -> None:
    old = msgspec.structs.replace(calm(), suspect_counts=None, learning_curve=None)
    assert list(said(old)) == ["mostly-right", "scores-mean-what-they-say", "every-class-is-recognised", "publish"]


def test_a_weak_model_accuses_no_labels() -> None:
    assert "doubtful-labels" in said(suspected(labels=30)(calm()))
    assert "doubtful-labels" not in said(suspected(labels=30)(POOR(calm())))


def test_a_slice_is_named_by_what_its_pictures_look_like_and_only_where_it_is_worse_beyond_noise() -> None:
    dark = having(slices=[slice_of("brightness", "", 0.7, -0.2)])
    _, en, zh = said(dark(calm()))["weaker-where"]
    assert "of brightness 0.05 to 0.25: 70 % of 30 right" in en
    assert "亮度在 0.05 到 0.25 之间的图片" in zh
    better, noise = slice_of("source", "a", 1.0, 0.2), slice_of("source", "b", 0.8, -0.1, differs=False)
    assert "weaker-where" not in said(having(slices=[better, noise])(calm()))


def test_many_names_are_counted_and_not_listed() -> None:
    labels = [f"class {n}" for n in range(9)]
    few = msgspec.structs.replace(report(labels), counts=[ClassCount(label=each, train=3, test=9) for each in labels])
    _, en, zh = said(few)["fill-small-classes"]
    assert "“class 0”, “class 1”, “class 2” and 6 more" in en
    assert "“class 0”、“class 1”、“class 2”等 9 个" in zh
