"""Thirty calls of each way to look at a data set: over HTTP, and inside the store alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from bench.scale.figures import CALLS, WARM, Figures, Times
from fenlei.datasets.browse import PictureFilter, browse, counts
from fenlei.datasets.thumbnails import thumbnail
from fenlei.store import Store

PAGE = 100
BOUND = 100.0
"""Milliseconds that a page, filtered or not, may take at 100,000 pictures."""


class Looking:
    """Looks at one data set.

    Args:
        http: signed in, its base being the management API.
        store: of the same platform.
        dataset_id: the data set.
        figures: told what it took.
    """

    def __init__(self, http: httpx.Client, store: Store, dataset_id: str, figures: Figures) -> None:
        self._http = http
        self._store = store
        self._dataset_id = dataset_id
        self._figures = figures
        self._path = f"/datasets/{dataset_id}"

    def lists(self, rare: str, common: str, label_id: str) -> None:
        """Pages: the first, one in the middle, and of every filter the first and, where there is one, a middle one.

        Args:
            rare: a text that one name has.
            common: a text that half of the names have.
            label_id: of a class.
        """
        first = self._ask(f"{self._path}/pictures", limit=PAGE).json()
        middle = int(first["items"][0]["id"]) + int(first["total"]) // 2
        self._page("list, first page", PictureFilter())
        self._page("list, middle page", PictureFilter(), middle)
        self._page("list, newest first", PictureFilter(), newest_first=True)
        for what, wanted in (
            ("by label", PictureFilter(label=label_id)),
            ("by split", PictureFilter(split="train")),
            ("by check, few", PictureFilter(check="blank")),
            ("by check, many", PictureFilter(check="odd-ratio")),
            ("by text, rare", PictureFilter(text=rare)),
            ("by text, common", PictureFilter(text=common)),
            ("by text, in none", PictureFilter(text="no name has this")),
            ("by label, split, text", PictureFilter(label=label_id, split="train", text=common)),
            ("by check, many, and text", PictureFilter(check="odd-ratio", text=common)),
        ):
            self._page(what, wanted)
            if what in {"by label", "by split", "by text, common"}:
                self._page(f"{what}, middle", wanted, middle)
        self._measure(
            "counts", lambda number: self._ask(f"{self._path}/counts"), lambda number: self._counts(), bound=BOUND
        )

    def thumbnails(self, cache: Path) -> None:
        """Thumbnails of thirty pictures: made, then taken from the cache.

        Args:
            cache: an empty folder, for those that are made here rather than by the server.
        """
        rows = self._ask(f"{self._path}/pictures", limit=CALLS + WARM).json()["items"]
        ids, digests = [row["id"] for row in rows], [row["sha256"] for row in rows]
        # What is warm for the first call is no thumbnail of those that count.
        for what, warm in (("thumbnail, cold", 0), ("thumbnail, warm", WARM)):
            self._measure(
                what,
                lambda number: self._ask(f"/pictures/{ids[number]}/thumbnail"),
                lambda number: thumbnail(self._store, cache, digests[number], 256),
                warm=warm,
            )

    def _page(self, what: str, wanted: PictureFilter, after: int | None = None, *, newest_first: bool = False) -> None:
        query: dict[str, Any] = {name: value for name, value in vars(wanted).items() if value not in (None, False)}
        query |= {"limit": PAGE, "newest_first": str(newest_first).lower()} | (
            {} if after is None else {"after": after}
        )
        found = self._ask(f"{self._path}/pictures", **query).json()

        def in_store(number: int) -> None:
            with self._store.reading() as work:
                browse(work, self._dataset_id, wanted, after, PAGE, newest_first=newest_first)

        self._measure(
            what,
            lambda number: self._ask(f"{self._path}/pictures", **query),
            in_store,
            bound=BOUND,
            remarks=f"{len(found['items'])} of {found['total']:,}",
        )

    def _counts(self) -> None:
        with self._store.reading() as work:
            counts(work, self._dataset_id)

    def _measure(
        self,
        what: str,
        http: Callable[[int], object],
        store: Callable[[int], object],
        *,
        warm: int = WARM,
        bound: float | None = None,
        remarks: str = "",
    ) -> None:
        self._figures.calls(what, Times.of(http, warm=warm), Times.of(store, warm=warm), bound=bound, remarks=remarks)

    def _ask(self, path: str, **query: Any) -> httpx.Response:
        response = self._http.get(path, params=query)
        response.raise_for_status()
        return response
