"""Predictions and management on one socket: the path decides, and predictions take no detour for it."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable

from fenlei.app import welcome
from fenlei.contract import PATH_PREFIX
from fenlei.serving.asgi import App
from fenlei.serving.exchange import Receive, Scope, Send

Application = Callable[[Scope, Receive, Send], Awaitable[None]]
"""Any ASGI application."""

PAGES = frozenset({"/healthz", "/readyz", "/metrics"})


class OneSocket:
    """An ASGI application of two: predictions with health and figures, and everything else; with a page to sign in."""

    def __init__(self, predictions: App, management: Application, draining: threading.Event) -> None:
        """Join them.

        Args:
            predictions: answers `/api/image/…`, `/healthz`, `/readyz` and `/metrics`.
            management: answers the rest.
            draining: set when the end begins; streams without an end of their own end then.
        """
        self._predictions = predictions
        self._management = management
        self._draining = draining
        self._welcome = welcome.WelcomePage()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event of an ASGI server."""
        if scope["type"] == "http":
            path: str = scope["path"]
            if not path.startswith(PATH_PREFIX) and path not in PAGES:
                if path in welcome.PATHS and scope["method"] == "GET":
                    await self._welcome.answer(send)
                else:
                    await self._management(scope, receive, send)
                return
        await self._predictions(scope, receive, send)

    def drain(self) -> None:
        """Take no new predictions, and end the streams."""
        self._predictions.drain()
        self._draining.set()
