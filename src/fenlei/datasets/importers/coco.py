"""COCO exports that classify: `images`, `annotations` and `categories`, one category a picture."""

from __future__ import annotations

from typing import Any

import msgspec

from fenlei.datasets.found import DatasetError
from fenlei.datasets.importers.claims import Claims
from fenlei.datasets.importers.found import Found
from fenlei.datasets.importers.importer import OWN_FILE, SAMPLE, Fit, fit_of
from fenlei.datasets.importers.pile import Pile
from fenlei.datasets.importers.text import parsed
from fenlei.datasets.importers.values import Unusable, label_of, part_in_name
from fenlei.datasets.listing import Entry

SLUG = "coco"


class _Image(msgspec.Struct):
    id: Any = None
    file_name: Any = None


class _Annotation(msgspec.Struct):
    image_id: Any = None
    category_id: Any = None


class _Category(msgspec.Struct):
    id: Any = None
    name: Any = None
    supercategory: Any = None


class _Export(msgspec.Struct):
    images: list[_Image]
    annotations: list[_Annotation] = []
    categories: list[_Category] = []


class Coco:
    """Boxes and masks are not read. A picture with several different categories is left aside. A file about one part
    says so by its name (`instances_val2017.json`) or its folder's."""

    def recognise(self, pile: Pile) -> Fit | None:
        fits = []
        entries = pile.json_of("coco")
        for entry in entries:
            try:
                images = _export(entry).images
            except DatasetError:
                continue
            names = [image.file_name for image in images[:SAMPLE]]
            # Several files name all pictures together.
            fits.append(fit_of(pile, entry, names, len(images) * len(entries), OWN_FILE))
        return max(fits, key=lambda fit: fit.confidence, default=None)

    def read(self, pile: Pile) -> Found:
        entries = pile.json_of("coco")
        if not entries:
            raise DatasetError(
                f"{pile.called} holds no COCO export. Needed: a JSON file with `images`, `annotations`, `categories`."
            )
        claims = Claims(pile, entries)
        labels: list[str] = []
        for entry in entries:
            export = _export(entry)
            names = _names(export)
            labels += [name for name in map(label_of, names.values()) if isinstance(name, str)]
            _claim_all(claims, entry, export, names)
        return claims.found(SLUG, list(dict.fromkeys(labels)))


def _claim_all(claims: Claims, entry: Entry, export: _Export, names: dict[str, Any]) -> None:
    by_image: dict[str, set[str]] = {}
    for annotation in export.annotations:
        by_image.setdefault(_key(annotation.image_id), set()).add(_key(annotation.category_id))
    part = part_in_name(entry.path)
    for number, image in enumerate(export.images, start=1):
        numbers = by_image.get(_key(image.id), set())
        label: object = None
        if numbers:
            told = {name if isinstance(name, (str, int)) else None: name for name in _named(numbers, names)}
            label = next(iter(told.values())) if len(told) == 1 else [*told.values()]
        claims.claim(entry, image.file_name, label, part, where=f", image {number}")


def _named(numbers: set[str], names: dict[str, Any]) -> list[object]:
    unknown = [number for number in numbers if number not in names]
    if unknown:
        return [Unusable(f"its category has the number {min(unknown)[:40]}, which no category has")]
    return [names[number] for number in sorted(numbers)]


def _names(export: _Export) -> dict[str, Any]:
    """Names by number, without the ones that only stand above others (Roboflow writes such a one first)."""
    used = {_key(annotation.category_id) for annotation in export.annotations}
    above = {category.supercategory for category in export.categories if isinstance(category.supercategory, str)}
    return {
        _key(category.id): category.name
        for category in export.categories
        if _key(category.id) in used or category.name not in above or category.name == category.supercategory
    }


def _key(number: object) -> str:
    """Numbers are compared as text: some programs write them so."""
    return str(number)


def _export(entry: Entry) -> _Export:
    return parsed(entry.read_manifest(), entry.name, _Export)
