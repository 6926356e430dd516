"""Pictures in class folders: which file belongs to which class and part, and why the others are left aside."""

from __future__ import annotations

from pathlib import Path

from fenlei.datasets.archive import list_archive
from fenlei.datasets.found import DatasetError, FoundPictures, Item, Part, Skipped, why_skipped
from fenlei.datasets.listing import Entry, Listing, list_folder
from fenlei.imaging.sniff import sniff

PARTS = {
    "train": Part.TRAIN,
    "training": Part.TRAIN,
    "val": Part.VALIDATION,
    "valid": Part.VALIDATION,
    "validation": Part.VALIDATION,
    "test": Part.TEST,
    "testing": Part.TEST,
}
"""Names of folders, lower case, that are parts and no classes, where a part for training is among them."""

PICTURE_ENDINGS = {
    *("jpg", "jpeg", "jpe", "jfif", "mpo", "png", "apng"),
    *("bmp", "dib", "gif", "tif", "tiff", "webp", "heic", "heif", "avif"),
}
"""Files with these endings are looked at; what they really are is decided by their content."""

SHAPE = "Needed: one folder per class with pictures in it, or train/ and test/ with such class folders below them."


def scan(path: Path, *, to_learn: bool = True) -> FoundPictures:
    """Find the pictures of a folder, or of a zip, without decoding any.

    Understood are class folders; `train/` with `test/` or `val/` above class folders; a zip of either; and one folder
    around all of it, or several, one in the other. Folders inside a class folder belong to that class. A class that
    only `train/` has is learned and cannot be judged; a class that `train/` lacks is refused, because nothing could
    learn it.

    Args:
        path: the folder or zip.
        to_learn: False where a model that is there already judges the pictures: then no class is refused.

    Raises:
        DatasetError: there is nothing at `path`, it is neither folder nor zip, or it holds no class folder.
    """
    if not path.exists():
        raise DatasetError(f"{path} does not exist. {SHAPE}")
    listing = list_folder(path) if path.is_dir() else list_archive(path)
    try:
        found = _arrange(listing, _wrapping(listing), path)
        if to_learn:
            _refuse_unlearnable(found, path)
        return found
    except DatasetError:
        listing.close()
        raise


def _wrapping(listing: Listing) -> tuple[str, ...]:
    """The folder that is alone at the top and holds the others (zips of `photos/` have it), or ().

    It may be wrapped itself (`photos/photos/` is what unpacking often leaves).
    """
    inside: tuple[str, ...] = ()
    while True:
        tops = _children(listing, inside)
        depth = len(inside)
        pictures = any(
            len(entry.path) == depth + 1 and entry.path[:depth] == inside and _ending(entry) in PICTURE_ENDINGS
            for entry in listing.entries
        )
        if len(tops) != 1 or pictures or PARTS.get(tops[0].lower()) == Part.TRAIN:
            return inside
        if not _children(listing, (*inside, tops[0])):
            return inside
        inside = (*inside, tops[0])


def _children(listing: Listing, folder: tuple[str, ...]) -> list[str]:
    depth = len(folder)
    return sorted(path[-1] for path in listing.folders if len(path) == depth + 1 and path[:depth] == folder)


def _arrange(listing: Listing, inside: tuple[str, ...], path: Path) -> FoundPictures:
    tops = _children(listing, inside)
    if not tops:
        raise DatasetError(f"{path} holds no class folders. {SHAPE}{why_skipped(listing.skipped)}")
    parts = _parts(listing, inside, tops)
    labels: set[str] = set()
    for folder in listing.folders:
        place = folder[len(inside) :]
        if parts and len(place) == 2 and parts.get(place[0]) == Part.TRAIN:
            labels.add(place[1])
        elif not parts and len(place) == 1 and folder[: len(inside)] == inside:
            labels.add(place[0])
    found = FoundPictures(sorted(labels), [], list(listing.skipped), listing.close)
    for entry in listing.entries:
        item = _place(entry, inside, parts)
        if isinstance(item, Item):
            reason = _why_no_picture(entry)
            item = item if reason is None else Skipped(item.name, reason)
        if isinstance(item, Item):
            found.items.append(item)
        else:
            found.skipped.append(item)
    found.items.sort(key=lambda item: item.name)
    found.skipped.sort(key=lambda item: item.name)
    return found


def _parts(listing: Listing, inside: tuple[str, ...], tops: list[str]) -> dict[str, Part]:
    """Top folders that are parts, or nothing where they are classes: `bus`, `car`, `train` is no split."""
    parts = {
        name: PARTS[name.lower()] for name in tops if name.lower() in PARTS and _children(listing, (*inside, name))
    }
    trains = [name for name, part in parts.items() if part == Part.TRAIN]
    alone = len(tops) == 1
    return parts if len(trains) == 1 and (len(parts) > 1 or alone) else {}


def _place(entry: Entry, inside: tuple[str, ...], parts: dict[str, Part]) -> Item | Skipped:
    name = "/".join(entry.path)
    place = entry.path[len(inside) :]
    if entry.path[: len(inside)] != inside:
        return Skipped(name, f"it lies beside the folder {'/'.join(inside)}/ that holds the classes")
    if not parts:
        if len(place) < 2:
            return Skipped(name, "it lies beside the class folders, in none of them")
        return Item(name, place[0], None, entry.read)
    if place[0] not in parts:
        return Skipped(name, f"it lies beside {', '.join(f'{each}/' for each in sorted(parts))}, in none of them")
    if len(place) < 3:
        return Skipped(name, f"it lies in {place[0]}/ but in no class folder")
    return Item(name, place[1], parts[place[0]], entry.read)


def _why_no_picture(entry: Entry) -> str | None:
    if _ending(entry) in PICTURE_ENDINGS:
        return None
    try:
        head = entry.head()
    except DatasetError as exc:
        return str(exc)
    # Two letters are all that a bitmap begins with; many a text begins with them, too.
    known = sniff(head) not in {None, "BMP"}
    return None if known else "it is no picture (by its name and its first bytes)"


def _ending(entry: Entry) -> str:
    return entry.path[-1].rpartition(".")[2].lower() if "." in entry.path[-1] else ""


def _refuse_unlearnable(found: FoundPictures, path: Path) -> None:
    strangers = sorted({item.label for item in found.items} - set(found.labels))
    if strangers:
        example = next(item for item in found.items if item.label == strangers[0])
        named = ", ".join(strangers[:5]) + (f" and {len(strangers) - 5} more" if len(strangers) > 5 else "")
        raise DatasetError(
            f"{path}: {named}: pictures of this class are in {example.part}/ but none in train/, "
            "so it cannot be learned. Add pictures of it to train/, or take it away."
        )
