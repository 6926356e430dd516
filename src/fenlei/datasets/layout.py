"""What folders mean: which are classes, which are parts of a split, and which only wrap the others."""

from __future__ import annotations

from dataclasses import dataclass

from fenlei.datasets.found import DatasetError, Part
from fenlei.datasets.listing import Entry, Listing
from fenlei.imaging.sniff import sniff

PARTS = {
    **dict.fromkeys(("train", "training", "训练", "训练集"), Part.TRAIN),
    **dict.fromkeys(("val", "valid", "validation", "dev", "验证", "验证集"), Part.VALIDATION),
    **dict.fromkeys(("test", "testing", "测试", "测试集"), Part.TEST),
}
"""Names of folders, lower case, that are parts and no classes, where a part for training is among them."""

PICTURE_ENDINGS = {
    *("jpg", "jpeg", "jpe", "jfif", "mpo", "png", "apng"),
    *("bmp", "dib", "gif", "tif", "tiff", "webp", "heic", "heif", "avif"),
}
"""Files with these endings are looked at; what they really are is decided by their content."""

ARCHIVE_ENDINGS = {"zip", "tar", "gz", "tgz", "bz2", "tbz2", "xz", "txz", "zst", "tzst", "7z", "rar"}


@dataclass(frozen=True)
class Layout:
    """How the folders stand.

    Attributes:
        inside: the folder around all of it, or ().
        tops: the folders right below it.
        parts: those of them that are parts of a split; empty where they are classes.
    """

    inside: tuple[str, ...]
    tops: list[str]
    parts: dict[str, Part]

    def place(self, entry: Entry) -> tuple[str, Part | None] | str:
        """The class and part of a file, or the reason why it has none."""
        depth = len(self.inside)
        path = entry.path
        if path[:depth] != self.inside:
            return f"it lies beside the folder {'/'.join(self.inside)}/ that holds the classes"
        place = path[depth:]
        if not self.parts:
            return (place[0], None) if len(place) > 1 else "it lies beside the class folders, in none of them"
        if place[0] not in self.parts:
            return f"it lies beside {', '.join(f'{each}/' for each in sorted(self.parts))}, in none of them"
        if len(place) < 3:
            return f"it lies in {place[0]}/ but in no class folder"
        return place[1], self.parts[place[0]]

    def labels(self, listing: Listing, *, to_learn: bool) -> list[str]:
        """The classes that have a folder, in ascending code-point order; to learn from, only those `train/` has."""
        found: set[str] = set()
        depth = len(self.inside)
        for folder in listing.folders:
            if folder[:depth] != self.inside:
                continue
            place = folder[depth:]
            if not self.parts and len(place) == 1:
                found.add(place[0])
            elif len(place) == 2 and place[0] in self.parts:
                part = self.parts[place[0]]
                if part == Part.TRAIN or not to_learn:
                    found.add(place[1])
        return sorted(found)


def read_layout(listing: Listing, *, need_train: bool = True) -> Layout:
    """What the folders of a listing mean.

    Args:
        listing: the files.
        need_train: whether `test/` and `val/` are parts only beside `train/`.
    """
    inside = _wrapping(listing, {Part.TRAIN} if need_train else set(Part))
    tops = children(listing, inside)
    return Layout(inside, tops, _parts(listing, inside, tops, need_train))


def children(listing: Listing, folder: tuple[str, ...]) -> list[str]:
    """The names of the folders right below a folder, sorted."""
    depth = len(folder)
    return sorted(path[-1] for path in listing.folders if len(path) == depth + 1 and path[:depth] == folder)


def why_no_picture(entry: Entry) -> str | None:
    """The reason not to take a file for a picture, by its name and its first bytes; or None."""
    if entry.ending in PICTURE_ENDINGS:
        return None
    try:
        head = entry.head()
    except DatasetError as exc:
        return str(exc)
    # Two letters are all that a bitmap begins with; many a text begins with them, too.
    known = sniff(head) not in {None, "BMP"}
    if known:
        return None
    if entry.ending in ARCHIVE_ENDINGS:
        return "it is an archive inside; such are not opened, unpack it first"
    return "it is no picture (by its name and its first bytes)"


def _wrapping(listing: Listing, meant: set[Part]) -> tuple[str, ...]:
    """The folder that is alone at the top and holds the others (zips of `photos/` have it), or ().

    It may be wrapped itself (`photos/photos/` is what unpacking often leaves).
    """
    inside: tuple[str, ...] = ()
    while True:
        tops = children(listing, inside)
        depth = len(inside)
        if len(tops) != 1 or PARTS.get(tops[0].lower()) in meant or not children(listing, (*inside, tops[0])):
            return inside
        if any(
            entry.ending in PICTURE_ENDINGS and len(path := entry.path) == depth + 1 and path[:depth] == inside
            for entry in listing.entries
        ):
            return inside
        inside = (*inside, tops[0])


def _parts(listing: Listing, inside: tuple[str, ...], tops: list[str], need_train: bool) -> dict[str, Part]:
    """Top folders that are parts, or nothing where they are classes: `bus`, `car`, `train` is no split."""
    parts = {name: PARTS[name.lower()] for name in tops if name.lower() in PARTS}
    full = [name for name in parts if children(listing, (*inside, name))]
    trains = [name for name in full if parts[name] == Part.TRAIN]
    if len(trains) == 1 and (len(parts) > 1 or len(tops) == 1):
        return parts
    apart = len(parts) == len(tops) and (bool(full) or len(set(parts.values())) > 1)
    return parts if apart and not need_train else {}
