"""The report page: nothing a user typed becomes markup, nothing is fetched, nothing is missing."""

from __future__ import annotations

import base64
import json
import re
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest

from fenlei.training.evaluation import ReliabilityBin
from fenlei.training.honesty import NO_RULE
from fenlei.training.report import Report, SkippedPicture, WrongPicture, from_json, to_json
from fenlei.training.report_html import render
from fenlei.training.report_words import percent
from fenlei.training.sentence import NOTE
from fenlei.training.suspect import SuspectCounts
from tests.support.drawing import jpeg
from tests.support.reports import FEW, closer, gallery, report

HOSTILE = "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>"
VOID = {"meta", "link", "img", "input", "br"}


class Page(HTMLParser):
    """What a browser would make of it: elements with their attributes, and the text outside scripts and styles."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self._raw = False
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self._raw = tag in {"script", "style"}

    def handle_endtag(self, tag: str) -> None:
        self._raw = False

    def handle_data(self, data: str) -> None:
        if not self._raw:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def page_of(made: Report) -> Page:
    return Page(render(made, gallery(made)))


def poisoned(value: Any) -> Any:
    """The same value with hostile markup behind every text in it."""
    if isinstance(value, str):
        return value + HOSTILE
    if isinstance(value, list):
        return [poisoned(entry) for entry in value]
    return {name: poisoned(entry) for name, entry in value.items()} if isinstance(value, dict) else value


def test_no_text_of_any_field_becomes_markup() -> None:
    clean = closer(report())
    bad = msgspec.convert(poisoned(msgspec.to_builtins(clean)), Report)
    before, after = page_of(clean), page_of(bad)
    assert after.text.count("onerror") >= 150
    assert {tag for tag, _ in after.elements} == {tag for tag, _ in before.elements}
    assert len(after.all("img")) == len(before.all("img"))
    assert not [attributes for _, attributes in after.elements if "onerror" in attributes]
    assert len(after.all("script")) == 1


def test_the_same_report_gives_the_same_page() -> None:
    made = report()
    assert render(made, gallery(made)) == render(from_json(to_json(made)), gallery(report()))


@pytest.mark.parametrize("classes", [2, 10, 60])
def test_nothing_is_fetched(classes: int) -> None:
    page = page_of(closer(report([f"class {n}" for n in range(classes)])))
    addresses = [a[name] for _, a in page.elements for name in ("src", "href", "action", "srcset") if name in a]
    assert addresses
    assert [address for address in addresses if not address.startswith(("#", "data:"))] == []
    targets = {a["id"] for _, a in page.elements if "id" in a}
    assert {address[1:] for address in addresses if address.startswith("#")} <= targets


def test_styles_and_scripts_reach_for_nothing() -> None:
    source = render(report(), gallery(report()))
    code = source[: source.index("</style>")] + source[source.rindex("<script>") :]
    for reach in ("http:", "https:", "@import", "url(", "fetch(", "innerHTML", "eval("):
        assert reach not in code
    policy = next(a["content"] for a in Page(source).all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'unsafe-inline'")


def test_every_class_and_every_wrong_picture_is_there() -> None:
    made = report()
    page = page_of(made)
    for label in FEW:
        assert page.text.count(label) >= 4  # learned from, two edges of the matrix, class by class
    assert len(made.worst) > 12
    for picture in made.worst:
        assert picture.name in page.text
    shown = [base64.b64decode(a["src"].split(",", 1)[1]) for a in page.all("img")]
    assert shown == gallery(made)
    named = [*(picture.name for picture in made.worst), *(each.name for each in made.suspects[:2])]
    assert [a["alt"] for a in page.all("img")] == named


def test_every_suspect_is_there_with_what_speaks_against_it() -> None:
    made = report()
    source = render(made, gallery(made))
    section = Page(source[source.index('<section id="suspects"') :].split("</section>")[0])
    text = section.text.replace("\N{NO-BREAK SPACE}", " ")
    assert "3 of 540 pictures, the most suspicious first: 2 score like another class, 1 are there under two" in text
    assert "共 540 张图片，其中 3 张可疑" in text
    for suspect in made.suspects:
        assert suspect.name in text
    assert "the same as dog/copy.jpg (dog)" in text.replace("与它相同：", "")
    assert "1.7 times as far" in text
    assert "95%" in text
    assert len(section.all("img")) == 2


def test_every_sentence_of_advice_is_there_in_both_languages() -> None:
    made = report()
    assert {each.kind for each in made.advice} == {"good", "doubtful", "next", "note"}
    source = render(made, gallery(made))
    text = Page(source[source.index('<section id="advice"') :].split("</section>")[0]).text
    for sentence in made.advice:
        if sentence.kind != NOTE:
            assert sentence.en in text
            assert sentence.zh in text
    blame = msgspec.structs.replace(made, advice=[each for each in made.advice if each.kind != "good"])
    assert "What is good" in text
    assert "What is good" not in render(blame, gallery(made))
    assert '<section id="advice"' not in render(msgspec.structs.replace(made, advice=[]), gallery(made))


@pytest.mark.parametrize("origin", ["held out", "folder"])
def test_how_the_model_was_made_is_told_once_in_each_language(origin: str) -> None:
    made = report(origin=origin)
    notes = {each.rule: each for each in made.advice if each.kind == NOTE}
    own = {"held out": "learned-anew-from-all", "folder": "learned-from-validation"}[origin]
    assert set(notes) == {own, "small-classes-counted-more"}
    source = render(made, gallery(made))
    section = source[source.index('<section id="method"') :].split("</section>")[0]
    for sentence in notes.values():
        assert f'<span class="en" lang="en"><bdi>{sentence.en}</bdi></span>' in section
        assert f'<span class="zh" lang="zh"><bdi>{sentence.zh}</bdi></span>' in section
        assert (source.count(sentence.en), source.count(sentence.zh)) == (1, 1)
    assert ("exactly the model you have" in section) is (origin == "folder")


def test_notes_of_an_older_report_are_read_and_shown() -> None:
    told = json.loads(to_json(report()))
    older = {name: value for name, value in told.items() if name not in {"advice", "validation_joined"}}
    older["notes"] = ["3 groups of duplicates carry different classes: at least one label is wrong."]
    read = from_json(json.dumps(older).encode())
    assert (read.notes, read.advice) == (older["notes"], [])
    page = page_of(read)
    assert older["notes"][0] in page.text
    assert "训练过程的说明" in page.text
    assert "训练过程的说明" not in page_of(report()).text
    assert told["notes"] == []  # an older Fenlei wants to find it


def test_the_learning_curve_is_a_table_with_what_each_class_brought() -> None:
    made = report()
    source = render(made, gallery(made))
    section = Page(source[source.index('<section id="curve"') :].split("</section>")[0])
    text = section.text.replace("\N{NO-BREAK SPACE}", " ")
    for words in (
        "135 pictures",
        "81 %",
        "540 张",
        "88\N{EN DASH}94 %",
        "cat: +2.0 ± 0.5 points",
        "+1.0 ± 0.5 个百分点",
    ):
        assert words in text
    assert '<section id="curve"' not in render(msgspec.structs.replace(made, learning_curve=None), gallery(made))


def test_where_nothing_is_suspect_the_page_says_so_and_whether_labels_could_be_checked() -> None:
    clean = msgspec.structs.replace(report(), suspects=[], suspect_counts=SuspectCounts(looked_at=540, scored=540))
    assert "None of 540 pictures looks wrongly labelled" in page_of(clean).text.replace("\N{NO-BREAK SPACE}", " ")
    blind = msgspec.structs.replace(clean, suspect_counts=SuspectCounts(looked_at=5))
    assert "Labels could not be checked" in page_of(blind).text
    assert "They were not looked for" in page_of(msgspec.structs.replace(clean, suspect_counts=None)).text


def test_the_headline_counts_pictures() -> None:
    made = report()
    right = sum(row[n] for n, row in enumerate(made.evaluation.confusion))
    text = page_of(made).text.replace("\N{NO-BREAK SPACE}", " ")
    assert f"Right on {right} of 100 pictures nobody showed it" in text
    assert f"没给它看过的 100 张图片，它认对了 {right} 张" in text


@pytest.mark.parametrize("classes", [2, 10, 60, 120])
def test_the_matrix_has_a_cell_for_every_pair(classes: int) -> None:
    made = report([f"class {n}" for n in range(classes)], each=4)
    source = render(made, gallery(made))
    matrix = source[source.index('<table class="matrix') :].split("</table>")[0]
    assert Page(matrix).text.count("class") == 2 * classes
    assert len(Page(matrix).all("td")) == classes * (classes + 1)
    for truth, row in enumerate(made.evaluation.confusion):
        for called, pictures in enumerate(row):
            title = f"\u2068class {truth}\u2069 → \u2068class {called}\u2069: {pictures} / 4 ="
            assert (title in matrix) == (pictures > 0)


def test_no_mistake_is_said_with_what_it_is_worth() -> None:
    made = report(["a", "b"], each=50, confused=0)
    text = page_of(made).text.replace("\N{NO-BREAK SPACE}", " ")
    assert "Right on 100 of 100 pictures" in text
    assert "None was called wrong. With so many pictures that still allows for up to 4 % mistakes." in text
    assert "一张都没判错" in text
    assert "Most confused pairs" not in text


def test_a_class_without_test_pictures_has_no_figures() -> None:
    made = report(["a", "b", "c"], each=[10, 0, 10], confused=0)
    source = render(made, gallery(made))
    row = next(line for line in source.splitlines() if line.startswith('<tr><th scope="row" data-v="1"'))
    assert row.count('class="b none"') == 3
    assert "0%" not in row
    assert "nothing is known about them: <bdi>b</bdi>." in source
    assert "nothing is known about them" not in render(report(), gallery(report()))


def test_scores_that_were_not_calibrated_are_called_so() -> None:
    made = report()
    untried = [msgspec.structs.replace(result, accuracy=None, log_loss=None) for result in made.candidates]
    assert "too few pictures for cross-validation" not in page_of(made).text
    assert "too few pictures for cross-validation" in page_of(msgspec.structs.replace(made, candidates=untried)).text


def test_both_languages_say_everything() -> None:
    page = page_of(closer(report()))
    spans = [a["class"] for tag, a in page.elements if tag == "span" and a.get("lang")]
    assert spans[0::2] == ["en"] * (len(spans) // 2)
    assert spans[1::2] == ["zh"] * (len(spans) // 2)


@pytest.mark.parametrize("origin", ["folder", "held out"])
def test_it_says_where_the_figures_come_from(origin: str) -> None:
    text = page_of(report(origin=origin)).text
    assert ("The test pictures you set aside yourself" in text) == (origin == "folder")
    assert ("were set aside" in text) == (origin == "held out")
    assert ("learned anew" in text) == (origin == "held out")


def test_skipped_files_are_counted_by_reason_before_they_are_named() -> None:
    source = render(report(), gallery(report()))
    folds = source[source.index('id="skipped"') :].split("</section>")[0].split("<summary>")[1:]
    summaries = [Page(part.split("</summary>")[0]).text for part in folds]
    assert [summary.split()[0] for summary in summaries] == ["12", "3", "1"]
    assert "猫/坏图.jpg" in Page(folds[2]).text


def test_ten_thousand_skipped_files_do_not_swell_the_page() -> None:
    many = [SkippedPicture(name=f"folder/file {n}.txt", reason="not a picture") for n in range(10_000)]
    source = render(msgspec.structs.replace(report(), skipped=many), gallery(report()))
    assert "10,000" in source
    assert "and 9,800 more" in source
    assert source.count("folder/file ") == 200


def test_names_that_cannot_be_written_do_not_stop_the_page() -> None:
    made = report(["a\udcff", "b\x00\x1b[31m", "\u202eevil"], each=9)
    encoded = render(made, gallery(made)).encode("utf-8")
    assert b"\x00" not in encoded
    assert b"\x1b" not in encoded
    assert "<bdi>\u202eevil</bdi>".encode() in encoded


def test_ten_classes_stay_small() -> None:
    made = report(each=30)
    worst, suspects = (
        [msgspec.structs.replace(w, thumbnail=None) for w in each] for each in (made.worst, made.suspects)
    )
    bare = msgspec.structs.replace(made, worst=worst, suspects=suspects)
    assert len(render(bare, []).encode()) < 100_000


def bins(*filled: tuple[int, float, float]) -> list[ReliabilityBin]:
    """Five bins; each of (pictures, claimed, came true) goes into that which it claims, and the others are empty."""
    found = []
    for place in range(5):
        low, high = place / 5, (place + 1) / 5
        count, claimed, true = next((each for each in filled if low < each[1] <= high), (0, 0.0, 0.0))
        found.append(ReliabilityBin(low=low, high=high, count=count, confidence=claimed, accuracy=true))
    return found


def test_the_reliability_plot_has_a_point_for_each_bin_that_is_not_empty_where_it_was_claimed_and_came_true() -> None:
    made = report()
    assert made.calibration is not None
    after, before = ((16, 0.5, 0.25), (4, 0.7, 0.75), (80, 0.95, 0.9)), ((20, 0.55, 0.2), (80, 0.99, 0.9))
    made = msgspec.structs.replace(
        made,
        evaluation=msgspec.structs.replace(made.evaluation, reliability=bins(*after)),
        calibration=msgspec.structs.replace(made.calibration, reliability_before=bins(*before)),
    )
    source = render(made, gallery(made))
    plot = Page(source[source.index('<section id="trust"') :].split("<svg")[1].split("</svg>")[0])
    line = next(each["d"] for each in plot.all("path") if each["class"] == "ideal")
    left, foot, right, top = map(float, re.findall(r"[\d.]+", line))

    def shares(points: list[dict[str, str]]) -> list[tuple[Any, Any]]:
        return [
            (
                pytest.approx((float(each["cx"]) - left) / (right - left), abs=1e-3),
                pytest.approx((foot - float(each["cy"])) / (foot - top), abs=1e-3),
            )
            for each in points
        ]

    points = [each for each in plot.all("circle") if "class" not in each]
    assert [each[1:] for each in after] == shares(points)
    assert [each[1:] for each in before] == shares([each for each in plot.all("circle") if "class" in each])
    sizes = [float(each["r"]) for each in points]
    assert sizes[1] < sizes[0] < sizes[2]
    for said in ("50.0 % → 25.0 % (16)", "70.0 % → 75.0 % (4)", "95.0 % → 90.0 % (80)", "how often it was right, %"):
        assert said in plot.text


@pytest.mark.parametrize(
    ("claimed", "en", "zh"),
    [
        (0.8, "more careful than it needs to be", "偏谨慎"),
        (0.9, "claims as much as it keeps", "说多少就做到多少"),
        (0.99, "surer than it should be", "偏自信"),
    ],
)
def test_beside_the_reliability_plot_it_is_said_which_way_the_scores_lean(claimed: float, en: str, zh: str) -> None:
    made = report()
    told = msgspec.structs.replace(made.evaluation, accuracy=0.9, reliability=bins((100, claimed, 0.9)))
    text = page_of(msgspec.structs.replace(made, evaluation=told)).text
    said = ("more careful than it needs", "claims as much as it keeps", "surer than it should be")
    assert [each for each in said if each in text] == [each for each in said if each in en]
    assert en in text
    assert zh in text


def test_every_mix_up_leads_to_its_pictures() -> None:
    made = closer(report())
    page = page_of(made)
    places = {a["id"] for _, a in page.elements if a.get("id", "").startswith("pair-")}
    links = [a["href"][1:] for a in page.all("a") if a["href"].startswith("#pair-")]
    assert len(places) == len(made.confused) == len(links) > 5
    assert set(links) == places
    for pair in made.confused:
        assert all(picture.name in page.text for picture in pair.pictures)


def test_wrong_pictures_stand_beside_their_map_and_what_they_resemble() -> None:
    made = closer(report())
    page = page_of(made)
    near = [each for wrong in made.worst for each in wrong.nearest]
    titles = [a["title"] for a in page.all("li") if "title" in a]
    assert titles == [each.name for each in near]
    assert [a["class"] for a in page.all("figure") if "class" in a] == ["wide", "wide"]
    assert "what speaks for the answer it was given" in page.text
    assert "what speaks for the answer it was given" not in page_of(report()).text


def test_where_it_is_weaker_is_said_in_sentences() -> None:
    made = closer(report())
    text = page_of(made).text.replace("\N{NO-BREAK SPACE}", " ")
    assert "the darkest pictures: right on 0 % of 20 (0–16), 97 points below the others." in text
    assert "最暗的图片：20 张中认对 0%（0–16），比其余图片低 97 个百分点。" in text
    alike = msgspec.structs.replace(made, slices=[msgspec.structs.replace(each, differs=False) for each in made.slices])
    assert "make no difference that chance would not explain" in page_of(alike).text
    assert "too few test pictures" in page_of(report()).text


def test_pictures_that_may_not_travel_are_named_without_a_thumbnail() -> None:
    made = closer(report(thumbnails=False), thumbnails=False)
    page = Page(render(made, []))
    assert page.all("img") == []
    assert page.text.count("picture not kept") == len(made.worst) + sum(len(each.pictures) for each in made.confused)
    assert made.suspects[0].name in page.text
    assert made.worst[0].name in page.text


def test_a_thumbnail_nobody_points_at_stays_out() -> None:
    secret = jpeg(40, 40, seed=99)
    source = render(report(thumbnails=False), [secret])
    assert base64.b64encode(secret).decode() not in source


def test_a_thumbnail_of_another_kind_is_refused() -> None:
    made = msgspec.structs.replace(report(), worst=[_wrong(0)], suspects=[])
    with pytest.raises(ValueError, match="thumbnail 0 of the gallery is neither JPEG nor PNG"):
        render(made, [b"<svg onload=alert(1)>"])


def test_a_picture_that_points_outside_the_gallery_is_refused() -> None:
    made = msgspec.structs.replace(report(), worst=[_wrong(3)], suspects=[])
    with pytest.raises(ValueError, match=r"cat/1\.jpg: thumbnail 3 of a gallery of 1"):
        render(made, [jpeg(40, 40)])


@pytest.mark.parametrize(
    ("share", "shown"), [(0, "0"), (1, "100"), (0.9964, "99.6"), (0.99999, "99.9"), (0.0001, "0.1"), (0.425, "42")]
)
def test_a_share_is_never_rounded_to_all_or_nothing(share: float, shown: str) -> None:
    assert percent(share) == shown


def _wrong(thumbnail: int) -> WrongPicture:
    return WrongPicture(name="cat/1.jpg", truth="cat", predicted="dog", score=0.9, truth_score=0.1, thumbnail=thumbnail)


def test_it_says_how_the_threshold_for_unknown_pictures_was_set_or_why_there_is_no_rule() -> None:
    made = report()
    figures = made.unknown
    assert figures is not None
    assert "set on 430\N{NO-BREAK SPACE}pictures of known classes, each held out by a fold" in page_of(made).text
    tuned = msgspec.structs.replace(figures, tuned=True, compared=[])
    page = page_of(msgspec.structs.replace(made, unknown=tuned)).text
    for words in ("by a network that was fine-tuned in the same way without them", "Rules were not compared"):
        assert words in page
    for words in ("另微调一个没有见过这 430 张", "没有比较规则"):
        assert words in page
    none = page_of(msgspec.structs.replace(made, unknown=None, no_unknown=NO_RULE)).text
    assert NO_RULE.en in none
    assert NO_RULE.zh in none
