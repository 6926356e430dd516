"""A caller of the management API who does not give up: what was not answered is asked again, under the same key."""

from __future__ import annotations

import secrets
import time
from typing import Any

import httpx

from tests.torture.ledger import Ledger

PATIENCE = 120.0
"""Seconds after which a call without an answer is one that the platform has lost."""

AT_WORK = 10.0
"""Seconds for which a call may be told that its first attempt is still at work."""


class Hand:
    """Calls as one user. Belongs to one thread."""

    def __init__(self, base: str, token: str, ledger: Ledger) -> None:
        self._http = httpx.Client(
            base_url=f"{base}/api/v1", headers={"authorization": f"Bearer {token}"}, timeout=30, trust_env=False
        )
        self._ledger = ledger

    def ask(self, method: str, path: str, body: Any = None, *, content: bytes | None = None, **query: Any) -> Any:
        """The JSON of an answer that must be a success.

        Raises:
            Refused: it was refused, or not answered for long.
        """
        return self.answer(method, path, body, content=content, **query).json()

    def answer(
        self, method: str, path: str, body: Any = None, *, content: bytes | None = None, **query: Any
    ) -> httpx.Response:
        """Ask until there is an answer; creating calls are sent again under one idempotency key."""
        headers = {"idempotency-key": secrets.token_hex(16)} if method == "POST" else {}
        began, attempts = time.monotonic(), 0
        while True:
            attempts += 1
            if time.monotonic() - began > PATIENCE:
                raise Refused(f"no answer to {method} {path} within {PATIENCE:g} s")
            try:
                response = self._http.request(method, path, json=body, content=content, headers=headers, params=query)
            except httpx.HTTPError:
                time.sleep(0.05)
                continue
            if response.status_code in {429, 502, 503, 504}:
                time.sleep(0.05)
                continue
            busy = response.status_code == 409 and "still at work" in response.text
            if busy and time.monotonic() - began < AT_WORK + 30:
                time.sleep(0.05)
                continue
            break
        carried_out = response.status_code == 409 and "was carried out by the first call" in response.text
        if attempts > 1:
            self._ledger.again(replayed=carried_out or "idempotency-replayed" in response.headers)
        if not response.is_success and not carried_out:
            raise Refused(f"{method} {path}: HTTP {response.status_code} {response.text[:300]}", response)
        return response

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()


class Refused(AssertionError):
    """The platform did not do what it was asked to."""

    def __init__(self, sentence: str, response: httpx.Response | None = None) -> None:
        super().__init__(sentence)
        self.response = response
