"""The zip of the original platform: pictures with a `txfl-result.json` that lists them by category."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from fenlei.datasets.found import DatasetError
from fenlei.datasets.importers.claims import Claims
from fenlei.datasets.importers.found import Found
from fenlei.datasets.importers.importer import OWN_FILE, SAMPLE, Fit, fit_of
from fenlei.datasets.importers.pile import Pile
from fenlei.datasets.importers.text import parsed
from fenlei.datasets.importers.values import Unusable, label_of
from fenlei.datasets.listing import Entry

SLUG = "txfl"


class _Category(msgspec.Struct):
    name: Any = None
    images: list[Any] | None = None


class _Result(msgspec.Struct):
    categories: list[_Category]


class Txfl:
    """`{"categories":[{"name":"cat","images":[{"url":"cat/1.jpg"}]}]}`; classes stay in the order of the file."""

    def recognise(self, pile: Pile) -> Fit | None:
        fits = []
        for entry in pile.json_of("txfl"):
            try:
                urls = [url for _, url in _pictures(_result(entry))]
            except DatasetError:
                continue
            fits.append(fit_of(pile, entry, urls[:SAMPLE], len(urls), OWN_FILE))
        return max(fits, key=lambda fit: fit.confidence, default=None)

    def read(self, pile: Pile) -> Found:
        entries = pile.json_of("txfl")
        if not entries:
            raise DatasetError(
                f"{pile.called} holds no result of the original platform. Needed: txfl-result.json with "
                '{"categories":[{"name":"cat","images":[{"url":"cat/1.jpg"}]}]} beside the pictures.'
            )
        claims = Claims(pile, entries)
        labels: list[str] = []
        for entry in entries:
            result = _result(entry)
            names = [label_of(category.name) for category in result.categories]
            labels += [name for name in names if name is not None and not isinstance(name, Unusable)]
            for number, (category, url) in enumerate(_pictures(result), start=1):
                claims.claim(entry, url, category.name, where=f", image {number}")
        return claims.found(SLUG, labels)


def _result(entry: Entry) -> _Result:
    return parsed(entry.read_manifest(), entry.name, _Result)


def _pictures(result: _Result) -> Iterator[tuple[_Category, object]]:
    for category in result.categories:
        for image in category.images or ():
            yield category, image.get("url") if isinstance(image, dict) else image
