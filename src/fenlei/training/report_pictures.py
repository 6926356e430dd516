"""The pictures of the page: what was called wrong, what it resembles, what that rests on, and what is mixed up."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from fenlei.training.confused import ConfusedPair, ConfusedPicture
from fenlei.training.nearest import Alike
from fenlei.training.report import Report, WrongPicture
from fenlei.training.report_words import both, count, fold, named, percent, section, text


def wrong_pictures(report: Report, gallery: Sequence[bytes]) -> str:
    """The gallery: what was called wrong, the surest mistakes first.

    Raises:
        ValueError: a picture points outside the gallery, or a thumbnail is neither JPEG nor PNG.
    """
    wrong = report.evaluation.pictures - sum(row[number] for number, row in enumerate(report.evaluation.confusion))
    if not wrong:
        lead = both("There is nothing to show: none was called wrong.", "没有可展示的：一张都没判错。")
        return section("wrong", "Pictures called wrong", "判错的图片", f"<p>{lead}</p>\n")
    shown = len(report.worst)
    if shown < wrong:
        lead = both(
            f"The {shown:,} surest mistakes of {wrong:,}. ", f"共 {wrong:,} 张判错，下面是错得最有把握的 {shown:,} 张。"
        )
    else:
        lead = both(f"All {wrong:,}, the surest mistakes first. ", f"共 {wrong:,} 张，错得最有把握的排在前面。")
    lead += both(
        "Look at the labels too: a picture in the wrong folder shows up here.",
        "顺便看看标注：放错文件夹的图片也会出现在这里。",
    )
    if any(picture.nearest for picture in report.worst):
        lead += both(
            " Below each picture stand those it learned from that it resembles most: where they are of another class, "
            "one of the labels may be wrong, or pictures like it are missing.",
            "每张图片下面是训练图片中与它最相似的几张：如果它们属于别的类别，可能有标注错误，或者缺少类似的图片。",
        )
    if any(picture.heat is not None for picture in report.worst):
        lead += both(
            " Warm colours mark what speaks for the answer it was given, blue what speaks against it.",
            "暖色标出支持所判类别的部分，蓝色标出反对的部分。",
        )
    figures = "".join(_wrong(picture, gallery) for picture in report.worst)
    body = f'<p>{lead}</p>\n<div class="gallery">{figures}</div>\n'
    return section("wrong", "Pictures called wrong", "判错的图片", body)


def confused_galleries(pairs: Sequence[ConfusedPair], labels: Sequence[str], gallery: Sequence[bytes]) -> str:
    """What is mixed up, pair by pair, to be opened; cells of the matrix lead here."""
    return "".join(_pair(pair, labels, gallery) for pair in pairs)


def anchors(pairs: Sequence[ConfusedPair], labels: Sequence[str]) -> dict[tuple[int, int], str]:
    """The names of the places where pairs of class numbers (truth, called) are shown."""
    numbers = {label: number for number, label in enumerate(labels)}
    found = [(numbers.get(pair.truth), numbers.get(pair.called)) for pair in pairs]
    return {
        (truth, called): f"pair-{truth}-{called}" for truth, called in found if truth is not None and called is not None
    }


def data_uri(picture: bytes, number: int) -> str:
    """A thumbnail as an address that needs no network.

    Raises:
        ValueError: `picture` is neither JPEG nor PNG.
    """
    if picture.startswith(b"\xff\xd8\xff"):
        kind = "jpeg"
    elif picture.startswith(b"\x89PNG\r\n\x1a\n"):
        kind = "png"
    else:
        raise ValueError(f"thumbnail {number} of the gallery is neither JPEG nor PNG")
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"


def shown(name: str, thumbnail: int | None, gallery: Sequence[bytes]) -> str:
    """A picture of the gallery as markup, or that it was not kept.

    Raises:
        ValueError: it points outside the gallery, or is neither JPEG nor PNG.
    """
    if thumbnail is None:
        return f'<div class="nothing">{both("picture not kept", "未保留图片")}</div>'
    if not 0 <= thumbnail < len(gallery):
        raise ValueError(f"{name}: thumbnail {thumbnail} of a gallery of {len(gallery)}")
    return f'<img src="{data_uri(gallery[thumbnail], thumbnail)}" alt="{text(name)}" loading="lazy">'


def _wrong(picture: WrongPicture, gallery: Sequence[bytes]) -> str:
    heat = "" if picture.heat is None else shown(picture.name, picture.heat, gallery)
    wide = ' class="wide"' if heat else ""
    return (
        f"<figure{wide}><div class=looks>{shown(picture.name, picture.thumbnail, gallery)}{heat}</div><figcaption>"
        f"{_said(picture.predicted, picture.score, picture.truth, picture.truth_score)}"
        f"{_nearest(picture.nearest, gallery)}{_file(picture.name)}</figcaption></figure>\n"
    )


def _nearest(found: Sequence[Alike], gallery: Sequence[bytes]) -> str:
    if not found:
        return ""
    listed = "".join(
        f'<li title="{text(each.name)}">'
        f"{'' if each.thumbnail is None else shown(each.name, each.thumbnail, gallery)}"
        f"<span>{named(each.label)} <i>{percent(max(each.similarity, 0.0))}%</i></span></li>"
        for each in found
    )
    return f'<div class="alike"><span>{both("resembles", "相似于")}</span><ul>{listed}</ul></div>'


def _pair(pair: ConfusedPair, labels: Sequence[str], gallery: Sequence[bytes]) -> str:
    place = next(iter(anchors([pair], labels).values()), "")
    truth, called = named(pair.truth), named(pair.called)
    pictures = count(pair.count, "picture", "pictures")
    summary = both(f"{truth} called {called}: {pictures}", f"{truth} 被判成 {called}：{pair.count:,} 张")
    figures = "".join(_confused(picture, pair, gallery) for picture in pair.pictures)
    rest = pair.count - len(pair.pictures)
    more = f"<p class=quiet>{both(f'and {rest:,} more', f'还有 {rest:,} 张')}</p>" if rest > 0 else ""
    # The place is inside of what is folded: a browser that goes there opens it.
    return fold(summary, f'<div class="gallery small" id="{place}">{figures}</div>{more}')


def _confused(picture: ConfusedPicture, pair: ConfusedPair, gallery: Sequence[bytes]) -> str:
    return (
        f"<figure>{shown(picture.name, picture.thumbnail, gallery)}<figcaption>"
        f"{_said(pair.called, picture.score, pair.truth, picture.truth_score)}{_file(picture.name)}"
        "</figcaption></figure>\n"
    )


def _said(predicted: str, score: float, truth: str, truth_score: float) -> str:
    return (
        f'<div class="said"><span>{both("called", "判为")}</span> <b>{named(predicted)}</b> '
        f"<i>{percent(score)}%</i></div>"
        f'<div class="true"><span>{both("really", "实际")}</span> <b>{named(truth)}</b> '
        f"<i>{percent(truth_score)}%</i></div>"
    )


def _file(name: str) -> str:
    return f'<div class="file" title="{text(name)}">{named(name)}</div>'
