"""Checks of data sets, one file each. To add one, write its file and name it here."""

from __future__ import annotations

from fenlei.datasets.checking.blank import Blank
from fenlei.datasets.checking.exact_duplicates import ExactDuplicates
from fenlei.datasets.checking.imbalance import Imbalance
from fenlei.datasets.checking.near_duplicates import NearDuplicates
from fenlei.datasets.checking.odd_ratio import OddRatio
from fenlei.datasets.checking.subject import Check, Found, Subject
from fenlei.datasets.checking.too_small import TooSmall
from fenlei.datasets.checking.two_labels import TwoLabels
from fenlei.datasets.checking.unreadable import Unreadable

__all__ = ["CHECKS", "Check", "Found", "Subject"]

CHECKS: dict[str, Check] = {
    check.name: check
    for check in (
        Unreadable(),
        TooSmall(),
        OddRatio(),
        Blank(),
        ExactDuplicates(),
        NearDuplicates(),
        TwoLabels(),
        Imbalance(),
    )
}
"""By name, in the order in which they are shown."""
