"""What can be wrong with the pictures of a data set; one file each. A new check is a file and a line here."""

from fenlei.datasets.checking.blank import Blank
from fenlei.datasets.checking.check import Check, Found, Mending, Need, Remedy
from fenlei.datasets.checking.exact_duplicates import ExactDuplicates
from fenlei.datasets.checking.imbalance import Imbalance
from fenlei.datasets.checking.near_duplicates import NearDuplicates
from fenlei.datasets.checking.odd_ratio import OddRatio
from fenlei.datasets.checking.survey import Seen, Survey
from fenlei.datasets.checking.too_large import TooLarge
from fenlei.datasets.checking.too_small import TooSmall
from fenlei.datasets.checking.two_labels import TwoLabels
from fenlei.datasets.checking.unreadable import Unreadable

CHECKS: dict[str, Check] = {
    check.name: check
    for check in (
        Unreadable(),
        TooSmall(),
        TooLarge(),
        OddRatio(),
        Blank(),
        ExactDuplicates(),
        NearDuplicates(),
        TwoLabels(),
        Imbalance(),
    )
}
"""All checks by name, in the order in which people read them."""

__all__ = ["CHECKS", "Check", "Found", "Mending", "Need", "Remedy", "Seen", "Survey"]
