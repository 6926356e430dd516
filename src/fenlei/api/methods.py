"""Which methods an address takes: of all the routes that it fits, the most exact ones count."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi.routing import APIRoute
from starlette.routing import compile_path


class Methods:
    """The methods of all addresses.

    Where `/labels/merge` takes POST and `/labels/{label_id}` takes PATCH, the first takes no PATCH, although it looks
    like an id there; and an address whose methods have a route each takes all of them.
    """

    def __init__(self, routes: Iterable[tuple[str, APIRoute]]) -> None:
        """Learn them.

        Args:
            routes: with the whole path of each.
        """
        known: dict[str, set[str]] = {}
        for path, route in routes:
            known.setdefault(path, set()).update(route.methods or ())
        # Few parameters first: that is what makes a path exact.
        self._known = [(compile_path(path)[0], known[path]) for path in sorted(known, key=lambda each: each.count("{"))]

    def at(self, path: str) -> list[str]:
        """The methods of an address; none where there is nothing."""
        return next((sorted(methods) for shape, methods in self._known if shape.match(path)), [])
