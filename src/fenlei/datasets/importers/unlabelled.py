"""Pictures of which nobody has said what they show; also one alone."""

from __future__ import annotations

from fenlei.datasets.found import DatasetError, Skipped, why_skipped
from fenlei.datasets.importers.found import Found, FoundFile
from fenlei.datasets.importers.importer import FOLDERS, LAST, Fit
from fenlei.datasets.importers.pile import Pile
from fenlei.datasets.layout import PARTS, why_no_picture

SLUG = "unlabelled"

NO_CLASSES = {
    *("images", "image", "imgs", "img", "pictures", "pics", "photos", "photo", "data", "dataset", "files", "upload"),
    *("uploads", "jpegimages", "dcim", "camera", "unlabelled", "unlabeled", "_unlabelled", "new folder"),
    *("图片", "图像", "照片", "数据", "数据集", "未标注", "新建文件夹", *PARTS),
}
"""Names of folders, lower case, that are no class where such a folder holds all pictures."""


class Unlabelled:
    """All pictures, whatever folder they are in, without a class."""

    def recognise(self, pile: Pile) -> Fit | None:
        if pile.only is not None:
            return None
        layout = pile.layout
        if len(layout.tops) == 1 and not layout.parts and layout.tops[0].lower() in NO_CLASSES:
            return Fit(FOLDERS + 5, f"{layout.tops[0]}/ holds all pictures, and is no name of a class")
        return Fit(LAST, "there are pictures") if pile.pictures or self._any(pile) else None

    def read(self, pile: Pile) -> Found:
        listing = pile.listing
        found = Found(SLUG, [], [], list(listing.skipped), list(listing.notes), listing.close)
        for entry in listing.entries:
            reason = why_no_picture(entry)
            if reason is None:
                found.files.append(FoundFile(entry.name, None, None, None, entry.read))
            else:
                found.skipped.append(Skipped(entry.name, reason))
        if not found.files:
            raise DatasetError(f"{pile.called} holds no pictures.{why_skipped(found.skipped)}")
        return found

    @staticmethod
    def _any(pile: Pile) -> bool:
        return any(why_no_picture(entry) is None for entry in pile.listing.entries)
