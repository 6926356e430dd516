"""Parts of a split above class folders: `train/cat/1.jpg`, `test/cat/2.jpg`."""

from __future__ import annotations

from fenlei.datasets.found import DatasetError, why_skipped
from fenlei.datasets.importers.found import Found
from fenlei.datasets.importers.importer import FOLDERS, Fit
from fenlei.datasets.importers.pile import Pile
from fenlei.datasets.importers.trees import read_tree

SLUG = "train-val-test"


class TrainValTest:
    """The upper folder is the part, the one below it the class. A part without class folders has no classes."""

    def recognise(self, pile: Pile) -> Fit | None:
        if pile.only is not None or not pile.layout.parts:
            return None
        return Fit(FOLDERS + 10, f"there are the folders {', '.join(f'{part}/' for part in sorted(pile.layout.parts))}")

    def read(self, pile: Pile) -> Found:
        if not pile.layout.parts:
            raise DatasetError(
                f"{pile.called} is not split by folders. Needed: train/ and val/ or test/ with class folders below."
                f"{why_skipped(pile.listing.skipped)}"
            )
        return read_tree(pile, pile.layout, SLUG)
