"""Which pictures are left out for their own good, and why: the checks of data sets, carried out on pictures of a graph.

One check after another looks at what the ones before have left. Nothing is changed but which pictures are there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import msgspec

from fenlei.datasets.checking import Check, Found, Survey
from fenlei.datasets.checking.blank import Blank
from fenlei.datasets.checking.exact_duplicates import ExactDuplicates
from fenlei.datasets.checking.near_duplicates import NearDuplicates
from fenlei.datasets.checking.two_labels import TwoLabels
from fenlei.datasets.checking.unreadable import Unreadable
from fenlei.datasets.version_content import VersionContent
from fenlei.pipelines.words import Words
from fenlei.store.browse import Glance
from fenlei.store.findings import Flagged

TOO_SMALL = "too-small"
KEEP_NONE, KEEP_FIRST, KEEP_MOST = "none", "first", "most"


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """A picture that was left out.

    Attributes:
        name: of it.
        sha256: of its file, hex.
        label: its class; None for none.
        reason: `unreadable`, `too-small`, `blank`, `two-labels`, `exact-duplicates` or `near-duplicates`.
        en: the sentence that says why.
        zh: the same in Chinese.
        others: of the pictures that it belongs together with, those that stayed; where none did, all of them.
    """

    name: str
    sha256: str
    label: str | None
    reason: str
    en: str
    zh: str
    others: list[str] = []


class Undecided(msgspec.Struct, frozen=True, kw_only=True):
    """Pictures that are the same, or nearly, and stand under different classes. They stay; a person may decide."""

    names: list[str]
    labels: list[str]


class Cleaning(msgspec.Struct, frozen=True, kw_only=True):
    """What was left out.

    Attributes:
        pictures: that came in.
        kept: that are left.
        reasons: how many were left out, by reason.
        left_out: each of them, in the order of the reasons, then of the names.
        undecided: what somebody should look at.
    """

    pictures: int
    kept: int
    reasons: dict[str, int]
    left_out: list[LeftOut]
    undecided: list[Undecided]


class Cleaner:
    """Leaves pictures out, reason by reason.

    Args:
        content: the pictures.

    Attributes:
        survey: those that are still there.
    """

    def __init__(self, content: VersionContent) -> None:
        self._content = content
        pictures = [
            Glance(
                number,
                entry.name,
                entry.sha256,
                None if entry.label is None else str(entry.label),
                entry.split,
                entry.split,
                entry.group,
                entry.width,
                entry.height,
            )
            for number, entry in enumerate(content.entries)
        ]
        self.survey = Survey(pictures, {str(number): name for number, name in enumerate(content.labels)})
        self._left_out: list[LeftOut] = []
        self._undecided: list[Undecided] = []

    def too_small(self, least: int) -> None:
        """Leave out what has a shorter side than `least` pixels."""
        small = [each for each in self.survey.pictures if min(each.width, each.height) < least]
        for each in small:
            size = f"{each.width} × {each.height}"
            said = Words(
                f"It has {size} pixels; the shorter side is to have {least}.",
                f"尺寸为 {size} 像素，短边至少应为 {least}。",
            )
            self._leave(each, TOO_SMALL, said)
        self._without(small)

    def unreadable(self) -> None:
        """Leave out what cannot be decoded. Needs `survey.looks`."""
        self._each(
            Unreadable(),
            lambda found: Words(
                f"It cannot be read. {found.detail['problem']}",
                f"无法读取。{found.detail['problem']}",
            ),
        )

    def blank(self) -> None:
        """Leave out what shows nothing. Needs `survey.looks`."""
        self._each(
            Blank(),
            lambda found: Words(
                f"There is nothing to see on it: its levels differ by {found.detail['spread']} of 255.",
                f"画面没有内容：亮度差异仅为 255 级中的 {found.detail['spread']} 级。",
            ),
        )

    def two_labels(self, keep: str) -> None:
        """Of copies under two classes leave out all, all but the first, or all that are not under the class of most.
        Needs `survey.looks`.

        Args:
            keep: `none`, `first` or `most`; where no class has more copies than every other, `most` keeps none.
        """
        check = TwoLabels()
        clusters = _clusters(check.find(self.survey), self.survey)
        minority = set(check.mend(_flagged(clusters), lambda: self.survey).pictures) if keep == KEEP_MOST else set()
        for cluster in clusters:
            names = [self.survey.labels[label] for label in dict.fromkeys(each.label_id for each in cluster) if label]
            said = Words(
                f"The same picture stands under {' and '.join(names)}.",
                f"同一张图片同时属于{'、'.join(names)}。",
            )
            going = cluster
            if keep == KEEP_FIRST:
                going = cluster[1:]
            elif keep == KEEP_MOST:
                going = [each for each in cluster if each.id in minority]
            self._leave_cluster(check, cluster, going, said)

    def copies(self) -> None:
        """Of equal pictures keep one. Needs `survey.looks`."""
        self._keep_one(ExactDuplicates(), Words("It is the same picture as {}.", "与 {} 是同一张图片。"))

    def near_copies(self) -> None:
        """Of pictures that were made of one another keep one. Needs `survey.looks` and `survey.near`. Those under two
        classes stay and are told."""
        self._keep_one(
            NearDuplicates(), Words("It was made of the same picture as {}.", "与 {} 出自同一张图片（略有改动）。")
        )

    def told(self) -> Cleaning:
        """What was left out so far."""
        reasons: dict[str, int] = {}
        for each in self._left_out:
            reasons[each.reason] = reasons.get(each.reason, 0) + 1
        count = len(self._content.entries)
        return Cleaning(
            pictures=count,
            kept=len(self.survey.pictures),
            reasons=reasons,
            left_out=self._left_out,
            undecided=self._undecided,
        )

    def _each(self, check: Check, said: Callable[[Found], Words]) -> None:
        by_number = {each.id: each for each in self.survey.pictures}
        found = {each.picture: each for each in check.find(self.survey) if each.picture is not None}
        gone = [by_number[number] for number in found]
        for picture in gone:
            self._leave(picture, check.name, said(found[picture.id]))
        self._without(gone)

    def _keep_one(self, check: Check, said: Words) -> None:
        clusters = _clusters(check.find(self.survey), self.survey)
        mending = check.mend(_flagged(clusters), lambda: self.survey)
        removed = set(mending.pictures)
        for number, cluster in enumerate(clusters):
            if number in mending.left:
                labels = dict.fromkeys(each.label_id for each in cluster if each.label_id is not None)
                names = [self.survey.labels[label] for label in labels]
                self._undecided.append(Undecided(names=[each.name for each in cluster], labels=names))
                continue
            going = [each for each in cluster if each.id in removed]
            kept = next(each.name for each in cluster if each.id not in removed)
            self._leave_cluster(check, cluster, going, Words(said.en.format(kept), said.zh.format(kept)))

    def _leave_cluster(self, check: Check, cluster: Sequence[Glance], going: Sequence[Glance], said: Words) -> None:
        gone = {each.id for each in going}
        stay = [each.name for each in cluster if each.id not in gone]
        for each in going:
            others = stay or [other.name for other in cluster if other.id != each.id]
            self._leave(each, check.name, said, others)
        self._without(going)

    def _leave(self, picture: Glance, reason: str, said: Words, others: Sequence[str] = ()) -> None:
        label = None if picture.label_id is None else self.survey.labels[picture.label_id]
        self._left_out.append(
            LeftOut(
                name=picture.name,
                sha256=picture.sha256,
                label=label,
                reason=reason,
                en=said.en,
                zh=said.zh,
                others=list(others),
            )
        )

    def _without(self, going: Iterable[Glance]) -> None:
        gone = {each.id for each in going}
        if gone:
            self.survey = replace(self.survey, pictures=[each for each in self.survey.pictures if each.id not in gone])


def _clusters(found: Iterable[Found], survey: Survey) -> list[list[Glance]]:
    """The pictures that belong together, in the order of their names."""
    by_number = {each.id: each for each in survey.pictures}
    clusters: dict[int, list[Glance]] = {}
    for each in found:
        if each.picture is not None and each.cluster is not None:
            clusters.setdefault(each.cluster, []).append(by_number[each.picture])
    return [sorted(each) for each in clusters.values()]


def _flagged(clusters: Sequence[Sequence[Glance]]) -> list[Flagged]:
    """The same as checks take them back, by number of the cluster."""
    return [
        Flagged(each.id, number, each.label_id, each.width, each.height)
        for number, cluster in enumerate(clusters)
        for each in cluster
    ]
