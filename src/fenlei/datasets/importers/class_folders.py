"""One folder per class: `cat/1.jpg`, `dog/2.jpg`."""

from __future__ import annotations

from dataclasses import replace

from fenlei.datasets.found import DatasetError, why_skipped
from fenlei.datasets.importers.found import Found
from fenlei.datasets.importers.importer import FOLDERS, Fit
from fenlei.datasets.importers.pile import Pile
from fenlei.datasets.importers.trees import read_tree
from fenlei.datasets.layout import PICTURE_ENDINGS

SLUG = "class-folders"


class ClassFolders:
    """The folder's name is the class; folders inside it belong to it."""

    def recognise(self, pile: Pile) -> Fit | None:
        layout = pile.layout
        if pile.only is not None or not layout.tops or layout.parts:
            return None
        depth = len(layout.inside)
        pictures = (entry.name for entry in pile.listing.entries if entry.ending in PICTURE_ENDINGS)
        if pile.pictures and not any(name.count("/") > depth for name in pictures):
            return None
        count = len(layout.tops)
        return Fit(FOLDERS, f"{count} folders hold pictures" if count > 1 else f"{layout.tops[0]}/ holds pictures")

    def read(self, pile: Pile) -> Found:
        layout = pile.layout
        if not layout.tops:
            raise DatasetError(
                f"{pile.called} holds no class folders. Needed: one folder per class with pictures in it."
                f"{why_skipped(pile.listing.skipped)}"
            )
        return read_tree(pile, replace(layout, parts={}), SLUG)
