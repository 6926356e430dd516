"""Call this server from the inside as a stranger would from the outside: through its socket and its door."""

from __future__ import annotations

import http.client
import time

from fenlei.contract import KEY_HEADER, FenleiError, prediction_path
from fenlei.gateway.keys import key_digest, new_key
from fenlei.projects.front import Answered

SECONDS = 30.0


class NotListening(FenleiError):
    """This server takes no requests yet, or no longer."""


class OwnCaller:
    """Has a key of its own, which opens every deployment here, is known to nobody, and ends with this process.

    Attributes:
        digest: of the key, for the door.
    """

    def __init__(self) -> None:
        self._key = new_key()
        self.digest = key_digest(self._key)
        self._address: tuple[str, int] | None = None

    def attach(self, address: tuple[str, int]) -> None:
        """Name the host and port at which this server is reached from this machine."""
        self._address = address

    def call(self, name: str, body: bytes, headers: dict[str, str]) -> Answered:
        """Make one request.

        Raises:
            NotListening: nobody answers.
        """
        if self._address is None:
            raise NotListening("This server takes no requests yet; try again in a moment.")
        started = time.perf_counter()
        connection = http.client.HTTPConnection(*self._address, timeout=SECONDS)
        try:
            connection.request("POST", prediction_path(name), body, {**headers, KEY_HEADER: self._key})
            answer = connection.getresponse()
            return Answered(answer.status, answer.read(), time.perf_counter() - started)
        except (OSError, http.client.HTTPException) as exc:
            raise NotListening(f"This server does not answer itself ({exc}).") from exc
        finally:
            connection.close()
