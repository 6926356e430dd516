"""Somebody who asks a deployment without a pause, and remembers when it did not answer as it should."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Collection, Sequence
from urllib.parse import urlsplit

from fenlei.contract import encode_request
from tests.support.drawing import jpeg

BODY = encode_request(jpeg(80, 60))


class Caller(threading.Thread):
    """Asks until told to stop.

    Attributes:
        asked: how often.
        unanswered: when (monotonic, begin and end) the connection failed, and how.
        wrong: what was answered and should not have been.
    """

    def __init__(self, url: str, labels: Collection[str], over: threading.Event) -> None:
        super().__init__(name="caller")
        parts = urlsplit(url)
        self._host, self._port, self._path = parts.hostname or "", parts.port or 80, parts.path
        self._labels, self._over = frozenset(labels), over
        self.asked = 0
        self.unanswered: list[tuple[float, float, str]] = []
        self.wrong: list[str] = []

    def run(self) -> None:
        """Until the end."""
        connection = http.client.HTTPConnection(self._host, self._port, timeout=30)
        while not self._over.is_set():
            began = time.monotonic()
            self.asked += 1
            try:
                said = ask(connection, self._path)
                if said not in self._labels:
                    self.wrong.append(said)
            except (OSError, http.client.HTTPException) as exc:
                self.unanswered.append((began, time.monotonic(), f"{type(exc).__name__}: {exc}"))
                connection.close()
                time.sleep(0.02)
            time.sleep(0.005)
        connection.close()

    def failures(self, down: Sequence[tuple[float, float]]) -> list[str]:
        """Broken connections at moments at which the server was there, and wrong answers at any."""
        there = [
            why
            for began, ended, why in self.unanswered
            if not any(began <= until and ended >= since for since, until in down)
        ]
        return there + self.wrong


def ask(connection: http.client.HTTPConnection, path: str) -> str:
    """The class that a deployment names; otherwise its code and message.

    Raises:
        OSError, http.client.HTTPException: there is no answer.
    """
    connection.request("POST", path, BODY, {"Content-Type": "application/json"})
    said = json.loads(connection.getresponse().read())
    return str(said["predictResult"]["prediction"]) if said["code"] == 10000 else f"{said['code']} {said['message']}"
