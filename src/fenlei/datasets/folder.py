"""Pictures in class folders: which file belongs to which class and part, and why the others are left aside."""

from __future__ import annotations

from pathlib import Path

from fenlei.datasets.disk import list_folder
from fenlei.datasets.found import DatasetError, FoundPictures, Item, Skipped, why_skipped
from fenlei.datasets.layout import PICTURE_ENDINGS, read_layout, why_no_picture
from fenlei.datasets.listing import Listing
from fenlei.datasets.packed import list_packed

__all__ = ["PICTURE_ENDINGS", "SHAPE", "scan"]

SHAPE = "Needed: one folder per class with pictures in it, or train/ and test/ with such class folders below them."


def scan(path: Path, *, to_learn: bool = True) -> FoundPictures:
    """Find the pictures of a folder, or of a zip or tar, without decoding any.

    Understood are class folders; `train/` with `test/` or `val/` above class folders; a zip or tar of either; and one
    folder around all of it, or several, one in the other. Folders inside a class folder belong to that class. A class
    that only `train/` has is learned and cannot be judged; a class that `train/` lacks is refused, because nothing
    could learn it.

    Args:
        path: the folder or archive.
        to_learn: False where a model that is there already judges the pictures: then no class is refused.

    Raises:
        DatasetError: there is nothing at `path`, it is neither folder nor archive, or it holds no class folder.
    """
    if not path.exists():
        raise DatasetError(f"{path} does not exist. {SHAPE}")
    listing = list_folder(path) if path.is_dir() else list_packed(path)
    try:
        found = _arrange(listing, path)
        if to_learn:
            _refuse_unlearnable(found, path)
        return found
    except BaseException:
        listing.close()
        raise


def _arrange(listing: Listing, path: Path) -> FoundPictures:
    layout = read_layout(listing)
    if not layout.tops:
        raise DatasetError(f"{path} holds no class folders. {SHAPE}{why_skipped(listing.skipped)}")
    found = FoundPictures(layout.labels(listing, to_learn=True), [], list(listing.skipped), listing.close)
    for entry in listing.entries:
        place = layout.place(entry)
        reason = place if isinstance(place, str) else why_no_picture(entry)
        if reason is None and not isinstance(place, str):
            found.items.append(Item(entry.name, *place, entry.read))
        else:
            found.skipped.append(Skipped(entry.name, str(reason)))
    found.skipped.sort(key=lambda item: item.name)
    return found


def _refuse_unlearnable(found: FoundPictures, path: Path) -> None:
    strangers = sorted({item.label for item in found.items} - set(found.labels))
    if strangers:
        example = next(item for item in found.items if item.label == strangers[0])
        named = ", ".join(strangers[:5]) + (f" and {len(strangers) - 5} more" if len(strangers) > 5 else "")
        raise DatasetError(
            f"{path}: {named}: pictures of this class are in {example.part}/ but none in train/, "
            "so it cannot be learned. Add pictures of it to train/, or take it away."
        )
