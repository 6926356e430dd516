"""Callers who never stop asking, and remember every answer: for promises about what fails while something changes."""

from __future__ import annotations

import http.client
import json
import threading
from collections import Counter
from types import TracebackType
from urllib.parse import urlsplit


class Callers:
    """Threads that post one body again and again on kept connections, until the `with` block ends.

    Attributes:
        codes: how often each contract code was answered; what was no answer counts under its error's name.
        labels: how often each first class name was answered: which model spoke.
    """

    def __init__(self, url: str, body: bytes, threads: int = 4) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        self._body = body
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.codes: Counter[int | str] = Counter()
        self.labels: Counter[str] = Counter()
        self._threads = [threading.Thread(target=self._call) for _ in range(threads)]

    @property
    def count(self) -> int:
        """Answers so far, and failures to get one."""
        return sum(self.codes.values())

    def _call(self) -> None:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=20)
        headers = {"Content-Type": "application/json"}
        while not self._stop.is_set():
            label = ""
            try:
                connection.request("POST", self._target, self._body, headers)
                said = json.loads(connection.getresponse().read())
                code: int | str = said["code"]
                if code == 10000:
                    label = said["predictResult"]["thresholdList"][0]["name"]
            except (OSError, http.client.HTTPException, ValueError) as exc:
                code = type(exc).__name__
                connection.close()
            with self._lock:
                self.codes[code] += 1
                self.labels[label] += 1
        connection.close()

    def __enter__(self) -> Callers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive()
