"""Look into what was given: which format it is, what is in it, what will be left aside and why."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from fenlei.datasets.found import DatasetError, Skipped, why_skipped
from fenlei.datasets.importers.class_folders import ClassFolders
from fenlei.datasets.importers.coco import Coco
from fenlei.datasets.importers.csv_manifest import CsvManifest
from fenlei.datasets.importers.found import Found, FoundFile
from fenlei.datasets.importers.imagefolder import ImageFolder
from fenlei.datasets.importers.importer import Fit, Importer
from fenlei.datasets.importers.jsonl_manifest import JsonlManifest
from fenlei.datasets.importers.label_studio import LabelStudio
from fenlei.datasets.importers.names import MAX_LABEL, MAX_NAME, cut, shown, tidy
from fenlei.datasets.importers.opening import open_path, open_sent
from fenlei.datasets.importers.pile import Pile
from fenlei.datasets.importers.train_val_test import TrainValTest
from fenlei.datasets.importers.txfl import Txfl
from fenlei.datasets.importers.unlabelled import SLUG as UNLABELLED
from fenlei.datasets.importers.unlabelled import Unlabelled

IMPORTERS: dict[str, Importer] = {
    "class-folders": ClassFolders(),
    "train-val-test": TrainValTest(),
    "txfl": Txfl(),
    "csv": CsvManifest(),
    "jsonl": JsonlManifest(),
    "label-studio": LabelStudio(),
    "coco": Coco(),
    "imagefolder": ImageFolder(),
    "unlabelled": Unlabelled(),
}
"""Every format, by its slug. Of formats that fit equally well the first one is taken."""

FORMATS = tuple(IMPORTERS)

MOST_TROUBLES = 5
"""So many files that might have been manifests are told."""


def look(path: Path, *, format: str | None = None, scratch: Path | None = None) -> Found:  # noqa: A002
    """Find the pictures at a path, with their classes, without decoding any.

    Args:
        path: a folder, a zip, a tar (also compressed), a manifest beside its pictures, or one picture.
        format: slug of the format; None finds out by looking.
        scratch: folder on whose disk a compressed tar is unpacked, into a file without a name; default: the system's.

    Returns:
        What was found. Its `close` lets go of open archives.

    Raises:
        DatasetError: there is nothing, nothing that can be read, or nothing of that format.
    """
    _check(format)
    return _read(open_path(path, scratch), format)


def look_sent(
    files: Sequence[tuple[str, Path]],
    *,
    format: str | None = None,  # noqa: A002
    scratch: Path | None = None,
) -> Found:
    """Find the pictures among files that were sent: pictures and a manifest, or one archive, or several.

    Args:
        files: of each file the name it was sent under, as `photos/cat/1.jpg`, and where it lies now. The names never
            become paths.
        format: slug of the format; None finds out by looking.
        scratch: see `look`.

    Raises:
        DatasetError: see `look`.
    """
    _check(format)
    return _read(open_sent(files, scratch), format)


def _check(format: str | None) -> None:  # noqa: A002
    if format is not None and format not in IMPORTERS:
        raise DatasetError(f"“{format}” is no format of data sets. Known are {', '.join(FORMATS)}.")


def _read(pile: Pile, format: str | None) -> Found:  # noqa: A002
    try:
        slug, notes = (format, []) if format is not None else _choose(pile)
        found = IMPORTERS[slug].read(pile)
        found.notes[:0] = [*notes, *list(pile.troubles.values())[:MOST_TROUBLES]]
        return _finished(found)
    except BaseException:
        pile.listing.close()
        raise


def _choose(pile: Pile) -> tuple[str, list[str]]:
    """The format that fits best, and a note where others fit too."""
    fits = {slug: fit for slug, importer in IMPORTERS.items() if (fit := importer.recognise(pile)) is not None}
    if not fits:
        formats = ", ".join(FORMATS)
        raise DatasetError(
            f"{pile.called} holds no pictures in any format known here ({formats}).{why_skipped(pile.listing.skipped)}"
        )
    chosen = max(fits, key=lambda slug: fits[slug].confidence)
    others = [slug for slug in fits if slug not in {chosen, UNLABELLED} and _is_other(fits[slug], fits[chosen])]
    if not others:
        return chosen, []
    told = "; ".join(f"{slug} ({fits[slug].because})" for slug in others)
    why = f"Read as {chosen}, because {fits[chosen].because}."
    return chosen, [f"{why} It could also be read as {told}; name that format if you want it."]


def _is_other(fit: Fit, chosen: Fit) -> bool:
    return not fit.manifest or fit.manifest != chosen.manifest


def _finished(found: Found) -> Found:
    """Names and classes as a data set keeps them; what cannot be kept is left aside."""
    files: list[FoundFile] = []
    taken: set[str] = set()
    for file in found.files:
        name = shown(file.name)
        label = file.label if file.label is None else tidy(file.label)
        reason = _why_not_kept(name, label, taken)
        if reason is not None:
            found.skipped.append(Skipped(file.name, reason))
            continue
        taken.add(name)
        if name != file.name or label != file.label:
            file = FoundFile(name, label, file.part, file.group, file.read)  # noqa: PLW2901
        files.append(file)
    found.files = files
    labels = (tidy(label) for label in found.labels)
    found.labels = list(dict.fromkeys(label for label in labels if label and len(label) <= MAX_LABEL))
    found.skipped = sorted((Skipped(cut(each.name), each.reason) for each in found.skipped), key=lambda each: each.name)
    _note_cases(found)
    return found


def _why_not_kept(name: str, label: str | None, taken: set[str]) -> str | None:
    if len(name) > MAX_NAME:
        return f"its path is longer than {MAX_NAME} characters"
    if name in taken:
        return "another file has the same name, and that one is taken"
    if label is not None and not label:
        return "the name of its class is blank"
    if label is not None and len(label) > MAX_LABEL:
        return f"its class has {len(label)} characters; at most {MAX_LABEL} are allowed"
    return None


def _note_cases(found: Found) -> None:
    """Names that a system which does not tell cases apart would take for one."""
    alike = len(found.files) - len({file.name.casefold() for file in found.files})
    if alike:
        found.notes.append(f"{alike} names differ from another in upper and lower case only.")
    classes = sorted(found.labels, key=lambda label: (label.casefold(), label))
    for one, other in pairwise(classes):
        if one.casefold() == other.casefold():
            found.notes.append(f"The classes “{one}” and “{other}” differ in upper and lower case only.")
