"""The page behind a sign-in link: it signs in, and lets a password be set. The console will take its place."""

from __future__ import annotations

import base64
import hashlib
import re
from importlib import resources

from fenlei.serving.exchange import Send

PATHS = frozenset({"/", "/sign-in"})


class WelcomePage:
    """One page that needs nothing but itself and the management API."""

    def __init__(self) -> None:
        """Read it."""
        text = resources.files("fenlei.app").joinpath("welcome.html").read_text("utf-8")
        self._body = text.encode("utf-8")
        policy = (
            f"default-src 'none'; script-src '{_hash(text, 'script')}'; style-src '{_hash(text, 'style')}'; "
            "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
        )
        self._headers = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-length", b"%d" % len(self._body)),
            (b"content-security-policy", policy.encode()),
            (b"cache-control", b"no-store"),
            (b"referrer-policy", b"no-referrer"),
            (b"x-content-type-options", b"nosniff"),
            (b"x-frame-options", b"DENY"),
        ]

    async def answer(self, send: Send) -> None:
        """Send it."""
        await send({"type": "http.response.start", "status": 200, "headers": self._headers})
        await send({"type": "http.response.body", "body": self._body})


def _hash(text: str, element: str) -> str:
    """What a content security policy calls the one inline element of a kind."""
    (inside,) = re.findall(f"<{element}>(.*?)</{element}>", text, re.S)
    return "sha256-" + base64.b64encode(hashlib.sha256(inside.encode("utf-8")).digest()).decode()
